"""The milters that are compared: the floors, and the daemon with its stores, catalog and whitelists."""
import os
import pathlib
import shutil
import socket
import sqlite3
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("e2e", "soak")]

import world  # noqa: E402
from harness import mta, places, processes  # noqa: E402

REGEX = "^X-Spam-Flag: YES"


def programs():
    """The folder of the programs under measurement."""
    return pathlib.Path(os.environ["QM_BIN"]).parent


def cpu_seconds(pid):
    """CPU time of a process and of all threads it ever had, to the nanosecond (CPUCLOCK_SCHED of clock_gettime(2))."""
    return time.clock_gettime((~pid) << 3 | 2)


def memory(pid, field="RssAnon"):
    """Bytes of a line of /proc/PID/status."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field + ":"))


def reset_peak(pid):
    """VmHWM counts from now on."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def new_socket(folder, transport, name):
    if transport == "tcp":
        return mta.MilterSocket(port=places.free_port())
    path = folder / f"{name}.sock"
    path.unlink(missing_ok=True)  # of one that was killed
    return mta.MilterSocket(path=str(path))


class Floor:
    """One of the C programs."""

    def __init__(self, folder, program, transport, *arguments):
        self.name = program
        self.milter = new_socket(folder, transport, f"{program}-{transport}")
        self.folder = folder.folder(f"{program}-{transport}", mode=0o700)
        self.process = processes.Process(
            [programs() / program, self.milter.for_libmilter(), *(str(self.folder / a) if a == "store" else a for a in arguments)],
            folder / f"{program}-{transport}.log")
        self.pid = self.process.pid
        places.wait_until(f"{program} listens", self._listens, 20)
        if self.milter.path:
            os.chmod(self.milter.path, 0o666)  # for Postfix

    def _listens(self):
        try:
            self.milter.connect().close()
        except OSError:
            return False
        return True

    def stored(self):
        return sum(1 for entry in os.scandir(self.folder / "store") if not entry.name.endswith(".tmp"))

    def close(self):
        self.process.kill()


def clean_floor(folder, transport, program="floor_clean"):
    return Floor(folder, program, transport)


def held_floor(folder, transport):
    store = folder.folder(f"floor_quarantine-{transport}", mode=0o700) / "store"
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir()
    # With TCP_NODELAY, as the daemon has it: without it every held mail waits 44 ms for an ACK.
    return Floor(folder, "floor_quarantine", transport, "store", "1", "nodelay")


class DeafServer:
    """A mail server that takes connections and never says a word: notices stay queued."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()


TEMPLATE = """\
<html lang="en"><body><p>A mail from <b>{EMAIL_FROM}</b> to {EMAIL_TO} was held, id {EMAIL_QUARANTINE_ID}.</p>
<p>Subject: {EMAIL_SUBJECT}</p><div>{EMAIL_HTML_TEXT}</div></body></html>
"""


def notices(folder, port):
    """Options of a quarantine that tells everybody through the mail server on this port."""
    template = folder / "notice.html"
    template.write_text(TEMPLATE, encoding="utf-8")
    return {"notification_type": "EMAIL",
            "notification_email_from": "Mail quarantine <quarantine@our.example>",
            "notification_email_subject": "[Held] {EMAIL_SUBJECT}",
            "notification_email_template": str(template),
            "smtp_port": str(port)}


class Ours:
    """The daemon."""

    def __init__(self, folder, transport, quarantines=None, options=None, name="ours"):
        self.name = name
        self.daemon = world.Daemon(
            folder, quarantines or {"spam": {"regex": REGEX}},
            {"log_level": "info", "socket_mode": "0666", **(options or {})},
            milter=new_socket(folder, transport, f"{name}-{transport}"), name=f"{name}-{transport}")
        self.daemon.start()
        self.milter = self.daemon.milter
        self.pid = self.daemon.process.pid

    def stored(self):
        """Files of all stores; the catalog must agree."""
        files = sum(1 for _ in self.daemon.folder.rglob("*.eml"))
        rows = sqlite3.connect(self.daemon.catalog_file).execute("SELECT count(*) FROM held_message").fetchone()[0]
        if files != rows:
            raise AssertionError(f"{files} files and {rows} rows in the catalog")
        return files

    def close(self):
        self.daemon.close()
