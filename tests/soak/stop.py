#!/usr/bin/env python3
"""SIGTERM under full load, again and again: nothing is lost and nothing is there twice. See README.md."""
import argparse
import collections
import random
import re
import signal
import sys
import time

import world
from harness import mta, places

LOAD_SECONDS = 3.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--connections", type=int, default=40)
    parser.add_argument("--seed", type=int, default=None, help="of the moments at which it is stopped")
    return parser.parse_args()


class Journal:
    """What milter_load has noted of each mail."""

    def __init__(self, path):
        self._path = path

    def mails(self):
        """{number: (kind, [words in their order])}"""
        found = {}
        for line in self._path.read_text("ascii").splitlines():
            message_id, kind, word = line.split(" ")
            number = int(message_id.partition(".")[2].partition("@")[0])
            found.setdefault(number, (kind, []))[1].append(word)
        return found

    def is_settled(self):
        """Nothing is offered that has not come to an end, good or bad."""
        return all(words[-1] != "offered" for _, words in self.mails().values())


class Stopping:
    def __init__(self, options):
        self.options = options
        self.folder = places.TempDir("stop")
        self.sink = world.FastSink(self.folder)
        (self.folder / "notice.html").write_text("<html><body><p>{EMAIL_SUBJECT}</p></body></html>\n", "utf-8")
        spam = {"regex": "^X-Spam-Flag: YES", **world.whitelist(self.folder), "notification_type": "EMAIL",
                "smtp_port": str(self.sink.port), "notification_email_from": "quarantine@our.example",
                "notification_email_subject": "[Held] {EMAIL_SUBJECT}",
                "notification_email_template": str(self.folder / "notice.html")}
        self.daemon = world.Daemon(self.folder, {"spam": spam}, {"log_level": "info"},
                                   milter=mta.MilterSocket(path=str(self.folder / "sock")))
        self.checks = world.Checks()
        self.held = 0
        self.numbers = collections.Counter()
        self.longest_stop = 0.0

    # -- one round --------------------------------------------------------------------------------------

    def round(self, number):
        moment = random.uniform(0.2, LOAD_SECONDS)
        path = self.folder / f"journal{number}"
        journal = Journal(path)
        load = world.Load(self.folder, self.daemon.milter, "--clean", 1, "--held", 2, "--mixed", 1, "--friend", world.FRIEND,
                          "--recipients", "1-3", "--body", "1K-200K", "--broken", 3, "--cut", 3, "--connections", self.options.connections,
                          "--duration", LOAD_SECONDS, "--retry", "--journal", path, name=f"load{number}")
        places.wait_until("the load begins", lambda: path.exists() and path.stat().st_size, 20)
        time.sleep(moment)
        failed_before = self.checks.failed
        self.stop_daemon()
        places.wait_until("the load has seen the end", journal.is_settled, 30)
        at_stop = journal.mails()
        on_record = self.on_record(run_of(path))
        self.judge_stop(number, moment, at_stop, on_record)
        self.daemon.start()
        result = load.result(120)
        self.judge_end(number, journal.mails(), self.on_record(result["run"]), result)
        if self.checks.failed > failed_before:
            for complaint in result["complaints"]:
                print("        " + complaint)

    def stop_daemon(self):
        began = time.monotonic()
        self.daemon.send_signal(signal.SIGTERM)
        code = self.daemon.process.wait(world.seconds_to_stop() + 15)
        took = time.monotonic() - began
        self.daemon.process.kill()
        self.daemon.process = None
        self.longest_stop = max(self.longest_stop, took)
        if code != 0 or took > world.seconds_to_stop():
            self.checks.check(False, f"the daemon stopped with {code} after {took:.1f} s")

    def on_record(self, run):
        """{number of the mail: [ids of its rows]} of this run of the load."""
        rows = collections.defaultdict(list)
        for held, subject in self.daemon.catalog().execute(
                "SELECT id, subject FROM held_message WHERE subject LIKE ?", f"Offer % of {run}"):
            rows[int(subject.split(" ")[1])].append(held)
        return rows

    def judge_stop(self, number, moment, mails, on_record):
        """At the moment when nothing of the daemon runs."""
        files = {path.stem for path in self.daemon.store("spam").files()}
        rows = {row[0] for row in self.daemon.catalog().execute("SELECT id FROM held_message")}
        answered = [n for n, (kind, words) in mails.items() if kind != "clean" and words[-1] == "right"]
        open_ones = [n for n, (kind, words) in mails.items() if kind != "clean" and words[-1] in ("deferred", "lost")]
        wrong = [n for n in on_record if mails[n][0] == "clean" or "broken-off" in mails[n][1]]
        lost = [n for n in answered if not files.issuperset(on_record[n]) or not on_record[n]]
        self.numbers["answered with success"] += len(answered)
        self.numbers["answered with 451"] += sum(mails[n][1][-1] == "deferred" for n in open_ones)
        self.numbers["without an answer"] += sum(mails[n][1][-1] == "lost" for n in open_ones)
        self.numbers["of these already on record"] += sum(bool(on_record[n]) for n in open_ones)
        # One that was lost before may be on record, and gets its 451 when it comes again.
        deferred_on_record = [n for n in open_ones if mails[n][1][-1] == "deferred" and "lost" not in mails[n][1]
                              and on_record[n]]
        self.checks.check(not lost and not wrong and not deferred_on_record and files == rows,
                          f"round {number}, stopped after {moment:.2f} s: {len(answered)} answered with success are on "
                          f"record with their files, {len(open_ones)} still with the sender"
                          + (f"; 451, BUT ON RECORD {deferred_on_record[:5]}" if deferred_on_record else "")
                          + (f"; LOST {lost[:5]}" if lost else "") + (f"; NOT TO BE HELD {wrong[:5]}" if wrong else "")
                          + (f"; {len(files - rows)} files without a row, {len(rows - files)} rows without a file"
                             if files != rows else ""))

    def judge_end(self, number, mails, on_record, result):
        """When the sender has offered again what it still had."""
        wanted = {n for n, (kind, words) in mails.items() if kind != "clean" and words[-1] == "right"}
        twice = [n for n, rows in on_record.items() if len(rows) > 1]
        self.held += len(wanted)
        self.numbers["offered again"] += result["offers"] - result["offered"]
        good = result["good"] and set(on_record) == wanted and not twice
        self.checks.check(good, f"round {number}, after the restart: every mail has its answer, {len(wanted)} held, each once"
                          + (f"; TWICE {twice[:5]}" if twice else "")
                          + (f"; missing {sorted(wanted - set(on_record))[:5]}, too many "
                             f"{sorted(set(on_record) - wanted)[:5]}" if set(on_record) != wanted else "")
                          + ("" if result["good"] else f"; wrong {result['wrong']}, {result['failure']}"))

    # -- all of them ------------------------------------------------------------------------------------

    def run(self):
        self.daemon.start()
        for number in range(1, self.options.rounds + 1):
            self.round(number)
        places.wait_until("every notice is sent", lambda: not self.daemon.catalog().execute(
            "SELECT 1 FROM notice WHERE state = 'due' LIMIT 1"), 600)
        self.stop_daemon()
        told, recognised, unknown = 0, 0, 0
        for line in self.daemon.log_lines():
            told += line.endswith("status=told\n")
            recognised += bool(re.search(r"status=quarantined-before$", line))
            unknown += "status=notice-unknown" in line
        self.checks.at_least("recipients recognised when their mail was offered again", recognised, 1)
        recipients = self.daemon.catalog().execute("SELECT count(*) FROM held_recipient")[0][0]
        self.checks.equal("messages on record, as many as were held", self.held,
                          self.daemon.catalog().execute("SELECT count(*) FROM held_message")[0][0])
        self.checks.equal("recipients told, as many as were held", told, recipients)
        # One that was being sent at the end may be sent again: at most four a stop, and logged.
        self.checks.at_least("notices of unknown fate that are logged", unknown, self.sink.mails() - told)
        print()
        for what, count in self.numbers.items():
            print(f"{what:36}{count:8}")
        print(f"{'recipients recognised':36}{recognised:8}")
        print(f"{'longest stop, seconds':36}{self.longest_stop:8.2f}   (systemd waits {world.seconds_to_stop()})")


def run_of(path):
    """The word of a run that is not over yet: it stands in every Message-ID."""
    with open(path, encoding="ascii") as journal:
        return journal.readline()[1:].partition(".")[0]


def main():
    options = arguments()
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    random.seed(seed)
    print(f"seed {seed}")
    stopping = Stopping(options)
    try:
        stopping.run()
    finally:
        stopping.daemon.close()
        stopping.sink.close()
    return 1 if stopping.checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
