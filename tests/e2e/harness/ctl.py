"""quarantinectl under test: what it says, on pipes and on a terminal."""
import dataclasses
import fcntl
import functools
import json
import os
import pathlib
import pty
import pwd
import re
import shutil
import struct
import subprocess
import tempfile
import termios
import threading

from . import places, processes

# What no terminal may ever get to see: controls, and characters that turn, hide or break what stands beside them.
_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# What the program itself says to a terminal: colours, and progress that is written over.
_OWN_MARKS = re.compile(rb"\x1b\[(?:0|1|1;31)m|\r\x1b\[K")


def harm_in(output, terminal=False):
    """What of these bytes would do something to a terminal; nothing when they are harmless. `terminal`: they went
    to one, so the program's own marks may stand in them."""
    if terminal:
        output = _OWN_MARKS.sub(b"", output)
    try:
        text = output.decode("utf-8")
    except UnicodeDecodeError as problem:
        return f"not UTF-8: {output[max(0, problem.start - 40):problem.end + 40]!r}"
    found = _HARMFUL.search(text)
    return f"U+{ord(found[0]):04X} in {text[max(0, found.start() - 60):found.end() + 60]!r}" if found else None


@dataclasses.dataclass
class Said:
    """What a run of the program came to."""
    arguments: list
    code: int
    out: bytes  #: standard output
    err: bytes  #: standard error

    @property
    def text(self):
        return self.out.decode("utf-8")

    @property
    def errors(self):
        return self.err.decode("utf-8")

    @property
    def lines(self):
        return self.text.splitlines()

    @property
    def json(self):
        return json.loads(self.text)

    def __str__(self):
        return (f"quarantinectl {' '.join(map(str, self.arguments))}: exit {self.code}\n"
                f"{self.out[-4000:].decode('utf-8', 'backslashreplace')}"
                f"---\n{self.err[-4000:].decode('utf-8', 'backslashreplace')}")


@functools.cache
def _for_everybody(program):
    """The program where every user may run it: the project may lie in a folder that only root may enter."""
    folder = places.TempDir("programs", below=tempfile.gettempdir())  # /run may be mounted noexec
    copy = shutil.copy(program, folder / "quarantinectl")
    os.chmod(copy, 0o755)
    worker = shutil.copy(pathlib.Path(program).with_name("quarantine-preview"), folder / "quarantine-preview")
    os.chmod(worker, 0o755)
    return str(copy)


class Harmful(AssertionError):
    """The program printed what it must never print."""


class Ctl:
    """The program with one configuration (None: its own default)."""

    def __init__(self, program, file=None):
        self._program = program
        self._file = file

    def run(self, *arguments, stdin=b"", raw=False, user=None, seconds=60, umask=-1, **environment):
        """Runs it to its end. What it says must be harmless, unless bytes are wanted (`raw`)."""
        more = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        args = self._args(arguments)
        if user:
            args[0] = _for_everybody(args[0])
        done = subprocess.run(args, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds,
                              cwd="/",
                              env=self._environment(environment), umask=umask, **more)
        return self._checked(Said(args[1:], done.returncode, done.stdout, done.stderr), raw)

    def on_terminal(self, *arguments, columns=80, seconds=60, **environment):
        """The same where standard output and standard error are terminals."""
        args = self._args(arguments)
        out, err = _Terminal(columns), _Terminal(columns)
        running = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=out.inside, stderr=err.inside, cwd="/",
                                   env=self._environment(environment), start_new_session=True)
        out.listen()
        err.listen()
        try:
            code = running.wait(seconds)
        finally:
            running.kill()
            running.wait()
            said = Said(args[1:], running.returncode, out.end(), err.end())
        assert said.code == code
        return self._checked(said, terminal=True)

    def begin(self, *arguments, log):
        """Starts it without waiting: a Process; all it says goes to the file `log`."""
        return processes.Process(self._args(arguments), log, env=self._environment({}))

    def _args(self, arguments):
        chosen = ["-c", str(self._file)] if self._file else []
        return [str(self._program), *chosen, *(a if isinstance(a, bytes) else str(a) for a in arguments)]

    @staticmethod
    def _environment(more):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TERM": "xterm"}
        # Sanitizers and the like are told how to behave from outside.
        environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
        environment.update(more)
        return environment

    @staticmethod
    def _checked(said, raw=False, terminal=False):
        for name, output in (("standard output", b"" if raw else said.out), ("standard error", said.err)):
            harm = harm_in(output, terminal)
            if harm:
                raise Harmful(f"{name}: {harm}\n{said}")
        return said


class _Terminal:
    """A pseudo-terminal that hands on the bytes as they were written."""

    def __init__(self, columns):
        self._outside, self.inside = pty.openpty()
        modes = termios.tcgetattr(self.inside)
        modes[1] &= ~termios.OPOST
        termios.tcsetattr(self.inside, termios.TCSANOW, modes)
        fcntl.ioctl(self.inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._read = []
        self._reader = threading.Thread(target=self._collect, daemon=True)

    def listen(self):
        """To be called when the program has its own copy of `inside`."""
        os.close(self.inside)
        self._reader.start()

    def _collect(self):
        while True:
            try:
                piece = os.read(self._outside, 65536)
            except OSError:  # nobody has the other end open any more
                return
            if not piece:
                return
            self._read.append(piece)

    def end(self):
        self._reader.join(20)
        os.close(self._outside)
        return b"".join(self._read)
