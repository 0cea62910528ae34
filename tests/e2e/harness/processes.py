"""Child processes that cannot outlive us."""
import atexit
import os
import signal
import subprocess
import sys
import time

from . import places

# Reads "+PGID" and "-PGID" lines; when the pipe ends, because its owner is gone for whatever reason, it kills
# the process groups that are left. A parent-death signal would not do: the kernel clears it when a process
# changes its user, and it does not reach the children of a mail server.
_GUARDIAN = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
left = set()
for line in sys.stdin:
    group = int(line[1:])
    left.add(group) if line[0] == "+" else left.discard(group)
for group in left:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class _Guardian:
    def __init__(self):
        self._process = None
        self._owner = None

    def tell(self, sign, group):
        if self._owner != os.getpid():
            self._process = subprocess.Popen([sys.executable, "-S", "-c", _GUARDIAN], stdin=subprocess.PIPE,
                                             start_new_session=True, cwd="/")
            self._owner = os.getpid()
            atexit.register(self._end, self._owner)
        self._process.stdin.write(f"{sign}{group}\n".encode())
        self._process.stdin.flush()

    def _end(self, owner):
        if os.getpid() == owner:
            self._process.stdin.close()
            self._process.wait()


_guardian = _Guardian()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as found:
        return [int(child) for child in found.read().split()]


def _family(pid):
    """The process and everything below it."""
    found = [pid]
    for one in found:
        try:
            found += children(one)
        except OSError:
            pass  # it ended at this moment
    return found


def ignores(pid, number):
    """Whether the process ignores this signal."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        ignored, = (line.split()[1] for line in status if line.startswith("SigIgn:"))
    return bool(int(ignored, 16) >> (number - 1) & 1)


def freeze(pid):
    """SIGSTOP for a server: its connections stay, and nobody answers. What it starts meanwhile is stopped as well."""
    stopped = set()
    while running := set(_family(pid)) - stopped:
        _signal(running, signal.SIGSTOP)
        stopped |= running
    # A signal takes its time: until then a thread may go on.
    places.wait_until("all threads are stopped", lambda: all(_is_stopped(one) for one in stopped), 20)


def _is_stopped(pid):
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat", "rb") as stat:
                if stat.read().rpartition(b")")[2].split()[0] not in b"TtZX":
                    return False
    except OSError:
        pass  # it ended at this moment
    return True


def thaw(pid):
    _signal(_family(pid), signal.SIGCONT)


def _signal(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # it ended at this moment


def run(args, seconds=60, stdin=b"", **options):
    """Runs a command to its end, with `stdin` as its input; its standard output as text. Fails, with all it said,
    when the command fails."""
    done = subprocess.run([str(a) for a in args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds, **options)
    text = done.stdout.decode("utf-8", "backslashreplace")
    if done.returncode != 0:
        errors = done.stderr.decode("utf-8", "backslashreplace")
        raise RuntimeError(f"{' '.join(map(str, args))}: exit {done.returncode}\n{errors}{text}")
    return text


def group_alive(group):
    """True while a process of the group runs; zombies that only wait to be collected do not count."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as stat:
                    fields = stat.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != b"Z":
                return True
    return False


class Process:
    """A server in the foreground, leader of its own process group; output goes to the file `log`."""

    def __init__(self, args, log, env=None, cwd="/"):
        self.args = [str(a) for a in args]
        with open(log, "ab") as output:
            self._popen = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                           env=env, cwd=cwd, start_new_session=True)
        self.pid = self._popen.pid
        _guardian.tell("+", self.pid)

    def running(self):
        return self._popen.poll() is None

    @property
    def exit_code(self):
        """None while it runs; negative for a signal."""
        return self._popen.poll()

    def catches(self, number):
        """True when it has a handler of its own for this signal."""
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                caught = next(line for line in status if line.startswith("SigCgt:"))
        except OSError:
            return False
        return bool(int(caught.split()[1], 16) & (1 << (number - 1)))

    def send_signal(self, number):
        if self.running():
            self._popen.send_signal(number)

    def wait(self, seconds=20.0):
        return self._popen.wait(seconds)

    def stop(self, seconds=20.0, number=signal.SIGTERM):
        """Asks it to stop, waits for its whole group, kills what is left. Exit code, and the seconds taken
        until the process itself had ended."""
        began = time.monotonic()
        self.send_signal(number)
        try:
            code = self.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        took = time.monotonic() - began
        try:
            if code is not None:
                places.wait_until("the group ends", lambda: not group_alive(self.pid), 5)
        except places.TimedOut:
            pass
        self.kill()
        return code, took

    def kill(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._popen.wait()
        _guardian.tell("-", self.pid)
