#!/usr/bin/env python3
"""The daemon under load for a long time: nothing goes wrong, nothing grows. See README.md."""
import argparse
import itertools
import os
import random
import re
import shutil
import signal
import statistics
import sys
import threading
import time

import world
from harness import mta, places

TEMPLATE = """\
<html lang="en"><body><p>A mail from <b>{EMAIL_FROM}</b> to {EMAIL_TO} was held, id {EMAIL_QUARANTINE_ID}.</p>
<p>Subject: {EMAIL_SUBJECT}</p><div>{EMAIL_HTML_TEXT}</div></body></html>
"""
TOLD = "branch.example"  #: every fourth recipient; to all of them the postman of a busy machine would fall behind
MEGABYTE = 1e6
LOAD = 0.85  #: of all mail; what comes before warms caches up


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=0, help="ends after so long, instead of after --messages")
    parser.add_argument("--rate", type=float, default=0, help="mails a second (default: as many as the daemon takes)")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--idle", type=int, default=1000, help="open connections beside those")
    parser.add_argument("--reload-every", type=float, default=1.0, help="seconds between two changed configurations")
    parser.add_argument("--signals", type=int, default=10_000, help="HUP and USR1 besides, evenly over the run")
    parser.add_argument("--expire-every", type=float, default=5.0, help="seconds between two runs of quarantinectl expire")
    parser.add_argument("--keep", default="30M", help="quarantine_max_size")
    parser.add_argument("--patience", type=float, default=6 * 3600, help="seconds for the whole load")
    return parser.parse_args()


