"""Rows about memory: what the process has beyond mapped files (RssAnon of /proc/PID/status)."""
import time

import milters
import protocol_rows
import world
from figures import Figure
from harness import milter as protocol
from harness import places

KIB = 1024
MIB = 1024 * KIB


def memory(bench):
    yield from _idle(bench)
    yield from _one_large(bench)
    yield from _many_half(bench)


def _settled(bench, ours):
    """After its first mails a process has what it keeps."""
    protocol_rows.Runs(bench).one(ours, "--held", 1, "--clean", 1, "--connections", 8, "--threads", 2, messages=400)
    return milters.memory(ours.pid)


def _idle(bench):
    count = 1000 if not bench.short else 50
    with bench.closing(ours=milters.Ours(bench.folder, "unix", name="idle")) as only:
        ours = only["ours"]
        before = _settled(bench, ours)
        clients = [protocol.MilterClient(ours.milter) for _ in range(count)]
        for client in clients:
            client.negotiate()
        grown = milters.memory(ours.pid) - before
        yield Figure("memory of an idle connection", f"{count} of them", grown / count / KIB, "KiB", goal=24)
        for client in clients:
            client.mail("<a@b.example>", "<c@our.example>", b"From: a@b.example\r\nSubject: clean\r\n\r\nx\r\n")
        grown = milters.memory(ours.pid) - before
        yield Figure("memory of an idle connection, after a mail", f"{count} of them", grown / count / KIB, "KiB", goal=24)
        for client in clients:
            client.drop()


def _one_large(bench):
    size = "100M" if not bench.short else "10M"
    with bench.closing(ours=milters.Ours(bench.folder, "unix", name="large")) as only:
        ours = only["ours"]
        before = _settled(bench, ours)
        milters.reset_peak(ours.pid)
        resident = milters.memory(ours.pid, "VmRSS")
        load = world.Load(bench.folder, ours.milter, "--clean", 0, "--held", 1, "--body", size, "--messages", 1,
                          "--connections", 1, "--threads", 1)
        bench.expect(load.result(300)["good"], "the large mail is held")
        grown = milters.memory(ours.pid, "VmHWM") - resident
        yield Figure("memory growth while a mail is held", size, grown / MIB, "MiB", goal=8,
                     detail=f"{before / MIB:.1f} MiB before")


class Half:
    """A connection in the middle of a held mail."""

    HEAD = b"From: a@b.example\r\nSubject: held\r\nX-Spam-Flag: YES"

    def __init__(self, where, body):
        self._client = protocol.MilterClient(where)
        self._client.negotiate()
        self._client.begin("<a@b.example>", "<c@our.example>", self.HEAD)
        for begin in range(0, len(body), 65535):
            self._client.step("B", body[begin:begin + 65535])

    def close(self):
        self._client.drop()


def _many_half(bench):
    count = 1000 if not bench.short else 50
    for size, megabytes in ((60_000, 32), (60_000, 8), (500_000, 32)):
        options = {"buffer_memory": f"{megabytes}M"}
        with bench.closing(ours=milters.Ours(bench.folder, "unix", options=options, name=f"half-{size}-{megabytes}")) as only:
            ours = only["ours"]
            before = _settled(bench, ours)
            body = b"the quick brown fox jumps over the lazy dog\r\n" * (size // 45)
            clients = [Half(ours.milter, body) for _ in range(count)]
            places.wait_until("it has read everything", lambda: _quiet(ours.pid), 60)
            grown = milters.memory(ours.pid) - before
            yield Figure("memory of connections in the middle of a held mail", f"{count} of them, {len(body) // 1000} kB each read, buffer_memory = {megabytes}M",
                         grown / MIB, "MiB", goal=megabytes + 8, detail=f"{grown / count / KIB:.1f} KiB each")
            for client in clients:
                client.close()


def _quiet(pid):
    """No CPU time between two looks."""
    before = milters.cpu_seconds(pid)
    time.sleep(0.2)
    return milters.cpu_seconds(pid) - before < 0.002
