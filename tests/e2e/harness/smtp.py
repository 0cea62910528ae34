"""An SMTP client on a bare socket, for when the exact bytes matter."""
import dataclasses
import re
import socket


@dataclasses.dataclass
class Reply:
    code: int
    text: str  #: all lines, codes included, joined by \n

    def __str__(self):
        return self.text


@dataclasses.dataclass
class Result:
    """What the server said to one mail."""
    mail: Reply
    recipients: dict  #: recipient -> Reply
    final: Reply      #: answer to DATA's end, or to the command that ended the attempt

    @property
    def code(self):
        return self.final.code


def stuffed(message):
    """As it goes over the wire: dots doubled at line starts, closed by the final dot."""
    message = re.sub(rb"(?m)^\.", b"..", message)
    return message + (b".\r\n" if message.endswith(b"\r\n") or not message else b"\r\n.\r\n")


class Client:
    def __init__(self, port, host="127.0.0.1", seconds=60.0, ehlo="client.test.example"):
        self._socket = socket.create_connection((host, port), timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")
        self.greeting = self.reply()
        self.offers = self.command(f"EHLO {ehlo}").text if ehlo else ""

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.drop() if kind else self.quit()

    def reply(self):
        lines = []
        while True:
            line = self._reader.readline(4096)
            if not line:
                raise ConnectionError(f"the server closed the connection after {lines!r}")
            lines.append(line.decode("utf-8", "backslashreplace").rstrip("\r\n"))
            if line[3:4] != b"-":
                return Reply(int(line[:3]), "\n".join(lines))

    def send(self, data):
        self._socket.sendall(data)

    def command(self, text):
        self.send(text.encode("utf-8", "surrogateescape") + b"\r\n")
        return self.reply()

    def pipeline(self, *commands):
        """Sends all commands in one go; their replies."""
        self.send(b"".join(c.encode("utf-8", "surrogateescape") + b"\r\n" for c in commands))
        return [self.reply() for _ in commands]

    def envelope(self, sender, recipients, options=""):
        """MAIL and RCPT; (reply to MAIL, {recipient: reply})."""
        mail = self.command(f"MAIL FROM:<{sender}>{' ' + options if options else ''}")
        if mail.code != 250:
            return mail, {}
        return mail, {recipient: self.command(f"RCPT TO:<{recipient}>") for recipient in recipients}

    def mail(self, sender, recipients, message, options=""):
        """One whole mail; `message` has CRLF line ends."""
        recipients = [recipients] if isinstance(recipients, str) else recipients
        mail, told = self.envelope(sender, recipients, options)
        if mail.code != 250:
            return Result(mail, told, mail)
        if not any(reply.code in (250, 251) for reply in told.values()):
            final = list(told.values())[-1]
            self.command("RSET")
            return Result(mail, told, final)
        ready = self.command("DATA")
        if ready.code != 354:
            return Result(mail, told, ready)
        self.send(stuffed(message))
        return Result(mail, told, self.reply())

    def quit(self):
        try:
            self.command("QUIT")
        except OSError:
            pass
        self.drop()

    def drop(self):
        """Closes the connection without a word."""
        self._reader.close()
        self._socket.close()


def send_mail(port, sender, recipients, message, options=""):
    """One mail in a connection of its own."""
    with Client(port) as client:
        return client.mail(sender, recipients, message, options)
