#!/usr/bin/env python3
"""A database that hangs costs its own mails only: what clean mail notices of it. See README.md."""
import argparse
import statistics
import sys

import servers
import world
from harness import mails, milter, mta, places

RATIO = 0.9          #: of the throughput with healthy databases
LONGEST_MS = 100.0   #: a clean mail's answer, after the first seconds
FIRST_SECONDS = 3.0


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
            section.update({"whitelist_type": "DB", "whitelist_db_connection": server.whitelist_url,
                            "whitelist_db_table": "whitelist"})
        return world.Daemon(folder, {"spam": section}, options, milter=mta.MilterSocket(path=str(folder / "sock")))


PLACES = {"mariadb-whitelist": Place("whitelist in MariaDB", servers.MariaDb),
          "postgres-whitelist": Place("whitelist in PostgreSQL", servers.Postgres),
          "postgres-catalog": Place("catalog in PostgreSQL", servers.Postgres, catalog=True)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="*", metavar="PLACE", default=[], help=f"{', '.join(PLACES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="each a healthy and a hanging run")
    parser.add_argument("--seconds", type=float, default=8, help="of a run, behind the first seconds")
    parser.add_argument("--held-rate", type=float, default=20, help="held mails a second that need the database")
    parser.add_argument("--held-connections", type=int, default=10)
    parser.add_argument("--clean-connections", type=int, default=10)
    parser.add_argument("--clean-rate", type=float, default=0, help="clean mails a second (default: as many as go)")
    return parser.parse_args()


def judge(where):
    """One held mail: the letter of its answer."""
    try:
        return milter.judge(where, "anna@shop.example", "user@our.example", mails.spam()).letter
    except OSError:
        return ""


def both_loads(options, folder, daemon):
    """Held mail, for which the database is asked, from some connections, clean mail from others: (what was measured
    of the clean, of the held)."""
    duration = FIRST_SECONDS + options.seconds
    common = ["--duration", duration, "--warmup", FIRST_SECONDS, "--per-connection", 20]
    held = world.Load(folder, daemon.milter, "--clean", 0, "--held", 1, "--connections", options.held_connections,
                      "--threads", 1, "--rate", options.held_rate, *common, name="held")
    rate = ["--rate", options.clean_rate] if options.clean_rate else []
    clean = world.Load(folder, daemon.milter, "--clean", 1, "--held", 0, "--connections", options.clean_connections,
                       "--threads", 1, *rate, *common, name="clean")
    return clean.result(duration + 120), held.result(duration + 120)


def measure(options, place):
    """({"healthy": [(clean, held), ...], "hanging": [...]}, how the daemon ended)"""
    folder = places.TempDir("line")
    server = place.server_class(folder)
    server.start()
    daemon = place.daemon(folder, server)
    measured = {"healthy": [], "hanging": []}
    try:
        daemon.start()
        for _ in range(options.rounds):
            places.wait_until("held mail is held", lambda: judge(daemon.milter) == milter.DISCARD, 60)
            measured["healthy"].append(both_loads(options, folder, daemon))
            servers.freeze(server)
            measured["hanging"].append(both_loads(options, folder, daemon))
            servers.thaw(server)
        places.wait_until("held mail is held", lambda: judge(daemon.milter) == milter.DISCARD, 60)
        code, _ = daemon.stop()
        return measured, code
    finally:
        servers.thaw(server)
        daemon.close()
        server.stop()


def longest(result):
    return max(world.answers(result, "clean", stage)["longest_ms"] for stage in ("data", "end of headers"))


def print_runs(measured):
    print(f"{'':12}{'clean a second':>16}{'99 %, ms':>12}{'longest, ms':>14}{'held right':>12}{'held 451':>10}")
    for health, runs in measured.items():
        for clean, held in runs:
            row = world.answers(clean, "clean", "end of headers")
            print(f"{health:12}{clean['mails_a_second']:16.0f}{row['p99_ms']:12.1f}{longest(clean):14.1f}"
                  f"{held['right']['held']:12}{held['deferred']:10}", flush=True)


def assess(checks, place, measured, code):
    def middle(health, value):
        return statistics.median(value(clean) for clean, _ in measured[health])
    rate = {health: middle(health, lambda clean: clean["mails_a_second"]) for health in measured}
    late = {health: middle(health, lambda clean: world.answers(clean, "clean", "end of headers")["p99_ms"])
            for health in measured}
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
    checks.at_least(f"{place.name}: clean mail a second, hanging to healthy", round(rate["hanging"] / rate["healthy"], 3),
                    RATIO)
    print(f"      {place.name}: 99 % of the answers within {late['hanging']:.1f} ms, healthy {late['healthy']:.1f} ms, "
          f"ratio {late['hanging'] / late['healthy']:.2f}")
    # A busy machine is late all by itself.
    limit = max(LONGEST_MS, *(longest(clean) for clean, _ in measured["healthy"]))
    checks.at_most(f"{place.name}: the longest that a clean mail waited, ms, hanging",
                   round(middle("hanging", longest), 1), round(limit, 1))
    checks.equal(f"{place.name}: exit code after SIGTERM", code, 0)


def main():
    options = arguments()
    checks = world.Checks()
    for name in options.places or PLACES:
        place = PLACES[name]
        print(f"--- {place.name}")
        measured, code = measure(options, place)
        print_runs(measured)
        assess(checks, place, measured, code)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
