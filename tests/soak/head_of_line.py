#!/usr/bin/env python3
"""A database that hangs costs its own mails only: what clean mail notices of it. See README.md."""
import argparse
import statistics
import sys

import world
from harness import mails, mariadb, milter, mta, places, postgres

RATIO = 0.9             #: of the throughput with healthy databases
HELD_LONGEST_MS = 1000  #: --strict: for a held mail's 451
FIRST_SECONDS = 5.0     #: a lookup that has begun may take 4.5 s before the database counts as away
SPARSE_GAP = 0.6        #: between two moments with mail in the run with few mails
MOST_ROUNDS = 6


class Place:
    """Which database hangs, and what a daemon looks like that uses it."""

    def __init__(self, name, server_class, catalog=False):
        self.name = name
        self.server_class = server_class
        self.catalog = catalog

    def daemon(self, folder, server):
        section = {"regex": "^X-Spam-Flag: YES"}
        options = {"log_level": "info"}
        if self.catalog:
            options["catalog"] = server.url
        else:
            section.update({"whitelist_type": "DB", "whitelist_db_connection": server.url,
                            "whitelist_db_table": "whitelist"})
        return world.Daemon(folder, {"spam": section}, options, milter=mta.MilterSocket(path=str(folder / "sock")))


PLACES = {"mariadb-whitelist": Place("whitelist in MariaDB", mariadb.MariaDb),
          "postgres-whitelist": Place("whitelist in PostgreSQL", postgres.Postgres),
          "postgres-catalog": Place("catalog in PostgreSQL", postgres.Postgres, catalog=True)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="*", metavar="PLACE", default=[], help=f"{', '.join(PLACES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=2, help=f"each a healthy and a hanging run; up to {MOST_ROUNDS} "
                        "when the machine is too busy to tell")
    parser.add_argument("--seconds", type=float, default=7, help="of a run, behind the first seconds")
    parser.add_argument("--sparse-seconds", type=float, default=25, help="of the run with few mails")
    parser.add_argument("--held-rate", type=float, default=20, help="held mails a second that need the database")
    parser.add_argument("--held-connections", type=int, default=10)
    parser.add_argument("--clean-connections", type=int, default=10)
    parser.add_argument("--longest-ms", type=float, default=100, help="a clean mail may wait for its answer, after the "
                        "first seconds (default 100)")
    parser.add_argument("--strict", action="store_true",
                        help=f"held mail, too, must have its 451 within {HELD_LONGEST_MS} ms after the first seconds")
    return parser.parse_args()


def judge(where):
    """One held mail: the letter of its answer."""
    try:
        return milter.judge(where, "anna@shop.example", "user@our.example", mails.spam()).letter
    except OSError:
        return ""


def wait_healthy(daemon):
    places.wait_until("held mail is held", lambda: judge(daemon.milter) == milter.DISCARD, 60)


def both_loads(options, folder, daemon):
    """Held mail, for which the database is asked, from some connections, clean mail from others: (what was measured
    of the clean, of the held)."""
    duration = FIRST_SECONDS + options.seconds
    common = ["--duration", duration, "--warmup", FIRST_SECONDS, "--per-connection", 20]
    held = world.Load(folder, daemon.milter, "--clean", 0, "--held", 1, "--connections", options.held_connections,
                      "--threads", 1, "--rate", options.held_rate, *common, name="held")
    clean = world.Load(folder, daemon.milter, "--clean", 1, "--held", 0, "--connections", options.clean_connections,
                       "--threads", 1, *common, name="clean")
    return clean.result(duration + 120), held.result(duration + 120)


def sparse_load(options, folder, daemon):
    """Few mails, clean and held at the same moment: libmilter may give both to one idle worker. With more mail under way
    another worker soon takes what waits; here nothing comes for a while."""
    return world.Load(folder, daemon.milter, "--clean", 1, "--held", 1, "--connections", 40, "--threads", 1, "--rate",
                      4 / SPARSE_GAP, "--burst", 4, "--per-connection", 3, "--duration", FIRST_SECONDS + options.sparse_seconds, "--warmup",
                      FIRST_SECONDS, name="sparse").result(options.sparse_seconds + 120)