class Soak:
    def __init__(self, options):
        self.options = options
        self.folder = places.TempDir("soak")
        self.sink = world.FastSink(self.folder)
        (self.folder / "notice.html").write_text(TEMPLATE, encoding="utf-8")
        self.daemon = world.Daemon(self.folder, **self.configuration(0),
                                   milter=mta.MilterSocket(path=str(self.folder / "sock")))
        self.stop = threading.Event()
        self.threads = []
        self.trouble = []
        #: Whoever runs quarantinectl does it with a configuration that has no mistakes.
        self.configured = threading.Lock()
        self.reloads = self.broken = self.expired = self.expiries = 0
        self.signals = {signal.SIGHUP: 0, signal.SIGUSR1: 0}

    def configuration(self, number):
        """One after another, different in what a reload has to build anew; the answers stay the same."""
        table = "whitelist" if number % 3 else "other_whitelist"
        spam = {"regex": "^X-Spam-Flag: YES" if number % 2 else "^X-Spam-Flag:\\s+(?P<flag>yes)$",
                **world.whitelist(self.folder, table),
                "notification_type": "EMAIL", "notification_domains": TOLD, "smtp_port": str(self.sink.port),
                "notification_email_from": "Mail quarantine <quarantine@our.example>",
                "notification_email_subject": f"[Held {number}] {{EMAIL_SUBJECT}}",
                "notification_email_template": str(self.folder / "notice.html"),
                "quarantine_max_size": self.options.keep}
        quarantines = {"spam": spam}
        if number % 4 == 3:
            quarantines = {"virus": {"regex": f"^X-Virus-{number}: "}, **quarantines}
        return {"quarantines": quarantines, "options": {"log_level": "info", "retry_window": "1h"}}

    # -- what happens beside the mail -------------------------------------------------------------------

    def beside(self, work, every):
        """Does `work` again and again, until the load is over."""
        def loop():
            due = time.monotonic()
            while not self.stop.wait(max(0.0, due - time.monotonic())):
                due = max(due + every, time.monotonic())
                try:
                    work()
                except Exception as problem:  # the run goes on, and fails at its end
                    self.trouble.append(f"{work.__name__}: {problem}")
        self.threads.append(threading.Thread(target=loop))
        self.threads[-1].start()

    def reload(self):
        number = self.reloads = self.reloads + 1
        with self.configured:
            if number % 10 == 0:  # one with mistakes must not do any harm
                self.broken += 1
                self.daemon.write("[global]\nquarantines = spam\n[spam]\nregex = (\naction = EXPLODE\n")
                self.load_configuration()
            self.daemon.configure(**self.configuration(number))
        self.load_configuration()

    def load_configuration(self):
        self.daemon.notify.forget()
        self.daemon.reload()

    def signal(self):
        number = random.choice(list(self.signals))
        self.signals[number] += 1
        self.daemon.send_signal(number)

    def expire(self):
        with self.configured:
            report = self.daemon.ctl().run("expire", "--json", seconds=300)
        if report.code != 0:
            raise RuntimeError(str(report))
        self.expiries += 1
        self.expired += sum(part["messages"] for part in report.json["parts"])
        free = shutil.disk_usage(self.folder.path).free
        if free < 5e9:
            raise RuntimeError(f"only {free / 1e9:.1f} GB are left on the disk")

    # -- the run ----------------------------------------------------------------------------------------

    def load(self, part, name):
        """A run of milter_load that is this part of the whole."""
        options = self.options
        end = (["--duration", options.seconds * part] if options.seconds else
               ["--messages", round(options.messages * part)])
        rate = ["--rate", options.rate] if options.rate else []
        return world.Load(self.folder, self.daemon.milter, "--clean", 8, "--held", 1, "--mixed", 1,
                          "--friend", world.FRIEND, "--recipients", "1-3", "--body", "1K-100K", "--broken", 2,
                          "--connections", options.connections, "--idle", options.idle, *rate, *end,
                          pid=self.daemon.process.pid, name=name).result(options.patience)

    def quiet(self):
        """What the daemon uses when no mail is under way and every notice is sent."""
        places.wait_until("every notice is sent", lambda: not self.daemon.catalog().execute(
            "SELECT 1 FROM notice WHERE state = 'due' LIMIT 1"), 900)
        status = open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii").read()
        number = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+)", status, re.MULTILINE)}
        files = list(open_files(self.daemon.process.pid))
        return {"memory": number["VmRSS"] * 1024, "threads": number["Threads"], "files": len(files), "names": files}

    def run(self):
        options = self.options
        self.daemon.start()
        self.beside(self.reload, options.reload_every)
        self.beside(self.expire, options.expire_every)
        first = self.load(1 - LOAD, "warmup")
        before = self.quiet()
        if options.signals:
            self.beside(self.signal, first["seconds"] * LOAD / (1 - LOAD) / options.signals)
        second = self.load(LOAD, "load")
        while sum(self.signals.values()) < options.signals:  # the guess was too low
            self.signal()
            time.sleep(0.002)
        self.stop.set()
        for thread in self.threads:
            thread.join()
        after = self.quiet()
        return first, second, before, after

    # -- what must hold ---------------------------------------------------------------------------------

    def judge(self, first, second, before, after):
        checks = world.Checks()
        right = {kind: first["right"][kind] + second["right"][kind] for kind in first["right"]}
        held = right["held"] + right["mixed"]
        for what in ("wrong", "deferred", "lost", "unanswered", "refused", "idle_lost"):
            checks.equal(f"answers: {what}", first[what] + second[what], 0)
        checks.equal("mails with the right answer, or broken off", sum(right.values()) + first["broken_off"]
                     + second["broken_off"], first["offered"] + second["offered"])
        checks.equal("messages on record or expired, as many as were held", self.rows() + self.expired, held)
        checks.equal("files in the store, as many as messages on record", len(self.daemon.store("spam").files()),
                     self.rows())
        told, to_be_told = self.in_log(checks)
        checks.equal(f"recipients told, as many as were held in {TOLD}", told, to_be_told)
        checks.equal("mails that the sink has taken, as many as were told", self.sink.mails(), told)
        checks.at_least("HUP and USR1 sent", sum(self.signals.values()), self.options.signals)
        checks.at_least("expiries", self.expiries, 1)
        checks.equal("troubles beside the mail", self.trouble, [])
        self.judge_growth(checks, second, before, after)
        code, took = self.daemon.stop()
        checks.equal("exit code after SIGTERM", code, 0)
        checks.at_most("seconds to stop", round(took, 2), world.seconds_to_stop())
        return checks

    def judge_growth(self, checks, second, before, after):
        """Quiet before and quiet after are compared, and within the load its second quarter with its last."""
        # Below this, page caches of the databases fill up and malloc's arenas settle; a leak of 100 bytes a mail
        # is ten times as much in a run of a million.
        slack = 8 * MEGABYTE
        checks.at_most("MB of memory, quiet, after the load", round(after["memory"] / MEGABYTE, 1),
                       round((before["memory"] * 1.1 + slack) / MEGABYTE, 1))
        samples = second["samples"][:-1]
        quarter = max(1, len(samples) // 4)
        early, late = samples[quarter:2 * quarter] or samples, samples[-quarter:]
        middle = lambda part, what: statistics.median(sample[what] for sample in part)
        checks.at_most("MB of memory under load, last quarter", round(middle(late, "memory") / MEGABYTE, 1),
                       round((middle(early, "memory") * 1.1 + slack) / MEGABYTE, 1))
        # libmilter keeps as many threads as it had mails at a time, and lets them go when it likes.
        at_a_time = self.options.connections + 5
        checks.at_most("threads under load, last quarter", middle(late, "threads"),
                       max(middle(early, "threads"), before["threads"]) + at_a_time / 2)
        checks.at_most("threads, quiet, after the load", after["threads"], before["threads"] + at_a_time)
        checks.at_most("open files under load, last quarter", middle(late, "files"),
                       middle(early, "files") + 2 * self.options.connections)
        # Readers of the catalog and connections of the whitelists, three files each, are opened when they are
        # needed. One file a reload, not closed, would be more.
        checks.at_most("open files, quiet, after the load", after["files"], before["files"] + 30)
        deleted = [name for name in after["names"] if name.endswith(" (deleted)")]
        checks.equal("open files without a name, quiet", deleted, [])

    def rows(self):
        return self.daemon.catalog().execute("SELECT count(*) FROM held_message")[0][0]

    def in_log(self, checks):
        """(recipients told, recipients held who were to be told); everything unexpected in the log fails."""
        told = to_be_told = 0
        unexpected = []
        broken = 0
        for line in self.daemon.log_lines():
            if line.endswith("status=told\n"):
                told += 1
            elif line.endswith("status=quarantined\n"):
                to_be_told += f"@{TOLD}>" in line.lower()
            elif "not reloaded, the old configuration stays" in line:
                broken += "the configuration has mistakes" in line
                if "the configuration has mistakes" not in line:
                    unexpected.append(line)
            elif re.search(r"\b(error|failed|deferred|again|before|unknown|leftover|expired|gave-up)\b", line) and (
                    "remark=" not in line and ": expire: " not in line):
                unexpected.append(line)
        checks.check(not unexpected, f"unexpected lines in the log: {len(unexpected)}"
                     + "".join(f"\n        {line.rstrip()}" for line in unexpected[:10]))
        checks.at_least("configurations with mistakes that were refused", broken, self.broken and 1)
        return told, to_be_told

    def print_table(self, first, second, before, after):
        print(f"{first['offered'] + second['offered']} mails, {first['mails_a_second']:.0f} a second in the warm-up, then "
              f"{second['mails_a_second']:.0f}; {self.options.connections} busy and {self.options.idle} idle connections")
        print(f"{self.reloads} changed configurations ({self.broken} of them with mistakes), "
              f"{self.signals[signal.SIGHUP]} HUP and {self.signals[signal.SIGUSR1]} USR1 besides, "
              f"{self.expiries} expiries of {self.expired} messages\n")
        print(f"{'':32}{'quiet':>10}{'quarters of the load':>44}{'quiet':>10}")
        samples = second["samples"][:-1]
        parts = [samples[i * len(samples) // 4:(i + 1) * len(samples) // 4] for i in range(4)]
        for name, what, unit in (("memory, MB", "memory", MEGABYTE), ("threads", "threads", 1),
                                 ("open files", "files", 1)):
            quarters = "".join(f"{statistics.median(s[what] for s in part) / unit:11.1f}" if part else f"{'':11}"
                               for part in parts)
            print(f"{name:32}{before[what] / unit:10.1f}{quarters}{after[what] / unit:10.1f}")
        for kind, stage in itertools.product(("clean", "held", "mixed"), ("end of headers", "end of message")):
            row = world.answers(second, kind, stage)
            if row["count"]:
                print(f"{kind + ' mail, ' + stage:32}{row['count']:10} answers, median {row['median_ms']:.2f} ms, "
                      f"99 % {row['p99_ms']:.1f} ms, longest {row['longest_ms']:.0f} ms")
        print(f"CPU of the daemon {second['daemon_cpu_us_a_mail']:.0f} us a mail, of the load "
              f"{second['own_cpu_us_a_mail']:.0f} us\n")
        for complaint in first["complaints"] + second["complaints"]:
            print("  " + complaint)


def open_files(pid):
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            yield os.readlink(f"/proc/{pid}/fd/{entry}")
        except FileNotFoundError:
            pass


def main():
    soak = Soak(arguments())
    try:
        measured = soak.run()
        soak.print_table(*measured)
        checks = soak.judge(*measured)
    finally:
        soak.stop.set()
        for thread in soak.threads:
            thread.join()
        soak.daemon.close()
        soak.sink.close()
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
