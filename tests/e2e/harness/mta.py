"""What the tests ask of a mail server, whichever it is."""
import dataclasses
import os
import socket

from . import places, smtp


@dataclasses.dataclass
class MilterSocket:
    """Where a milter listens: a unix socket or a TCP port, spelled as each program wants it."""
    path: str = ""
    host: str = "127.0.0.1"
    port: int = 0

    def for_postfix(self):
        return f"unix:{self.path}" if self.path else f"inet:{self._bracketed()}:{self.port}"

    def for_sendmail(self):
        return f"local:{self.path}" if self.path else f"{self._family()}:{self.port}@{self.host}"

    def for_libmilter(self):
        return f"unix:{self.path}" if self.path else f"{self._family()}:{self.port}@{self.host}"

    def _family(self):
        return "inet6" if ":" in self.host else "inet"

    def _bracketed(self):
        return f"[{self.host}]" if ":" in self.host else self.host

    def connect(self):
        if self.path:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.connect(self.path)
            return connection
        connection = socket.create_connection((self.host, self.port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


@dataclasses.dataclass
class HeldInQueue:
    queue_id: str
    recipients: list


class Mta:
    """A private mail server: everything that is not refused goes on to the sink.

    `port` asks the milter, `reinjection_port` does not.
    """
    name = ""
    speaks_utf8 = False

    def __init__(self, folder, milter, sink):
        self.folder = folder.folder(self.name.lower())
        self.milter = milter
        self.sink = sink
        self.port = places.free_port()
        self.reinjection_port = places.free_port()
        self.process = None

    def send(self, sender, recipients, message, options=""):
        return smtp.send_mail(self.port, sender, recipients, message, options)

    def client(self):
        return smtp.Client(self.port)

    def wait_ready(self):
        for port in (self.port, self.reinjection_port):
            places.wait_until(f"{self.name} greets", lambda port=port: self._greets(port), 30)

    def _greets(self, port):
        if not self.process.running():
            raise RuntimeError(f"{self.name} ended at its start:\n{self.log()}")
        try:
            with smtp.Client(port, seconds=5) as client:
                return client.greeting.code == 220
        except OSError:
            return False

    def wait_idle(self, seconds=30):
        """Waits until nothing is under way: whatever was not delivered by then is not going to be."""
        places.wait_until(f"{self.name} has an empty queue", lambda: not self.queue(), seconds)

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None

    # -- what each server does in its own way ----------------------------------------------------------

    @classmethod
    def version(cls):
        raise NotImplementedError

    def queue(self):
        """What is in the queue and not on hold; false when empty."""
        raise NotImplementedError

    def on_hold(self):
        """The mails in the hold queue, as HeldInQueue."""
        raise NotImplementedError

    def log(self):
        raise NotImplementedError


def note_seen(mta_class):
    """Adds the server to the list that the test run prints at its end ($QM_SERVERS_SEEN names the file)."""
    note = os.environ.get("QM_SERVERS_SEEN")
    if note:
        with open(note, "a", encoding="ascii") as file:
            file.write(f"{mta_class.name} {mta_class.version()}\n")
