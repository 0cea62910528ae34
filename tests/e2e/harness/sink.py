"""An SMTP server that keeps what it gets, byte for byte, and answers as the test wants."""
import dataclasses
import re
import socket
import threading

from . import places


@dataclasses.dataclass
class ReceivedMail:
    """One mail as it came over the wire. `data` has its CRLF line ends; the dots are unstuffed."""
    sender: str          #: argument of MAIL FROM without brackets
    sender_options: str  #: "SIZE=... SMTPUTF8"
    recipients: list     #: arguments of RCPT TO without brackets, only those that were accepted
    data: bytes
    helo: str

    def headers(self):
        return self.data.partition(b"\r\n\r\n")[0] + b"\r\n"

    def body(self):
        return self.data.partition(b"\r\n\r\n")[2]


@dataclasses.dataclass
class _Answer:
    stage: str
    pattern: str
    reply: bytes
    times: float
    given: int = 0


DROP = b""  #: as an answer: close the connection without a word


class Stall:
    """As an answer: none, before go() is called; then the usual one."""

    def __init__(self):
        self._reached = threading.Event()
        self._go = threading.Event()

    def wait_reached(self, seconds=20.0):
        if not self._reached.wait(seconds):
            raise places.TimedOut(f"sink: nobody came to the stall within {seconds:g} s")

    def go(self):
        self._go.set()

    def hold(self):
        self._reached.set()
        self._go.wait(60)


