#!/usr/bin/python3
"""Kills the daemon, the mail server behind it or the database under it while mail goes on, and then accounts for every
mail and every recipient. Exit 0 and a table when nothing is lost and nothing is twice; 1 and a list otherwise.
What is counted and how: README.md beside this file."""
import argparse
import collections
import os
import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
_HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "e2e")]

import account   # noqa: E402
import campaign  # noqa: E402
import prove     # noqa: E402
import world     # noqa: E402

_MOST_SHOWN = 40


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=25, help="how many (default 25; the long form: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed: the same mails and moments (default 1)")
    parser.add_argument("--catalog", choices=["sqlite", "postgresql"],
                        help="where the daemon keeps its record (default sqlite; with --victim database postgresql)")
    parser.add_argument("--victim", choices=["daemon", "mailserver", "database", "all"], default="daemon",
                        help="who is killed: the daemon (default), the mail server that takes the notices, PostgreSQL; "
                        "`all`: one after another, the last two with a fifth of the kills")
    parser.add_argument("--bin", metavar="DIR", help="folder of quarantine-milter and quarantinectl "
                        "(default: that of $QM_BIN, or build/dev/bin)")
    parser.add_argument("--nodes", type=int, default=1, help="how many daemons share the catalog and the folders "
                        "(default 1; more need --catalog postgresql); one of them is killed, the others go on")
    parser.add_argument("--senders", type=int, default=12, help="how many send at once (default 12)")
    parser.add_argument("--prove", action="store_true", help="at the end spoil files, rows and deliveries in one way "
                        "after another, and fail unless each is noticed")
    parser.add_argument("--keep", action="store_true", help="leave the folder with everything in it")
    chosen = parser.parse_args()
    if chosen.victim == "database" and chosen.catalog == "sqlite":
        parser.error("--victim database needs --catalog postgresql")
    if chosen.nodes > 1 and chosen.catalog != "postgresql":
        parser.error("--nodes needs --catalog postgresql")
    if chosen.nodes < 1 or (chosen.nodes > 1 and chosen.victim != "daemon"):
        parser.error("--nodes: at least 1, and more than one with --victim daemon only")
    if chosen.kills < 1:
        parser.error("--kills: at least 1")
    return chosen


def run(victim, kind, kills, chosen):
    """One campaign; True when all is well."""
    print(f"== {kills} kills of the {victim}, catalog {kind}, seed {chosen.seed}"
          + (f", {chosen.nodes} nodes" if chosen.nodes > 1 else ""), flush=True)
    began = time.monotonic()
    where = world.World(chosen.seed, kind, chosen.senders, 300 if victim == "database" else 120, chosen.nodes)
    try:
        where.start()
        done = campaign.KILLERS[victim](where, kills, _progress(kills))
        killing = time.monotonic() - began
        drained = campaign.drain(where)
        books = account.Books(where, done, drained).close()
        for code, _ in [node.daemon.stop() for node in where.nodes]:
            if code != 0:
                books.violations.append((None, f"the daemon ended with exit code {code} when it was asked to stop"))
        spoiled = 0
        if chosen.prove:
            silent = prove.prove(where, done, books)
            books.violations += [(None, what) for what in silent]
            spoiled = len(prove.ways())
        for name, count in done.hits().items():
            if not count:
                books.violations.append((None, f"no kill hit: {name}"))
        report(where, done, drained, books, killing)
        if spoiled:
            print(f"  then spoiled in {spoiled} ways: {spoiled - len(silent)} noticed")
    finally:
        where.close()
        if chosen.keep:
            where.folder.keep()
            print(f"everything is in {where.folder.path}")
        else:
            where.folder.remove()
    return not books.violations


def _progress(kills):
    began = time.monotonic()
    last = [0.0]

    def show(done):
        now = time.monotonic()
        if now - last[0] > 30:
            last[0] = now
            print(f"   {len(done.sights)} of {kills} kills after {now - began:.0f} s", flush=True)
    return show


def report(where, done, drained, books, killing):
    def row(name, value):
        print(f"  {name:<48} {value}")
    numbers = books.numbers
    row("kills", len(done.sights))
    for name, count in done.hits().items():
        row(f"  hit: {name}", count)
    if done.victim == "daemon":
        row("  files without a row at the kills, in all", sum(s.unrecorded for s in done.sights))
    moments = collections.Counter(sight.moment for sight in done.sights)
    row("  moments", ", ".join(f"{name} {count}" for name, count in moments.items()))
    if len(where.starts) > 1:
        row("daemon ready after its start, seconds",
            f"median {statistics.median(where.starts):.3f}, most {max(where.starts):.3f}")
    if done.recoveries:
        row("mail held again after the database is up, seconds",
            f"median {statistics.median(done.recoveries):.3f}, most {max(done.recoveries):.3f}")
    row("mails sent", len(books.mails))
    row("  of each kind", ", ".join(f"{name[6:]} {n}" for name, n in numbers.items() if name.startswith("mails ")
                                    and name[6:] in world.load.KINDS))
    for name in ("attempts", "mails offered more than once", "accepted", "refused", "unanswered", "recipients",
                 "deliveries", "held recipients", "messages on record", "message files", "files without a row",
                 "rows without a file", "notices taken", "notices taken twice"):
        row(name, numbers[name])
    row("log lines by status", ", ".join(f"{name} {count}" for name, count in sorted(books.statuses.items())))
    row("seconds: killing, draining", f"{killing:.0f}, {drained.seconds:.0f}")
    for double in books.doubles[:_MOST_SHOWN]:
        print(f"  twice: {double}")
    print(f"  violations{'':<38} {len(books.violations)}")
    by_number = collections.defaultdict(list)
    for number, what in books.violations:
        by_number[number].append(what)
    for number, what in list(by_number.items())[:_MOST_SHOWN]:
        for line in what[:_MOST_SHOWN]:
            print(f"VIOLATION {f'mail {number}: ' if number else ''}{line}")
        for line in books.told(number):
            print(line)
    if len(by_number) > _MOST_SHOWN:
        print(f"... and {len(by_number) - _MOST_SHOWN} more mails")
    sys.stdout.flush()


def main():
    chosen = arguments()
    if chosen.bin:
        os.environ["QM_BIN"] = str(pathlib.Path(chosen.bin) / "quarantine-milter")
    few = max(4, chosen.kills // 5)
    kind = chosen.catalog or ("postgresql" if chosen.victim == "database" else "sqlite")
    campaigns = [(chosen.victim, kind, chosen.kills)] if chosen.victim != "all" else [
        ("daemon", kind, chosen.kills), ("mailserver", kind, few), ("database", "postgresql", few)]
    good = [run(victim, kind, kills, chosen) for victim, kind, kills in campaigns]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
