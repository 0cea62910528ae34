"""The part of scripts/quickstart that comes after the build: runs the daemon behind a private Postfix, sends mails
and shows what became of them."""
import argparse
import email
import email.policy
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import unicodedata

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests" / "e2e"))

from harness import catalog, daemon, mta, places, postfix, sink  # noqa: E402

USER = "user@quickstart.example"
WHITELISTED = "whitelisted@quickstart.example"
SENDER = "newsletter@shop.example"

CLEAN = """\
From: Anna Smith <anna@shop.example>
To: user@quickstart.example
Subject: Lunch tomorrow?
Date: Sat, 21 Nov 2026 10:00:00 +0000
Message-ID: <clean@shop.example>

At noon, the usual place?
"""
SPAM = """\
From: "Prize department" <prizes@lottery.example>
To: user@quickstart.example, whitelisted@quickstart.example
Subject: You have won!
Date: Sat, 21 Nov 2026 10:01:00 +0000
Message-ID: <spam@lottery.example>
X-Spam-Flag: YES

Send us your bank details and we send you a million.
"""
NEWSLETTER = """\
From: Great Offers <newsletter@shop.example>
To: user@quickstart.example
Subject: =?utf-8?q?Offers_of_the_week_=E2=80=93_=3Cb=3Echeap=3C/b=3E?=
Date: Sat, 21 Nov 2026 10:02:00 +0000
Message-ID: <newsletter@shop.example>
X-Spam-Flag: YES
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><head><script>alert("hello")</script></head><body>
<h1>Offers of the week</h1><p>Socks at half price, <a href="http://shop.example/track?you">only today</a>.</p>
<img src="http://shop.example/pixel.gif"></body></html>
"""
VIRUS = """\
From: Accounting <accounting@invoices.example>
To: user@quickstart.example
Subject: Invoice 4711
Date: Sat, 21 Nov 2026 10:03:00 +0000
Message-ID: <virus@invoices.example>
X-Virus-Status: Infected (Eicar-Signature)
X-Virus: Eicar-Signature

Please see the attachment.
"""
OWN_MAILS = [("a clean mail", "anna@shop.example", [USER], CLEAN),
             ("spam for two, one of them whitelisted", "prizes@lottery.example", [USER, WHITELISTED], SPAM),
             ("an HTML newsletter that a scanner flagged", "newsletter@shop.example", [USER], NEWSLETTER),
             ("a mail in which a scanner found a virus", "accounting@invoices.example", [USER], VIRUS)]


class Terminal:
    """Writes for people; colours only where they are wanted."""

    def __init__(self):
        self._colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def line(self, text="", indent=0, style=None):
        """One line. Whatever may come out of a mail is made harmless here."""
        text = printable(text)
        if style and self._colours:
            text = f"\x1b[{style}m{text}\x1b[0m"
        print(" " * indent + text, flush=True)

    def heading(self, text):
        self.line()
        self.line(text, style="1")


def printable(text):
    """Control characters, escape sequences and what turns the writing direction become visible codes."""
    def shown(character):
        if character == " " or unicodedata.category(character)[0] not in "CZ" or character == "\u3000":
            return character
        return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"
    return "".join(map(shown, text))


def adapted(text, changes):
    """The configuration with other values: `changes` maps sections to options; an option that is not there is
    added to its section. The rest, comments included, stays as it is."""
    left = {section: dict(options) for section, options in changes.items()}
    lines, section, dropping = [], None, False
    for line in text.splitlines():
        header = re.match(r"\[(.+?)\]\s*$", line)
        option = re.match(r"([A-Za-z_]\w*)\s*[=:]", line)
        if header:
            section = header.group(1)
            lines.append(line)
            lines += [f"{name} = {value}" for name, value in left.pop(section, {}).items()]
            dropping = False
        elif option:
            dropping = option.group(1).lower() in changes.get(section, {})
            if not dropping:
                lines.append(line)
        elif not (dropping and line[:1] in (" ", "\t") and line.strip()):
            lines.append(line)
            dropping = False
    for name, options in left.items():
        lines += ["", f"[{name}]", *(f"{option} = {value}" for option, value in options.items())]
    return "\n".join(lines) + "\n"


