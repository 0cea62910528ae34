"""The mail servers behind: one that takes the mail that passes, one that takes the notices."""
import contextlib
import dataclasses
import json
import pathlib
import signal
import sys
import threading

from harness import places, processes, smtp


@dataclasses.dataclass
class Transaction:
    """One mail as the sink saw it, from MAIL on."""
    name: str
    sender: str = ""     #: envelope sender
    steps: list = dataclasses.field(default_factory=lambda: ["open"])  #: see mail_sink.py
    to: tuple = ()
    subject: str = ""
    message_id: str = ""
    sha: str = ""
    ended: bool = False  #: the sink was killed before it took the mail

    @property
    def step(self):
        return self.steps[-1]


class Sink:
    """A mail_sink.py in a process of its own, on a port that stays the same."""

    def __init__(self, folder, name, before=0.0, after=0.0, seed=0):
        self.port = places.free_port()
        self._events = folder / f"{name}.events"
        self._log = folder / f"{name}.log"
        self._waits = (before, after)
        self._seed = seed
        self._starts = 0
        self._read = 0
        self._rest = b""
        self._lock = threading.Lock()
        self._transactions = {}
        self._taken = []
        self._live = {}
        self.process = None

    def start(self):
        self._starts += 1
        self.process = processes.Process(
            [sys.executable, pathlib.Path(__file__).parent / "mail_sink.py", self.port, self._events, *self._waits,
             self._seed + self._starts], self._log)
        places.wait_until("the sink listens", self._listens, 20)

    def _listens(self):
        if not self.process.running():
            raise RuntimeError(f"the sink ended:\n{self._log.read_text()}")
        try:
            smtp.Client(self.port, seconds=5, ehlo="").drop()
            return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process = None
        with self._lock:
            self._catch_up()
            for transaction in self._live.values():
                transaction.ended = transaction.step in ("open", "dot")
            self._live.clear()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process = None

    def _catch_up(self):
        """Reads the events that are new."""
        if not self._events.exists():
            return
        with open(self._events, "rb") as file:
            file.seek(self._read)
            data = file.read()
        self._read += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            name, what = event["transaction"], event["what"]
            if what == "open":
                self._transactions[name] = self._live[name] = Transaction(name, event["sender"])
                continue
            transaction = self._transactions[name]
            transaction.steps.append(what)
            if what == "dot":
                transaction.to, transaction.subject = tuple(event["to"]), event["subject"]
                transaction.message_id, transaction.sha = event["message_id"], event["sha"]
            elif what == "taken":
                self._taken.append(transaction)
            if what in ("answered", "unheard", "gone"):
                self._live.pop(name, None)

    def live(self):
        """Transactions without a final answer, of clients that are still there."""
        with self._lock:
            self._catch_up()
            return list(self._live.values())

    def taken(self, since=0):
        """What it answered for, in order, from the one numbered `since` on."""
        with self._lock:
            self._catch_up()
            return self._taken[since:]

    def count(self):
        with self._lock:
            self._catch_up()
            return len(self._taken)

    @contextlib.contextmanager
    def pretending(self, taken):
        """As if it had taken these."""
        before, self._taken = self._taken, taken
        try:
            yield
        finally:
            self._taken = before
