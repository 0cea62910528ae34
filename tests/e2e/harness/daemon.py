"""The daemon under test: its configuration, its life, its log."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading

from . import catalog, ctl, mta, places, processes, store


def program(name="quarantine-milter"):
    """The daemon's file ($QM_BIN; without it, the development build), or another program's beside it."""
    told = os.environ.get("QM_BIN")
    path = pathlib.Path(told) if told else (
        pathlib.Path(__file__).resolve().parents[3] / "build/dev/bin/quarantine-milter")
    path = path.with_name(name)
    if not path.exists():
        raise RuntimeError(f"no program {path}: build it first, or name the daemon in QM_BIN")
    return path.resolve()


class NotifySocket:
    """Where sd_notify(3) sends to: keeps every datagram."""

    def __init__(self, path):
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self._changed = threading.Condition()
        self._lines = []
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        while True:
            try:
                text = self._socket.recv(65536).decode("utf-8", "backslashreplace")
            except OSError:
                return
            with self._changed:
                if not text:
                    return
                self._lines.extend(line for line in text.split("\n") if line)
                self._changed.notify_all()

    def lines(self):
        with self._changed:
            return list(self._lines)

    def forget(self):
        with self._changed:
            self._lines.clear()

    def wait_for(self, line, seconds=20.0, count=1):
        with self._changed:
            if not self._changed.wait_for(lambda: self._lines.count(line) >= count, seconds):
                raise places.TimedOut(f"notify socket: no {line!r} within {seconds:g} s; got {self._lines}")

    def close(self):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as poke:
                poke.sendto(b"", self.path)
        except OSError:
            pass
        self._socket.close()


class Daemon:
    """One quarantine-milter with a folder of its own.

    `options` are those of [global], `quarantines` maps names, in order, to the options of their sections;
    what a test does not care about has a default here: every quarantine keeps its mail in a folder of its own
    and discards it.
    """

    def __init__(self, folder, quarantines, options=None, milter=None, name="daemon"):
        self.folder = folder.folder(name)
        self.milter = milter or mta.MilterSocket(path=str(self.folder / "milter.sock"))
        self.file = self.folder / "quarantine-milter.conf"
        self.catalog_file = self.folder / "catalog.db"
        self._log = self.folder / "log"
        self._notify = NotifySocket(self.folder / "notify")
        self.process = None
        self.environment = {}
        self.program = program()
        self.arguments = ["-f"]  # logs to stderr, whatever the configuration says
        self.configure(quarantines, options)

    # -- configuration --------------------------------------------------------------------------------

    def configure(self, quarantines, options=None):
        """Writes the configuration; a running daemon does not know it before reload() or restart()."""
        everything = {
            "quarantines": ", ".join(quarantines),
            "preferred_quarantine_action": "first",
            "socket": self.milter.for_libmilter(),
            "socket_mode": "0666",
            "catalog": f"sqlite:///{self.catalog_file}",
            "spool_directory": str(self.folder / "spool"),
            "user": "root",
            "log": "stderr",
            "log_level": "debug",
            "quarantine_type": "FILE",
            "notification_type": "NONE",
            "whitelist_type": "NONE",
            "action": "DISCARD",
            "smtp_host": "127.0.0.1",
            "smtp_port": "1",
        }
        everything.update(options or {})
        (self.folder / "spool").mkdir(exist_ok=True, mode=0o700)
        lines = ["[global]", *self._written(everything)]
        for name, section in quarantines.items():
            section = dict(section)
            if section.get("quarantine_type", everything["quarantine_type"]).upper() == "FILE":
                section.setdefault("quarantine_directory", str(self.folder / name))
                pathlib.Path(section["quarantine_directory"]).mkdir(exist_ok=True, mode=0o700)
            lines += ["", f"[{name}]", *self._written(section)]
        self.write("\n".join(lines) + "\n")

    def write(self, text):
        self.file.write_text(text, encoding="utf-8")
        self.file.chmod(0o640)

    @staticmethod
    def _written(options):
        return [f"{name} = {value}" for name, value in options.items() if value is not None]

    # -- life -----------------------------------------------------------------------------------------

    def start(self, *more, before=(), **environment):
        """Starts it and waits until it says that it is ready. `before`: a program that becomes it."""
        self._notify.forget()
        self.launch(*more, before=before, **environment)
        places.wait_until("the daemon is ready", self._is_ready, 30)
        return self

    def launch(self, *more, before=(), **environment):
        """Starts it without waiting for anything."""
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "NOTIFY_SOCKET": self._notify.path,
               **self.environment, **environment}
        # Sanitizers and the like are told how to behave from outside.
        env.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
        self.process = processes.Process([*before, self.program, "-c", self.file, *self.arguments, *more], self._log, env=env)

    def _is_ready(self):
        if "READY=1" in self._notify.lines():
            return True
        if not self.process.running():
            raise RuntimeError(f"the daemon ended at its start, exit {self.process.exit_code}:\n{self.log()}")
        return False

    def check(self, *more):
        """`quarantine-milter -t`: (exit code, what it printed)."""
        done = subprocess.run([program(), "-c", self.file, "-t", *more], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout.decode("utf-8", "backslashreplace")

    def send_signal(self, number):
        self.process.send_signal(number)

    def reload(self):
        """SIGUSR1, and waits until it is ready again (whether or not it liked the new configuration)."""
        before = self._notify.lines().count("READY=1")
        self.send_signal(signal.SIGUSR1)
        self._notify.wait_for("READY=1", count=before + 1)

    def stop(self, seconds=20.0):
        """Asks it to stop, and kills it when it has not after so long: (exit code, seconds it took)."""
        code, took = self.process.stop(seconds, signal.SIGTERM)
        self.process = None
        return code, took

    def kill(self):
        self.process.kill()
        self.process = None

    def belongs_to(self, user):
        """Hands folders and configuration to this user, whom the configuration names; before the start."""
        paths = [path for path in self.folder.rglob("*") if path.is_dir()]
        for path in (self.folder, pathlib.Path(self.milter.path).parent, *paths):
            shutil.chown(path, user)
        self.file.chmod(0o644)

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        """For the end of a test, whatever state it left."""
        if self.process is not None:
            self.process.kill()
            self.process = None
        self._notify.close()

    # -- what can be seen of it -----------------------------------------------------------------------

    @property
    def log_file(self):
        return self._log

    @property
    def notify(self):
        return self._notify

    def log(self):
        return self._log.read_text("utf-8", "backslashreplace") if self._log.exists() else ""

    def wait_for_log(self, pattern, seconds=20.0, after=0):
        """Waits for a line that the pattern is found in; `after`: characters of the log to skip."""
        def found():
            for line in self.log()[after:].splitlines():
                if re.search(pattern, line):
                    return line
            return None
        return places.wait_until(f"the log has {pattern!r}", found, seconds)

    def ctl(self):
        """quarantinectl with the same configuration."""
        return ctl.Ctl(pathlib.Path(self.program).with_name("quarantinectl"), self.file)

    def catalog(self):
        return catalog.Catalog(self.catalog_file)

    def store(self, quarantine):
        return store.Store(self.folder / quarantine)
