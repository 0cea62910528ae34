"""Rows about a thousand quarantines: the start, and reloads under load."""
import time

import milters
import regexes
import world
from figures import Figure


def reload(bench):
    count = 1000 if not bench.short else 100
    starts, reloads, longest = [], [], []
    for number in range(bench.rounds):
        quarantines = regexes.quarantines(count)
        ours = milters.Ours(bench.folder, "unix", quarantines, name=f"many{number}")
        try:
            ours.daemon.stop()
            began = time.monotonic()
            ours.daemon.start()
            starts.append(time.monotonic() - began)
            load = world.Load(bench.folder, ours.milter, "--held", 0, "--duration", bench.seconds(6), "--connections", 8,
                              "--threads", 1, "--rate", 500, "--body", "10K", pid=ours.daemon.process.pid)
            try:
                while load.running():
                    began = time.monotonic()
                    ours.daemon.reload()
                    reloads.append(time.monotonic() - began)
                    time.sleep(0.2)
                result = load.result(60)
            finally:
                load.stop()
            bench.expect(result["good"], f"load during reloads: {result['failure']} {result['complaints']}")
            longest.append(max(row["longest_ms"] for row in result["answers"]))
        finally:
            ours.close()
    where = f"{count} quarantines"
    yield Figure("start", where, sorted(starts)[len(starts) // 2], "s", goal=1, spread=(min(starts), max(starts)))
    yield Figure("reload under load", where, sorted(reloads)[len(reloads) // 2], "s", goal=1,
                 spread=(min(reloads), max(reloads)), detail=f"{len(reloads)} reloads")
    yield Figure("longest answer during reloads", where, sorted(longest)[len(longest) // 2], "ms", goal=50,
                 spread=(min(longest), max(longest)), detail="500 clean mails a second on 8 connections")