class SmtpSink:
    """Stages that can be answered differently: connect, helo, mail, rcpt, data (the command), message (after
    the final dot)."""

    def __init__(self, port=None, utf8=True):
        self.port = port or places.free_port()
        self._utf8 = utf8
        self._changed = threading.Condition()
        self._mails = []
        self._answers = []
        self._refused = []
        self._connections = set()
        self._listener = None
        self.listen()

    # -- what the test does ---------------------------------------------------------------------------

    def listen(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self):
        """Stops listening and drops all connections; listen() brings it back on the same port."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._changed:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def answer(self, stage, reply, pattern="", times=float("inf")):
        """Answers `reply` (bytes without CRLF, DROP or a Stall) at this stage, `times` times, if the argument
        matches."""
        with self._changed:
            self._answers.append(_Answer(stage, pattern, reply, times))

    def reset(self):
        with self._changed:
            self._answers.clear()
            self._mails.clear()
            self._refused.clear()

    def mails(self, recipient=None, containing=None):
        """The mails taken so far, in order; only those to `recipient` and with `containing` in their data."""
        with self._changed:
            return [mail for mail in self._mails
                    if (recipient is None or recipient in mail.recipients)
                    and (containing is None or containing in mail.data)]

    def refused(self, stage):
        """Arguments that were answered by answer() at this stage."""
        with self._changed:
            return [argument for where, argument in self._refused if where == stage]

    def wait_for(self, recipient=None, containing=None, count=1, seconds=20.0):
        """Waits until `count` such mails have come; the list of them, or the only one when count is 1."""
        with self._changed:
            found = []

            def enough():
                found[:] = self.mails(recipient, containing)
                return len(found) >= count
            # The condition's lock is re-entrant, so mails() may take it again.
            if not self._changed.wait_for(enough, seconds):
                raise places.TimedOut(f"sink: {len(found)} of {count} mails to {recipient} containing "
                                      f"{containing!r} within {seconds:g} s; all: "
                                      f"{[(m.sender, m.recipients) for m in self._mails]}")
        return found[0] if count == 1 else found

    # -- the server -----------------------------------------------------------------------------------

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._changed:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _scripted(self, stage, argument):
        reply = self._chosen(stage, argument)
        if isinstance(reply, Stall):
            reply.hold()
            return None
        return reply

    def _chosen(self, stage, argument):
        with self._changed:
            for answer in self._answers:
                if answer.stage == stage and answer.given < answer.times and re.search(answer.pattern, argument):
                    answer.given += 1
                    self._refused.append((stage, argument))
                    self._changed.notify_all()
                    return answer.reply
        return None

    def _serve(self, connection):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, connection.makefile("rb") as reader:
                _SinkSession(self, connection, reader).talk()
        except (OSError, _Dropped):
            pass
        finally:
            with self._changed:
                self._connections.discard(connection)

    def _take(self, mail):
        with self._changed:
            self._mails.append(mail)
            self._changed.notify_all()


class _Dropped(Exception):
    pass


_PATH = re.compile(r'\s*<((?:[^<>"]|"(?:[^"\\]|\\.)*")*)>\s*(.*)', re.S)


class _SinkSession:
    def __init__(self, sink, connection, reader):
        self._sink = sink
        self._connection = connection
        self._reader = reader
        self._helo = ""
        self._reset()

    def _reset(self):
        self._sender = None
        self._options = ""
        self._recipients = []

    def _say(self, stage, argument, usual):
        reply = self._sink._scripted(stage, argument)
        if reply == DROP:
            raise _Dropped
        reply = usual if reply is None else reply
        self._connection.sendall(reply + b"\r\n")
        return reply[:1] in b"23"

    def talk(self):
        self._say("connect", "", b"220 sink.test.example ESMTP")
        while True:
            line = self._reader.readline(65536)
            if not line:
                return
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            verb = text[:4].upper()
            if verb == "QUIT":
                self._say("quit", "", b"221 2.0.0 Bye")
                return
            self._command(verb, text)

    def _command(self, verb, text):
        if verb == "EHLO":
            self._helo = text[5:]
            offers = [b"250-sink.test.example", b"250-PIPELINING", b"250-8BITMIME", b"250-SIZE 100000000"]
            if self._sink._utf8:
                offers.append(b"250-SMTPUTF8")
            self._say("helo", text, b"\r\n".join(offers + [b"250 ENHANCEDSTATUSCODES"]))
        elif verb == "HELO":
            self._helo = text[5:]
            self._say("helo", text, b"250 sink.test.example")
        elif verb == "MAIL":
            found = _PATH.match(text[10:])
            self._reset()
            if self._say("mail", text[10:], b"250 2.1.0 Ok"):
                self._sender, self._options = found.groups() if found else (text[10:], "")
        elif verb == "RCPT":
            found = _PATH.match(text[8:])
            recipient = found.group(1) if found else text[8:]
            if self._say("rcpt", recipient, b"250 2.1.5 Ok"):
                self._recipients.append(recipient)
        elif verb == "DATA":
            self._data()
        elif verb == "RSET":
            self._reset()
            self._say("rset", "", b"250 2.0.0 Ok")
        else:
            self._say(verb.lower(), text, b"250 2.0.0 Ok")

    def _data(self):
        if not self._recipients:
            self._connection.sendall(b"554 5.5.1 No valid recipients\r\n")
            return
        if not self._say("data", "", b"354 End data with <CR><LF>.<CR><LF>"):
            return
        pieces = []
        begins_line = True
        while True:
            piece = self._reader.readline(1 << 20)
            if not piece:
                raise _Dropped
            if begins_line and piece == b".\r\n":
                break
            if begins_line and piece.startswith(b"."):
                piece = piece[1:]
            pieces.append(piece)
            begins_line = piece.endswith(b"\r\n")
        mail = ReceivedMail(self._sender, self._options, self._recipients, b"".join(pieces), self._helo)
        if self._say_message(mail):
            self._reset()

    def _say_message(self, mail):
        # Recorded before the answer: who has seen our 250 finds the mail in the list.
        reply = self._sink._scripted("message", mail.data.decode("latin-1"))
        if reply == DROP:
            raise _Dropped
        if reply is None:
            self._sink._take(mail)
        self._connection.sendall((reply or b"250 2.0.0 Ok: queued as SINK") + b"\r\n")
        return True
