"""Everything around the daemon that is killed: mail server, sinks, catalog, senders."""
import dataclasses
import os
import pathlib
import random
import re
import signal
import threading
import time

from harness import catalog, clock, daemon, mta, places, postfix

import load
import records
import sinks

# A longer way from the final dot to the answer would only make the run longer.
NOTICE_BEFORE, NOTICE_AFTER = 0.030, 0.015
_SUBJECT = re.compile(r"held (\S+) (\S+) (n(\d+) \S+)")


def identity(transaction):
    """Of a notice as the sink has it: (number of the mail, quarantine, recipient, id under which it is held)."""
    found = _SUBJECT.search(transaction.subject)
    if not found or len(transaction.to) != 1:
        return None
    return int(found[4]), found[1], transaction.to[0], found[2]


@dataclasses.dataclass
class Node:
    """One daemon, the socket it listens on, and the envelope sender of its notices, by which the sink knows them."""
    daemon: daemon.Daemon
    milter: mta.MilterSocket
    sender: str


class World:
    def __init__(self, seed, kind, senders, backlog=120, nodes=1):
        """`backlog`: with so many notices to come no new mail is begun. `nodes`: daemons on one catalog and one
        folder."""
        self.seed = seed
        self.most_backlog = backlog
        # A disk, not memory: a commit has to take its time, or no kill would ever hit one.
        self.folder = places.TempDir("crash", below="/var/tmp")
        self.records = (records.PostgresRecords(self.folder) if kind == "postgresql"
                        else records.SqliteRecords(self.folder / "catalog.db"))
        self.deliveries = sinks.Sink(self.folder, "deliveries")
        self.notices = sinks.Sink(self.folder, "notices", NOTICE_BEFORE, NOTICE_AFTER, seed)
        self.deliveries.start()
        self.notices.start()
        self.store = self.folder.folder("store", mode=0o700)
        self.nodes = [self._node(number) for number in range(1, nodes + 1)]
        # The mail server is not what is proved here, and it would take most of the disk's time.
        self.memory = places.TempDir("crash-mta", below="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        ports = [places.free_port() for _ in self.nodes[1:]]
        services = "".join(f"127.0.0.1:{port} inet n - n - - smtpd -o smtpd_milters={node.milter.for_postfix()}\n"
                           for port, node in zip(ports, self.nodes[1:]))
        self.mta = postfix.Postfix(self.memory, self.nodes[0].milter, self.deliveries, more=(
            "milter_default_action = tempfail\nin_flow_delay = 0\nsmtpd_error_sleep_time = 0\n"
            "smtpd_soft_error_limit = 10000\nsmtpd_hard_error_limit = 10000\ndefault_process_limit = 200\n"), services=services)
        self.starts = []       #: seconds from exec to "ready"
        self.started_badly = []
        self._told = set()
        self._seen = 0
        self._asked = 0.0
        self._owed = 0
        self._backlog_lock = threading.Lock()
        self.senders = load.Senders([self.mta.port, *ports], seed, senders, self._may_go_on)

    def _node(self, number):
        (self.folder / "notice.html").write_text(
            "<html><body><p>Held: {EMAIL_QUARANTINE_ID}</p><div>{EMAIL_HTML_TEXT}</div></body></html>",
            encoding="utf-8")
        whitelist = self.folder / f"whitelist{number}.db"
        sender = f"node{number}@our.example"
        sections = {}
        for name in load.QUARANTINES:
            catalog.add_whitelist(whitelist, name, *(("", f"@{domain}") for domain in load.WHITELISTED[name]),
                                  *((f"@{domain}", "") for domain in load.WHITELISTED_SENDERS[name]))
            sections[name] = {"regex": "^" + load.FLAGS[name], "whitelist_type": "DB",
                              "whitelist_db_connection": f"sqlite:///{whitelist}", "whitelist_db_table": name,
                              "quarantine_directory": str(self.folder_of(name)),
                              "action": "REJECT" if name == "virus" else "DISCARD"}
        options = {"catalog": self.records.url, "log_level": "info", "notification_type": "EMAIL",
                   "notification_email_from": "Mail quarantine <quarantine@our.example>",
                   "notification_email_envelope_from": sender,
                   "notification_email_subject": "held {QUARANTINE} {EMAIL_QUARANTINE_ID} {EMAIL_SUBJECT}",
                   "notification_email_template": str(self.folder / "notice.html"),
                   "smtp_port": str(self.notices.port)}
        milter = mta.MilterSocket(path=str(self.folder.folder(f"milter{number}") / "sock"))
        return Node(daemon.Daemon(self.folder, sections, options, milter=milter, name=f"daemon{number}"), milter, sender)

    def folder_of(self, quarantine):
        return self.store / quarantine

    # -- life -----------------------------------------------------------------------------------------

    def start(self):
        for node in self.nodes:
            self.start_daemon(node)
        self.mta.start()
        self.senders.start()

    def start_daemon(self, node, ahead=None):
        """Starts it; it has to be ready at once. `ahead`: how far its clock is ahead of ours."""
        began = time.monotonic()
        node.daemon.notify.forget()
        node.daemon.launch(**(clock.ahead(ahead) if ahead else {}))
        while True:
            try:
                node.daemon.notify.wait_for("READY=1", 0.5)
                self.starts.append(time.monotonic() - began)
                return
            except places.TimedOut:
                if not node.daemon.process.running():
                    raise RuntimeError(f"the daemon did not start, exit {node.daemon.process.exit_code}:\n"
                                       f"{node.daemon.log()[-3000:]}") from None
                if time.monotonic() - began > 60:
                    raise

    def freeze_daemon(self, node):
        """Returns when none of its threads moves any more."""
        node.daemon.send_signal(signal.SIGSTOP)
        places.wait_until("the daemon stands still", lambda: all(
            state == "T" for state in _thread_states(node.daemon.process.pid)), 20)

    def close(self):
        self.senders.stop_new_mail()
        self.mta.stop()
        for node in self.nodes:
            node.daemon.close()
        self.notices.stop()
        self.deliveries.stop()
        self.records.close()
        self.memory.remove()

    # -- what is going on -----------------------------------------------------------------------------

    def backlog(self):
        """How many notices of answered mails the sink has not taken yet."""
        with self._backlog_lock:
            if time.monotonic() - self._asked < 0.05:
                return self._owed
            new = self.notices.taken(self._seen)
            self._seen += len(new)
            self._told.update(identity(transaction) for transaction in new)
            self._owed = self.senders.notices_expected - len(self._told)
            self._asked = time.monotonic()
            return self._owed

    def _may_go_on(self):
        return self.backlog() < self.most_backlog

    def moments(self):
        return random.Random(f"{self.seed}/moments")


def _thread_states(pid):
    states = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/stat", "rb") as stat:
                states.append(stat.read().rpartition(b")")[2].split()[0].decode())
        except FileNotFoundError:  # a thread that has just ended
            pass
    return states
