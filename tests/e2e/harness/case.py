"""What all tests with real servers share."""
import re
import unittest

from . import catalog, daemon, mails, milter, mta, places, postfix, sendmail, sink

_EVIDENCE = 15000


class DaemonCase(unittest.TestCase):
    """A folder, a sink for mail, and daemons; no mail server."""
    maxDiff = 3000

    @classmethod
    def setUpClass(cls):
        cls.folder = places.TempDir(cls.__name__.lower()[:24])
        cls.addClassCleanup(cls.folder.remove)
        cls.sink = sink.SmtpSink()
        cls.addClassCleanup(cls.sink.close)
        # The socket's folder outlives the daemons of the single tests: the mail server knows the path.
        cls.milter = mta.MilterSocket(path=str(cls.folder.folder("milter") / "sock"))
        cls._daemons = 0

    def setUp(self):
        self.sink.reset()
        self._started = []

    def new_daemon(self, quarantines, options=None, **more):
        """A daemon that is configured, and not yet started."""
        type(self)._daemons += 1
        more.setdefault("milter", self.milter)
        made = daemon.Daemon(self.folder, quarantines, options, name=f"daemon{self._daemons}", **more)
        self._started.append(made)
        self.addCleanup(made.close)
        return made

    def daemon(self, quarantines, options=None, **more):
        """A running daemon. Its end is part of every test: it must stop when asked, with exit code 0."""
        made = self.new_daemon(quarantines, options, **more).start()
        self.addCleanup(self._stopped_well, made)
        return made

    def _stopped_well(self, made):
        if made.process is not None:
            self.assertTrue(made.process.running(), f"the daemon died, exit {made.process.exit_code}")
            code, _ = made.stop()
            self.assertEqual(code, 0, "exit code after SIGTERM")

    def whitelist(self, *rows, table="whitelist"):
        """An SQLite whitelist with these (sender, recipient) rows: the options that name it."""
        path = self.folder / f"{mails.token()}.db"
        catalog.add_whitelist(path, table, *rows)
        return {"whitelist_type": "DB", "whitelist_db_connection": f"sqlite:///{path}", "whitelist_db_table": table}

    def ctl(self, daemon, *arguments, code=0, **more):
        """A run of quarantinectl that has to end with this exit code."""
        said = daemon.ctl().run(*arguments, **more)
        self.assertEqual(said.code, code, said)
        return said

    def hold(self, daemon, message, recipients="user@our.example", sender="anna@shop.example"):
        """Has it held, without a mail server; the row on record."""
        before = {held.id for held in daemon.catalog().held()}
        verdict = milter.judge(daemon.milter, sender, recipients, message)
        self.assertIn(verdict.letter, (milter.DISCARD, milter.ACCEPT), verdict)
        held, = (held for held in daemon.catalog().held() if held.id not in before)
        return held

    def evidence(self):
        """For the report of a test that failed: the end of every log."""
        text = ""
        for number, made in enumerate(self._started, 1):
            text += f"\n--- configuration of daemon {number}\n{made.file.read_text('utf-8', 'backslashreplace')}"
            text += f"\n--- log of daemon {number}\n{made.log()[-_EVIDENCE:]}"
        return text


class MilterCase(DaemonCase):
    """The same, where the test itself speaks the mail server's side of the milter protocol."""

    def verdict(self, message, where=None):
        return milter.judge(where or self.milter, "anna@shop.example", "user@our.example", message)

    def assert_holds(self, message, where=None):
        self.assertEqual(self.verdict(message, where).letter, milter.DISCARD)

    def assert_passes(self, message, where=None):
        self.assertEqual(self.verdict(message, where).letter, milter.ACCEPT)


class MtaCase(DaemonCase):
    """A daemon with a mail server in front."""
    mta_class = None
    mta_options = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mta = cls.made_mta()
        cls.addClassCleanup(cls.mta.stop)
        cls.mta.start()

    @classmethod
    def made_mta(cls):
        return cls.mta_class(cls.folder, cls.milter, cls.sink, **cls.mta_options)

    def send(self, sender, recipients, message, options=""):
        return self.mta.send(sender, recipients, message, options)

    def assert_delivered(self, recipient, message):
        """Exactly once, and byte for byte but for the trace lines that the mail server puts on top."""
        found = self.sink.wait_for(recipient)
        self.assertEqual(without_received(found.data), message)
        self.mta.wait_idle()
        self.assertEqual(len(self.sink.mails(recipient)), 1)

    def assert_not_delivered(self, *recipients):
        """Not now and not later: the mail server has nothing left to deliver."""
        self.mta.wait_idle()
        for recipient in recipients:
            self.assertEqual(self.sink.mails(recipient), [])

    def evidence(self):
        return super().evidence() + f"\n--- log of {self.mta.name}\n{self.mta.log()[-_EVIDENCE:]}"


class PostfixCase(MtaCase):
    mta_class = postfix.Postfix


class SendmailCase(MtaCase):
    mta_class = sendmail.Sendmail


def without_received(data):
    """The mail without the Received lines that stand on its top."""
    return re.sub(rb"\A(?:Received:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+", b"", data)


def without_top_field(data, name):
    """The mail without its first header field, which has to be this one: taken off by its place, because the mail
    itself may have begun with another of that name."""
    field = re.match(rb"([^:\r\n]+):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", data)
    if not field or field[1] != name:
        raise AssertionError(f"the first header field is no {name}: {data[:200]!r}")
    return data[field.end():]
