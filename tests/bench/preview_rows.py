"""Rows about what is shown of a message: the sanitizer, and notices on their way."""
import json
import pathlib
import socket
import subprocess
import time

import milters
import protocol_rows
import world
from figures import Figure
from harness import places

MAILS = pathlib.Path(__file__).resolve().parents[1] / "browser" / "benign"


def preview(bench):
    """The sanitizer's throughput against the parser's alone."""
    rounds = bench.rounds if not bench.short else 1
    done = subprocess.run([milters.programs() / "preview_bench", str(rounds), str(MAILS)], capture_output=True, text=True,
                          timeout=600, check=True)
    for row in json.loads(done.stdout):
        yield Figure(row["figure"], row["where"], row["value"], goal=row.get("goal"), at_least=True,
                     spread=tuple(row.get("spread", ())), detail=row.get("detail", ""))


def notices(bench):
    """Notices a second on one core: the daemon and its preview workers on the first one, the sink on the others."""
    count = 600 if not bench.short else 40
    mail = bench.folder / "newsletter.html"
    mail.write_text(newsletter(44_000), encoding="ascii")
    deaf = milters.DeafServer()
    quarantines = {"spam": {"regex": milters.REGEX, **milters.notices(bench.folder, deaf.port)}}
    with bench.closing(ours=milters.Ours(bench.folder, "unix", quarantines, name="telling")) as only:
        ours = only["ours"]
        protocol_rows.Runs(bench).one(ours, "--clean", 0, "--held", 1, "--connections", 16, "--threads", 2, "--html", mail,
                                      messages=count)
        sink = world.FastSink(bench.folder)
        places.wait_until("the sink listens", lambda: _listens(sink.port), 10)
        ours.daemon.kill()  # what is waiting waits in the catalog
        deaf.close()
        quarantines["spam"]["smtp_port"] = str(sink.port)
        ours.daemon.configure(quarantines, {"log_level": "info"})
        ours.daemon.start(before=("taskset", "-c", "0"))
        pid = ours.daemon.process.pid
        wanted = int(count * 0.9)  # a few were being tried when the daemon was killed
        first = places.wait_until("the first notices", lambda: sink.mails() > count * 0.1 and sink.mails(), 60)
        began, before = time.monotonic(), milters.cpu_seconds(pid)
        last = places.wait_until("nearly all notices", lambda: sink.mails() >= wanted and sink.mails(), 300)
        seconds, cpu = time.monotonic() - began, milters.cpu_seconds(pid) - before
        yield Figure("notices a second on one core, of HTML mail of 44 KB", "daemon and preview workers", (last - first) / seconds,
                     "/s", goal=100, at_least=True,
                     detail=f"{(last - first)} in {seconds:.1f} s; the daemon without its workers {cpu / (last - first) * 1e6:.0f} us each")
        sink.close()


def newsletter(size):
    """A newsletter as they are: tables in tables, styles, links, images."""
    head = ('<!DOCTYPE html><html><head><title>Offers</title><style>.a{color:#333333}td{padding:4px}</style></head>'
            '<body style="margin:0;background-color:#ffffff"><table width="100%" cellpadding="0" cellspacing="0"><tr><td>\n')
    block = ('<table width="600" align="center" style="border-collapse:collapse;font-family:Arial,sans-serif">\n<tr>'
             '<td width="200" style="padding:10px;background-color:#f4f4f4"><img src="https://img.shop.example/{0}.png" '
             'width="180" height="120" alt="Picture {0}"></td>\n<td style="padding:10px;color:#333333;font-size:14px;'
             'line-height:20px"><b>Offer number {0}</b><br>The quick brown fox jumps over the lazy dog, and it does so for '
             'less than ever before. <a href="https://shop.example/offer/{0}?utm_source=mail&amp;utm_campaign=november" '
             'style="color:#0066cc;text-decoration:underline">Read more</a><p style="margin:0 0 10px 0">Only until Sunday: '
             '<span style="font-weight:bold;color:#cc0000">{0} % off</span></p></td></tr></table>\n')
    foot = '</td></tr></table><p style="font-size:11px;color:#666666">You get this mail because you asked for it.</p></body></html>\n'
    parts, length, number = [head], len(head) + len(foot), 0
    while length < size:
        number += 1
        parts.append(block.format(number))
        length += len(parts[-1])
    return "".join([*parts, foot])


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