def measure(options, place):
    """({"healthy": [(clean, held), ...], "hanging": [...]}, the run with few mails, how the daemon ended)"""
    folder = places.TempDir("line")
    server = place.server_class(folder)
    server.start()
    daemon = place.daemon(folder, server)
    measured = {"healthy": [], "hanging": []}
    try:
        daemon.start()
        for number in range(MOST_ROUNDS):
            if number >= options.rounds and ratio(measured) >= RATIO:
                break
            wait_healthy(daemon)
            measured["healthy"].append(both_loads(options, folder, daemon))
            server.freeze()
            measured["hanging"].append(both_loads(options, folder, daemon))
            server.thaw()
        wait_healthy(daemon)
        server.freeze()
        sparse = sparse_load(options, folder, daemon)
        server.thaw()
        wait_healthy(daemon)
        code, _ = daemon.stop()
        return measured, sparse, code
    finally:
        server.thaw()
        daemon.close()
        server.stop()


def middle(measured, health, value):
    return statistics.median(value(clean) for clean, _ in measured[health])


def ratio(measured):
    """Of the clean mails a second."""
    rate = {health: middle(measured, health, lambda clean: clean["mails_a_second"]) for health in measured}
    return rate["hanging"] / rate["healthy"]


def p99(clean):
    return world.answers(clean, "clean", "end of headers")["p99_ms"]


def longest(result, kind="clean"):
    return max(world.answers(result, kind, stage)["longest_ms"] for stage in ("data", "end of headers", "end of message"))


def print_runs(measured, sparse):
    print(f"{'':12}{'clean a second':>16}{'99 %, ms':>12}{'longest, ms':>14}{'held right':>12}{'held 451':>10}"
          f"{'held longest, ms':>19}")
    runs = [(health, clean, held) for health, runs in measured.items() for clean, held in runs]
    for health, clean, held in runs + [("few mails", sparse, sparse)]:
        print(f"{health:12}{clean['mails_a_second']:16.0f}{p99(clean):12.1f}{longest(clean):14.1f}"
              f"{held['right']['held']:12}{held['deferred']:10}{longest(held, 'held'):19.1f}", flush=True)


def assess(checks, options, place, measured, sparse, code):
    for health, runs in measured.items():
        for clean, held in runs:
            for what in ("wrong", "deferred", "lost", "unanswered", "refused"):
                if clean[what]:
                    checks.equal(f"{place.name}, {health}: clean mail, {what}", clean[what], 0)
            if held["wrong"]:
                checks.equal(f"{place.name}, {health}: held mail, wrong", held["wrong"], 0)
    checks.check(all(not held["deferred"] for _, held in measured["healthy"]),
                 f"{place.name}: held mail is held while the database is healthy")
    checks.check(all(held["deferred"] and not held["right"]["held"] for _, held in measured["hanging"]),
                 f"{place.name}: held mail gets 451, all of it, while it hangs")
    checks.equal(f"{place.name}: few mails, wrong", sparse["wrong"], 0)
    checks.at_least(f"{place.name}: clean mail a second, hanging to healthy", round(ratio(measured), 3), RATIO)
    late = {health: middle(measured, health, p99) for health in measured}
    print(f"      {place.name}: 99 % of the clean mail answered within {late['hanging']:.1f} ms, healthy "
          f"{late['healthy']:.1f} ms, ratio {late['hanging'] / late['healthy']:.2f}")
    # A busy machine is late all by itself.
    limit = min(max(options.longest_ms, 1.5 * max(longest(clean) for clean, _ in measured["healthy"])), SPARSE_GAP * 1000 * 0.8)
    checks.at_most(f"{place.name}: the longest that a clean mail waited, ms",
                   round(middle(measured, "hanging", longest), 1), round(limit, 1))
    checks.at_most(f"{place.name}: the same with few mails, ms", round(longest(sparse), 1), round(limit, 1))
    held_longest = max(longest(result, "held") for result in [sparse] + [held for _, held in measured["hanging"]])
    what = f"{place.name}: the longest that a held mail waited for its 451, ms"
    if options.strict:
        checks.at_most(what, round(held_longest, 1), HELD_LONGEST_MS)
    else:
        print(f"      {what}: {held_longest:.0f}")
    checks.equal(f"{place.name}: exit code after SIGTERM", code, 0)


def main():
    options = arguments()
    checks = world.Checks()
    for name in options.places or PLACES:
        place = PLACES[name]
        print(f"--- {place.name}")
        measured, sparse, code = measure(options, place)
        print_runs(measured, sparse)
        assess(checks, options, place, measured, sparse, code)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
