"""What the long runs share: the daemon, the load, a sink for notices, and how their results are printed."""
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import catalog, daemon, places, processes  # noqa: E402

PROJECT = pathlib.Path(__file__).resolve().parents[2]
FLAG = "X-Spam-Flag: YES"
FRIEND = "friend@our.example"


def load_program():
    """milter_load: $QM_LOAD, or the development build."""
    path = pathlib.Path(os.environ.get("QM_LOAD") or PROJECT / "build/dev/bin/milter_load")
    if not path.exists():
        raise RuntimeError(f"no program {path}: build it first, or name it in QM_LOAD")
    return path.resolve()


class Load:
    """A run of milter_load beside us."""

    def __init__(self, folder, milter, *options, pid=None, name="load"):
        self._output = folder / f"{name}.json"
        self._output.unlink(missing_ok=True)
        options = [str(option) for option in options] + (["--pid", str(pid)] if pid else [])
        self.process = processes.Process([load_program(), milter.for_libmilter(), "--json", *options], self._output)

    def running(self):
        return self.process.running()

    def result(self, seconds):
        """Waits for its end; what it measured. Fails when it does not measure anything."""
        self.process.wait(seconds)
        text = self._output.read_text("utf-8", "backslashreplace")
        if not text.startswith("{"):
            raise RuntimeError(f"milter_load, exit {self.process.exit_code}: {text}")
        return json.loads(text)

    def stop(self):
        self.process.kill()


def answers(result, kind, stage):
    """The row of latencies of this kind of mail and this part of the conversation."""
    for row in result["answers"]:
        if (row["kind"], row["stage"]) == (kind, stage):
            return row
    return {"count": 0, "median_ms": 0.0, "p99_ms": 0.0, "longest_ms": 0.0}


class Daemon(daemon.Daemon):
    """Its configuration is replaced as a whole: a reload at any moment sees the old or the new one."""

    def write(self, text):
        new = self.file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.chmod(0o640)
        os.replace(new, self.file)

    def log_lines(self):
        """Line by line: the log of a long run is large."""
        with open(self._log, encoding="utf-8", errors="backslashreplace") as log:
            yield from log


class FastSink:
    """Postfix's smtp-sink: takes every mail, keeps none, counts them."""

    def __init__(self, folder):
        self.port = places.free_port()
        self._output = folder / "smtp-sink"
        self.process = processes.Process(
            ["/usr/sbin/smtp-sink", "-u", "nobody", "-c", f"127.0.0.1:{self.port}", "256"], self._output)

    def mails(self):
        counts = re.findall(rb"mesg=(\d+)", self._output.read_bytes()[-500:])
        return int(counts[-1]) if counts else 0

    def close(self):
        self.process.kill()


def whitelist(folder, table="whitelist"):
    """Options of a quarantine that spares FRIEND."""
    path = folder / f"{table}.db"
    if not path.exists():
        catalog.add_whitelist(path, table, ("", FRIEND))
    return {"whitelist_type": "DB", "whitelist_db_connection": f"sqlite:///{path}", "whitelist_db_table": table}


def seconds_to_stop():
    """What systemd gives the daemon: TimeoutStopSec of its unit."""
    unit = (PROJECT / "systemd/quarantine-milter.service").read_text("utf-8")
    return int(re.search(r"^TimeoutStopSec=(\d+)s$", unit, re.MULTILINE)[1])


class Checks:
    """Everything that must hold at the end, said one by one."""

    def __init__(self):
        self.failed = 0

    def check(self, holds, what):
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'}  {what}", flush=True)

    def equal(self, what, found, expected):
        self.check(found == expected, f"{what}: {found}" + ("" if found == expected else f", not {expected}"))

    def at_most(self, what, found, limit):
        self.check(found <= limit, f"{what}: {found:g}, at most {limit:g}")

    def at_least(self, what, found, limit):
        self.check(found >= limit, f"{what}: {found:g}, at least {limit:g}")