class Demonstration:
    def __init__(self, terminal):
        self._say = terminal
        self.folder = places.TempDir("quickstart")
        self.sink = sink.SmtpSink()
        milter = mta.MilterSocket(path=str(self.folder.folder("run") / "milter.sock"))
        self.postfix = postfix.Postfix(self.folder, milter, self.sink)
        self.daemon = daemon.Daemon(self.folder, {}, milter=milter, name="quarantine-milter")
        self._configure()

    def _configure(self):
        """The configuration that the package installs, with its places moved into our folder."""
        state = self.folder.folder("quarantine-milter")
        text = (PROJECT / "conf" / "quarantine-milter.conf").read_text(encoding="utf-8")
        text = text.replace("/usr/share/quarantine-milter/templates", str(PROJECT / "templates"))
        text = text.replace("/var/lib/quarantine-milter", str(state))
        for folder in re.findall(r"(?m)^quarantine_directory\s*[=:]\s*(\S+)\s*$", text) + [state / "spool"]:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        whitelist = state / "whitelist.db"
        catalog.add_whitelist(whitelist, "whitelist", ("", WHITELISTED))
        self.daemon.write(adapted(text, {
            "global": {"socket": self.daemon.milter.for_libmilter(), "socket_mode": "0666", "socket_group": "",
                       "user": "root", "catalog": f"sqlite:///{self.daemon.catalog_file}",
                       "spool_directory": str(state / "spool"), "smtp_host": "127.0.0.1",
                       "smtp_port": str(self.postfix.reinjection_port),
                       "whitelist_type": "DB", "whitelist_db_connection": f"sqlite:///{whitelist}",
                       "whitelist_db_table": "whitelist",
                       "notification_email_from": "Mail quarantine <quarantine@quickstart.example>"},
            "virus": {"action": "REJECT", "reject_reason": "A virus was found in this mail"}}))

    def start(self):
        code, text = self.daemon.check()
        if code != 0:
            raise RuntimeError(f"the configuration is not in order (exit {code}):\n{text}")
        self.daemon.start()
        self.postfix.start()
        self._say.heading(f"quarantine-milter behind Postfix {self.postfix.version()}")
        self._say.line(f"configuration  {self.daemon.file} (checked with -t: in order)", 2)
        self._say.line(f"mail server    127.0.0.1:{self.postfix.port}", 2)

    def close(self):
        self.postfix.stop()
        if self.daemon.process is not None:
            self.daemon.stop()
        self.daemon.close()
        self.sink.close()
        self.folder.remove()

    # -- one mail -------------------------------------------------------------------------------------

    def show(self, number, title, sender, recipients, message):
        self._say.heading(f"{number}. {title}")
        self._say.line(f"from <{sender}>, {len(message)} bytes", 3)
        known = {held.id for held in self.daemon.catalog().held()}
        delivered = len(self.sink.mails())
        answer = self.postfix.send(sender, recipients, message)
        self._say.line(f"the mail server answered: {' / '.join(answer.final.text.splitlines())}", 3)
        for recipient, reply in answer.recipients.items():
            if reply.code != 250:
                self._say.line(f"to <{recipient}>: {reply}", 3)
        held = [held for held in self.daemon.catalog().held() if held.id not in known]
        waiting = {recipient for mail in self.postfix.on_hold() for recipient in mail.recipients}
        self._wait_for_notices(held)
        self.postfix.wait_idle()
        # Notices come from the null sender; everything else the mail server passed on is the mail itself.
        arrived = {recipient: mail for mail in self.sink.mails()[delivered:] if mail.sender == sender
                   for recipient in mail.recipients}
        for recipient in recipients:
            self._show_recipient(recipient, message, arrived.get(recipient), held, recipient in waiting)
        for mail in held:
            self._show_notices(mail)

    def _show_recipient(self, recipient, message, arrived, held, waiting):
        said = False
        if arrived is not None:
            unchanged = "unchanged" if arrived.data.endswith(message) else "CHANGED"
            self._say.line(f"to <{recipient}>: delivered, {unchanged}", 3, "32")
            said = True
        for mail in held:
            state = mail.recipients.get(recipient)
            if state is not None:
                where = f"in quarantine \"{mail.quarantine}\" ({mail.action})"
                self._say.line(f"to <{recipient}>: {state} {where}", 3, "33")
                self._say.line(f"id    {mail.id}", 6)
                self._say.line(f"why   {mail.why}", 6)
                self._say.line(f"file  {self._file(mail.id) or 'none: this quarantine keeps nothing'}", 6)
                said = True
        if not said:
            fate = "waits in the mail server's hold queue" if waiting else "not delivered"
            self._say.line(f"to <{recipient}>: {fate}", 3, "31")

    def _file(self, held_id):
        return next((str(path) for path in self.folder.path.rglob(f"{held_id}.eml")), None)

    def _notices_of(self, mail):
        return [notice for notice in self.daemon.catalog().notices() if notice["message"] == mail.id]

    def _wait_for_notices(self, held):
        for mail in held:
            places.wait_until("the notices are sent", lambda mail=mail: all(
                notice["state"] != "due" or notice["reply"] for notice in self._notices_of(mail)), 30)

    def _show_notices(self, mail):
        for notice in self._notices_of(mail):
            self._say.line()
            if notice["state"] != "sent":
                self._say.line(f"the notice to <{notice['recipient']}> is {notice['state']}: {notice['reply']}", 3,
                               "31")
                continue
            received = self.sink.wait_for(notice["recipient"], mail.id.encode())
            parsed = email.message_from_bytes(received.data, policy=email.policy.default)
            self._say.line(f"the notice to <{notice['recipient']}>:", 3)
            for name in ("From", "To", "Subject"):
                self._say.line(f"| {name}: {parsed[name]}", 6)
            self._say.line("|", 6)
            for line in parsed.get_body(preferencelist=("plain",)).get_content().rstrip().splitlines():
                self._say.line(f"| {line}", 6)

    # -- the administrator ----------------------------------------------------------------------------

    def show_desk(self):
        """What is held, why, and that it can be let go."""
        held = [mail for mail in self.daemon.catalog().held() if USER in mail.recipients]
        if not held:
            return
        chosen = next((mail for mail in held if mail.quarantine == "spam"), held[0])
        self._say.heading("The administrator's desk")
        self._ctl("list")
        self._ctl("explain", chosen.id)
        before = len(self.sink.mails())
        self._ctl("release", chosen.id, "--to", USER)
        self.postfix.wait_idle()
        arrived = [mail for mail in self.sink.mails()[before:] if USER in mail.recipients]
        original = self._original(chosen.id)
        for mail in arrived:
            unchanged = "unchanged" if mail.data.endswith(original) else "CHANGED"
            self._say.line(f"to <{USER}>: delivered, {unchanged}", 3, "32")
        self._ctl("release", chosen.id, "--to", USER)

    def _ctl(self, *arguments, show=True):
        program = daemon.program("quarantinectl")
        done = subprocess.run([program, "-c", self.daemon.file, *arguments], capture_output=True, check=False,
                              timeout=60)
        if show:
            self._say.line()
            self._say.line("$ quarantinectl " + " ".join(arguments), 3, "1")
            for line in (done.stdout + done.stderr).decode("utf-8", "replace").splitlines():
                self._say.line(line, 3)
        return done.stdout

    def _original(self, held_id):
        return self._ctl("cat", held_id, "--eml", show=False)

    # -- staying up -----------------------------------------------------------------------------------

    def keep(self):
        self._say.heading("It stays up. To play with:")
        for name, value in (("SMTP, with the milter", f"127.0.0.1:{self.postfix.port}"),
                            ("SMTP, without it", f"127.0.0.1:{self.postfix.reinjection_port}"),
                            ("whitelisted", WHITELISTED),
                            ("milter socket", self.daemon.milter.for_libmilter()),
                            ("configuration", f"{self.daemon.file} (kill -USR1 {self.daemon.process.pid} reloads it)"),
                            ("catalog", self.daemon.catalog_file), ("folder", self.folder.path),
                            ("daemon's log", self.daemon.folder / "log"),
                            ("Postfix's log", self.postfix.folder / "postfix.log")):
            self._say.line(f"{name:<22} {value}", 2)
        if shutil.which("swaks"):
            self._say.line(f"try: swaks --server 127.0.0.1:{self.postfix.port} --to {USER} "
                           "--header 'X-Spam-Flag: YES'", 2)
        self._say.line("Ctrl-C ends it.", 2)
        while True:
            signal.pause()


