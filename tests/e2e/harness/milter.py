"""A mail server's side of the milter protocol, for tests that need no mail server around it.

One packet is a length (4 bytes, big-endian), a command letter and its data.
"""
import dataclasses
import struct

_ACTIONS = 0x1FF            # everything a mail server may offer to let the filter do
_STEPS = 0x1FFFFF           # everything it may offer to leave out or to leave unanswered

# Steps to leave out / to send without waiting for an answer, by command letter.
_LEFT_OUT = {"C": 0x01, "H": 0x02, "M": 0x04, "R": 0x08, "B": 0x10, "L": 0x20, "N": 0x40, "U": 0x100, "T": 0x200}
_UNANSWERED = {"L": 0x80, "C": 0x1000, "H": 0x2000, "M": 0x4000, "R": 0x8000, "T": 0x10000, "U": 0x20000,
               "N": 0x40000, "B": 0x80000}

CONTINUE, ACCEPT, REJECT, DISCARD, TEMPFAIL, SKIP = "c", "a", "r", "d", "t", "s"


@dataclasses.dataclass
class Verdict:
    letter: str      #: the final answer: one of the letters above, or "y" for a reply of its own
    reply: str = ""  #: "554 5.7.0 ..." where the letter is "y"
    removed: list = dataclasses.field(default_factory=list)  #: recipients taken out of the envelope
    on_hold: str = None  #: reason, where the mail goes to the hold queue
    at: str = ""     #: command letter at which the answer came

    @property
    def code(self):
        return int(self.reply[:3]) if self.letter == "y" else {"a": 250, "c": 250, "d": 250, "r": 550, "t": 451}[
            self.letter]


class MilterClient:
    def __init__(self, where, seconds=30.0):
        """`where`: an mta.MilterSocket."""
        self._socket = where.connect()
        self._socket.settimeout(seconds)
        self._reader = self._socket.makefile("rb")
        self._steps = 0
        self._client = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.drop() if kind else self.quit()

    def send(self, letter, data=b""):
        self._socket.sendall(struct.pack(">Ic", len(data) + 1, letter.encode()) + data)

    def receive(self):
        head = self._reader.read(5)
        if len(head) < 5:
            raise ConnectionError("the milter closed the connection")
        length, letter = struct.unpack(">Ic", head)
        return letter.decode(), self._reader.read(length - 1)

    def negotiate(self, version=6, actions=_ACTIONS, steps=_STEPS):
        self.send("O", struct.pack(">III", version, actions, steps))
        letter, data = self.receive()
        if letter != "O":
            raise ConnectionError(f"negotiation answered with {letter!r}")
        self._steps = struct.unpack(">III", data[:12])[2]
        return struct.unpack(">III", data[:12])

    def step(self, letter, data=b""):
        """One step of the conversation, as the negotiation wants it: the answer's letter and data, or None
        where there is none."""
        if self._steps & _LEFT_OUT.get(letter, 0):
            return None
        self.send(letter, data)
        if self._steps & _UNANSWERED.get(letter, 0):
            return None
        return self.receive()

    def connect(self, name="client.test.example", address="192.0.2.1", port=1025):
        self.negotiate()
        family = b"6" if ":" in address else b"4"
        self._client = [(b"{client_addr}", address.encode()), (b"{client_name}", name.encode())]
        self.step("C", name.encode() + b"\0" + family + struct.pack(">H", port) + address.encode() + b"\0")
        self.step("H", b"client.test.example\0")
        return self

    def mail(self, sender, recipients, message, queue_id="4TESTqueue"):
        """One mail; the Verdict."""
        head, _, body = message.partition(b"\r\n\r\n")
        steps = self._until_body(sender, recipients, head, queue_id)
        steps += [("B", body[i:i + 65535]) for i in range(0, len(body), 65535)]
        for letter, data in steps:
            if letter == "D":  # macros are never answered
                self.send(letter, data)
                continue
            answer = self.step(letter, data)
            if answer and answer[0] == SKIP and letter == "B":
                continue
            if answer and answer[0] not in (CONTINUE, SKIP):
                if letter != "N" and letter != "B":
                    self.send("A")
                return self._verdict(answer, letter)
        self.send("E")
        verdict = Verdict("")
        while not verdict.letter:
            letter, data = self.receive()
            if letter == "-":
                verdict.removed.append(data.rstrip(b"\0").decode("utf-8", "surrogateescape"))
            elif letter == "q":
                verdict.on_hold = data.rstrip(b"\0").decode("utf-8", "surrogateescape")
            elif letter in "acrdty":
                final = self._verdict((letter, data), "E")
                verdict.letter, verdict.reply, verdict.at = final.letter, final.reply, "E"
        return verdict

    def begin(self, sender, recipients, head, queue_id="4TESTqueue"):
        """A mail up to the end of its headers, and the answer to that. The body is for the caller."""
        answer = None
        for letter, data in self._until_body(sender, recipients, head, queue_id):
            answer = self.send(letter, data) if letter == "D" else self.step(letter, data)
        return answer

    def _until_body(self, sender, recipients, head, queue_id):
        recipients = [recipients] if isinstance(recipients, str) else recipients
        macros = b"".join(name + b"\0" + value + b"\0" for name, value in [(b"i", queue_id.encode()), *self._client])
        steps = [("D", b"M" + macros), ("M", _argument(sender))]
        steps += [("R", _argument(recipient)) for recipient in recipients]
        steps.append(("T", b""))
        steps += [("L", name + b"\0" + self._value(value) + b"\0") for name, value in self._fields(head)]
        steps.append(("N", b""))
        return steps

    def _value(self, value):
        # Without the leading-space option, the server strips one blank and the filter's side adds it again.
        return value if self._steps & 0x100000 else value.removeprefix(b" ")

    @staticmethod
    def _fields(head):
        fields = []
        for line in head.split(b"\r\n") if head else []:
            if line[:1] in b" \t" and fields:
                fields[-1][1] += b"\n" + line
            else:
                name, _, value = line.partition(b":")
                fields.append([name, value])
        return fields

    @staticmethod
    def _verdict(answer, at):
        letter, data = answer
        return Verdict(letter, data.rstrip(b"\0").decode("utf-8", "backslashreplace") if letter == "y" else "", at=at)

    def quit(self):
        try:
            self.send("Q")
        except OSError:
            pass
        self.drop()

    def drop(self):
        self._reader.close()
        self._socket.close()


def _argument(address):
    """Of MAIL or RCPT; bytes that are no UTF-8 stand in the text as surrogates."""
    return f"<{address}>".encode("utf-8", "surrogateescape") + b"\0"


def judge(where, sender, recipients, message):
    """One mail in a connection of its own."""
    with MilterClient(where) as client:
        return client.connect().mail(sender, recipients, message)
