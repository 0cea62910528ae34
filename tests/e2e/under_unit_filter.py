"""Runs a program as nobody and with the system call filter of a systemd unit.

Usage: under_unit_filter.py UNIT PROGRAM [ARGUMENT ...]
"""
import os
import subprocess
import sys

import seccomp

_NOBODY = 65534


def calls_of(name):
    """The system calls of a set (@file-system), or the call itself."""
    if not name.startswith("@"):
        return {name}
    said = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    members = (line.strip() for line in said.splitlines()[1:])
    return set().union(*(calls_of(member) for member in members if member and not member.startswith("#")))


def allowed_calls(unit):
    """What SystemCallFilter= of systemd.exec(5) leaves."""
    # These are always allowed.
    allowed = calls_of("@default")
    with open(unit, encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.strip().partition("=")
            if key != "SystemCallFilter":
                continue
            calls = set().union(*(calls_of(name) for name in value.lstrip("~").split()))
            allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def main(unit, *command):
    allowed = allowed_calls(unit)
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    calls = seccomp.SyscallFilter(seccomp.ERRNO(1))  # SystemCallErrorNumber=EPERM
    for name in sorted(allowed):
        try:
            calls.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, OSError, ValueError):
            pass  # not on this kind of machine
    calls.load()
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