def given_mail(path):
    """A file as it would come over the wire: CRLF line ends, no mbox line."""
    data = re.sub(rb"\r?\n", b"\r\n", pathlib.Path(path).read_bytes())
    data = re.sub(rb"\AFrom [^\r\n]*\r\n", b"", data)
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def interrupted(_number, _frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="quickstart")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("mails", nargs="*")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    wanted = ([(os.path.basename(path), SENDER, [USER, WHITELISTED], given_mail(path)) for path in arguments.mails]
              or [(title, sender, recipients, text.replace("\n", "\r\n").encode())
                  for title, sender, recipients, text in OWN_MAILS])
    terminal = Terminal()
    demonstration = Demonstration(terminal)
    try:
        demonstration.start()
        for number, mail in enumerate(wanted, 1):
            demonstration.show(number, *mail)
        demonstration.show_desk()
        if arguments.keep:
            demonstration.keep()
        return 0
    except KeyboardInterrupt:
        return 0 if arguments.keep else 130
    except Exception as problem:
        for line in f"quickstart: {problem}".splitlines():
            terminal.line(line, style="31")
        for line in demonstration.daemon.log().splitlines()[-20:]:
            terminal.line(line, 2)
        return 1
    finally:
        # A second Ctrl-C must not leave half of it running.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        demonstration.close()


if __name__ == "__main__":
    sys.exit(main())
