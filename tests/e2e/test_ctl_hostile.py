"""Nothing that a stranger wrote reaches a terminal, or a script, as anything but text.

Every run of quarantinectl in the tests is looked at (harness/ctl.py): no control but line ends and tabs, no DEL, no
C1 control, nothing that turns the direction of writing, nothing that is not UTF-8. Here it gets what is worst.
"""
import itertools
import json
import os
import sqlite3

from harness import ctl, mails, places
from harness.ancestor import Ancestor
from harness.case import MilterCase
from harness.ctl import Harmful
from harness.daemon import program
from harness.milter import MilterClient

ESCAPES = "\x1b[31mEVIL\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\"
BIDI = "\u202eEVIL\u202c\u2066x\u2069\u200f\u061c"
C1 = "\u009b31mEVIL\u0085\u009d0;owned\u009c\u2028x\u2029"
TEXT = f"{ESCAPES}{BIDI}{C1}\x7f\x08\x0b\x0c"
BYTES = TEXT.encode() + b"\x9b31mEVIL\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80"
WORDS = "=?utf-8?q?" + "".join(f"={byte:02X}" for byte in (TEXT + "\r\nBcc: x\r\n\r\nEVIL\x00\t").encode()) + "?="
BROKEN_WORDS = ("=?utf-8?q?" + "".join(f"={byte:02X}" for byte in BYTES) +
                "?= =?no-such-charset?q?=1B[31m?= =?utf-16?b?2AA=?=")
RULE = {"regex": "^(?P<flag>X-Spam-Flag): YES|^X-Matched: (?P<evil>.*)"}
NONSENSE = ("../x", "..", "/etc/passwd", "*", "?", "%", "_", "%27", "'", '"', "';--", "`id`", "$(id)", "01;id", "01 02",
            "01ABC", "ilou", "0" * 27, "", "\x1b[31m", "é", "-", "--")


def evil_mail(*headers):
    """A mail that is bad all over; it matches the rule."""
    flat = BYTES.replace(b"\r", b"").replace(b"\n", b"")
    return (b"X-Matched: " + flat + b"\r\nFrom: \"" + flat + b"\" <anna@shop.example>\r\nTo: " + flat +
            b"\r\nSubject: " + flat + WORDS.encode() + b" " + BROKEN_WORDS.encode() + b"\r\nDate: " + flat + b"\r\n" +
            b"".join(header + b"\r\n" for header in headers) +
            b"X-" + flat.replace(b":", b"") + b": " + flat + b"\r\n"
            b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
            b"Content-Type: text/html; charset=utf-8\r\n\r\n<p title=\"" + BYTES + b"\">" + BYTES +
            b"&#27;[31m&#x9b;31m&#8238;EVIL</p><script>x</script>\r\n--b\r\n"
            b"Content-Type: application/" + flat + b"; name=\"" + flat + b"\"\r\n"
            b"Content-Disposition: attachment; filename*=utf-8''%1B%5B31mEVIL%E2%80%AE%0D%0A%00.exe\r\n"
            b"\r\nx\r\n--b--\r\n")


class HostileBase(MilterCase):
    def both(self, desk, *arguments, codes=(0,), json_too=True):
        """On pipes and on terminals, with --json and without: what is said must be harmless, and JSON must be JSON."""
        runner = desk.ctl() if hasattr(desk, "ctl") else desk
        for more in ((), ("--json",)) if json_too else ((),):
            plain = runner.run(*arguments, *more)
            self.assertIn(plain.code, codes, plain)
            seen = runner.on_terminal(*arguments, *more)
            self.assertIn(seen.code, codes, seen)
            runner.on_terminal(*arguments, *more, NO_COLOR="1", columns=40)
            if more and plain.out:
                self.assertEqual(type(json.loads(plain.out)), dict)
                json.loads(seen.out)
        return plain

    def evil_desk(self, **options):
        self.database = self.folder / f"{mails.token()}.db"
        return self.daemon({"spam": {**RULE, "whitelist_type": "DB", "whitelist_db_table": "whitelist",
                                     "whitelist_db_connection": f"sqlite:///{self.database}", **options}},
                           {"smtp_port": str(self.sink.port)})

    def hold_evil(self, desk, sender="anna@shop.example", recipient="user@our.example", queue_id="4TESTqueue"):
        with MilterClient(desk.milter) as client:
            client.connect(name="\x1b[31mEVIL.example", address="192.0.2.1")
            self.assertEqual(client.mail(sender, recipient, evil_mail(), queue_id=queue_id).letter, "d")
        return desk.catalog().held()[-1].id


class HostileMailCase(HostileBase):
    def test_the_tests_would_notice(self):
        desk = self.evil_desk()
        held = self.hold_evil(desk)
        with self.assertRaises(Harmful):
            desk.ctl().run("cat", held, "--eml")
        for harmful in (b"\x1b[31m", b"\r", b"\x7f", b"\x00", b"\xc2\x9b", b"\xe2\x80\xae", b"\xff", b"\xe2\x80\xa8"):
            self.assertIsNotNone(ctl.harm_in(b"x" + harmful + b"y"))
        self.assertIsNotNone(ctl.harm_in(b"\x1b[2J", terminal=True))
        self.assertIsNone(ctl.harm_in("äöü 東京 \U0001f600\t\n".encode()))

    def test_every_verb_that_shows_it(self):
        desk = self.evil_desk()
        held = self.hold_evil(desk)
        shown = self.both(desk, "show", held)
        self.assertIn("EVIL", shown.text)
        for verb in (["list"], ["status"], ["cat", held], ["cat", held, "--headers"], ["store", "check"],
                     ["config", "show"]):
            self.both(desk, *verb)
        for verb in (["explain", held],):
            self.both(desk, *verb, codes=(10,))
        for verb in (["setup", "postfix"], ["setup", "sendmail"], ["config", "reference"],
                     ["config", "reference", "--ini"]):
            self.both(desk, *verb, json_too=False)

    def test_files(self):
        desk = self.evil_desk()
        folder = self.folder / mails.token()
        folder.mkdir()
        name = os.fsencode(folder) + b"/" + BYTES.replace(b"/", b"_").replace(b"\0", b"")[:200]
        with open(name, "wb") as file:
            file.write(evil_mail(b"Return-Path: <" + BYTES.replace(b"\r", b"").replace(b"\n", b"") + b"@evil.example>",
                                 b"Delivered-To: " + BYTES.replace(b"\n", b"")))
        self.both(desk, "explain", name, codes=(10,))
        self.both(desk, "explain", folder, codes=(10,))
        self.both(desk, "explain", name + b"-missing", codes=(64,), json_too=False)
        alone = ctl.Ctl(program("quarantinectl"))
        self.both(alone, "preview", name)
        self.both(alone, "preview", name, "--html")
        self.both(alone, "preview", name + b"-missing", codes=(1, 64, 69), json_too=False)
        mbox = folder / "mbox"
        flat = BYTES.replace(b"\n", b"").replace(b"\r", b"")
        mbox.write_bytes(b"From " + flat + b" Sat Nov 21 10:00:00 2026\n" + evil_mail().replace(b"\r\n", b"\n") + b"\n"
                         b"From x@x.example Sat Nov 21 10:00:00 2026\n" + evil_mail() + b"\n")
        self.both(desk, "explain", mbox, codes=(10,))
        os.mkdir(name + b"d")
        for path in (name, name + b"d"):
            self.both(ctl.Ctl(program("quarantinectl"), path), "list", codes=(78, 69, 77), json_too=False)

    def test_addresses_and_queue_ids(self):
        desk = self.evil_desk()
        for sender, recipient in ((f'"{ESCAPES}"@shop.example', f'"{BIDI}"@our.example'),
                                  (f"{C1}@{BIDI}.example", "a@\u202e.example"),
                                  ("\udcff\udc9b@x.example", "\udcfe\x7f@our.example")):
            held = self.hold_evil(desk, sender, recipient, queue_id="4\x1b[31mEVIL")
            self.both(desk, "show", held)
            self.both(desk, "list")
            self.both(desk, "list", "--to", recipient.encode("utf-8", "surrogateescape"), codes=(0, 2, 64),
                      json_too=False)
            self.both(desk, "explain", held, codes=(0, 10))
            self.both(desk, "release", held, codes=(0, 1))
            self.both(desk, "release", held, "--allow", "address", "--again", codes=(0, 1, 64))
            self.both(desk, "delete", held)
        self.both(desk, "whitelist", "list", codes=(0, 2))

    def test_answers_of_mail_servers(self):
        desk = self.evil_desk()
        held = self.hold_evil(desk)
        reply = BYTES.replace(b"\r", b"").replace(b"\n", b"")
        for stage, code, exit_code in (("rcpt", b"550 5.1.1 ", 1), ("message", b"451 4.3.0 ", 75),
                                       ("connect", b"421 ", 75),
                                       ("mail", b"550-" + reply + b"\r\n550 ", 1), ("message", b"250 2.0.0 ", 0)):
            self.sink.reset()
            self.sink.answer(stage, code + reply)
            self.both(desk, "release", held, "--again", codes=(exit_code,))
            self.both(desk, "copy", held, "--to", "x@our.example", codes=(exit_code,))
            shown = self.both(desk, "show", held)
            self.assertIn("EVIL", shown.text)

    def test_notices(self):
        template = self.folder / f"{mails.token()}.html"
        template.write_text("<p>{EMAIL_SUBJECT}{EMAIL_HTML_TEXT}{evil}</p>", encoding="ascii")
        self.sink.answer("rcpt", b"550 5.1.1 " + BYTES.replace(b"\r", b"").replace(b"\n", b""))
        desk = self.evil_desk(notification_type="EMAIL", notification_email_from="quarantine@our.example",
                              notification_email_subject="[Held] {EMAIL_SUBJECT}",
                              notification_email_template=str(template))
        held = self.hold_evil(desk)
        places.wait_until("the notice is refused",
                          lambda: [n for n in desk.catalog().notices() if n["state"] == "refused"])
        self.assertIn("EVIL", self.both(desk, "show", held).text)
        self.both(desk, "notify", held)

    def test_the_catalog_itself(self):
        """Somebody may have written into the database."""
        desk = self.evil_desk()
        held = self.hold_evil(desk)
        for column in ("quarantine", "sender", "queue_id", "client_address", "client_name", "client_user", "subject",
                       "header_from", "header_date", "why", "match_groups", "action", "notes"):
            desk.catalog().execute(f"UPDATE held_message SET {column} = ? WHERE id = ?", TEXT, held)
        desk.catalog().execute("UPDATE held_recipient SET reply = ?, address = ?", TEXT, TEXT + "@our.example")
        desk.catalog().execute("UPDATE held_recipient SET quarantine = ?", TEXT)
        for verb in (["list"], ["show", held], ["status"], ["expire"], ["expire", "--dry-run"], ["store", "check"],
                     ["cat", held], ["delete", held]):
            self.both(desk, *verb, codes=(0, 1, 69))


class HostileSurroundingsCase(HostileBase):
    def test_whitelist_rows(self):
        desk = self.evil_desk()
        self.ctl(desk, "whitelist", "add", "--from", "a@shop.example", "--comment", TEXT)
        with sqlite3.connect(self.database, timeout=20) as connection:
            for sender, recipient in ((TEXT, TEXT), (f"{BIDI}@shop.example", ""), ("", f"@{C1}.example"),
                                      ("Nul\0@shop.example", "")):
                connection.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment)"
                                   " VALUES (?, ?, ?, ?, ?)",
                                   (sender, recipient, TEXT, TEXT, TEXT))
            connection.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment) VALUES"
                               " (CAST(? AS TEXT), '', '', '', CAST(? AS TEXT))", (BYTES, BYTES))
        self.both(desk, "whitelist", "list")
        self.both(desk, "whitelist", "check", codes=(1,))
        self.both(desk, "whitelist", "check", "--repair", codes=(1,))
        self.both(desk, "whitelist", "add", "--from", "b@shop.example", "--comment", TEXT, codes=(0, 1))
        for number in range(1, 7):
            self.both(desk, "whitelist", "delete", str(number), codes=(0, 2))

    def test_the_command_line(self):
        desk = self.evil_desk()
        held = self.hold_evil(desk)
        for value in (BYTES, b"\xff", b"\n"):
            for verb in ([value], ["show", value], ["cat", value], ["release", value], ["release", held, "--to", value],
                         ["release", held, "--allow", value], ["copy", held, "--to", value],
                         ["delete", held, "--to", value],
                         ["notify", held, "--to", value], ["list", "--from", value], ["list", "--to", value],
                         ["list", "--since", value], ["list", "--state", value], ["list", "-q", value],
                         ["list", "--limit", value],
                         ["list", "--before", value], ["whitelist", "add", "--from", value],
                         ["whitelist", "delete", value],
                         ["whitelist", "list", "-q", value], ["explain", value], ["explain", held, "--client", value],
                         ["preview", value], ["import", "pyquarantine", value], [b"--" + value], ["config", value]):
                said = desk.ctl().run(*verb)
                self.assertNotEqual(said.code, 0, said)
                self.assertEqual(desk.ctl().on_terminal(*verb).code, said.code)
        self.assertEqual([one.recipients for one in desk.catalog().held()], [{"user@our.example": "held"}])
        self.assertEqual(self.sink.mails(), [])

    def test_the_configuration(self):
        desk = self.evil_desk()
        whole = desk.file.read_bytes()
        self.addCleanup(desk.file.write_bytes, whole)
        flat = BYTES.replace(b"\n", b"").replace(b"\r", b"").replace(b"\0", b"")
        text = TEXT.replace("\r", "").encode()
        for data in (whole + b"\n" + flat + b"\n", whole + b"\n[" + flat + b"]\n", whole + b"\n" + flat + b" = x\n",
                     whole.replace(b"action = ", b"action = " + flat),
                     whole.replace(b"smtp_host = ", b"smtp_host = " + flat),
                     whole.replace(b"quarantine_directory = ", b"quarantine_directory = /nonexistent/" + flat),
                     whole.replace(b"regex = ", b"regex = (" + flat), whole.replace(b"user = root", b"user = " + flat),
                     whole.replace(b"catalog = sqlite:///", b"catalog = sqlite:////nonexistent/" + flat),
                     whole.replace(b"regex = ", b"reject_reason = " + text + b"\nregex = "),
                     whole.replace(b"[spam]", b"[spam" + text + b"]").replace(b"= spam", b"= spam" + text),
                     flat * 1000):
            desk.file.write_bytes(data)
            for verb in (["config", "check"], ["config", "show"], ["list"], ["setup", "postfix"],
                         ["whitelist", "list"]):
                said = desk.ctl().run(*verb)
                self.assertIn(said.code, (0, 2, 64, 69, 78), said)
                desk.ctl().on_terminal(*verb)
                if verb[0] != "setup":
                    said = desk.ctl().run(*verb, "--json")
                    if said.out:
                        json.loads(said.out)

    def test_folders_of_the_ancestor(self):
        desk = self.evil_desk()
        old = Ancestor(self.folder / mails.token())
        flat = BYTES.replace(b"/", b"_").replace(b"\0", b"")[:150]
        name = os.fsdecode(flat)
        old.add({"mailfrom": TEXT, "recipients": [TEXT, f"{BIDI}@our.example"], "timestamp": 1709294400,
                 "subject": TEXT,
                 "queue_id": TEXT, "vars": {TEXT: TEXT}}, evil_mail(), name=name)
        old.add({"mailfrom": "a@x.example", "recipients": ["u@our.example"], "timestamp": 1709294400, "subject": TEXT,
                 "queue_id": TEXT, "named_subgroups": {TEXT: TEXT}, "headers": [[TEXT, TEXT], ["Subject", TEXT]]},
                evil_mail(),
                name=name + "2")
        old.add(b"{" + BYTES, name=name + "3")
        old.add({"mailfrom": "a@x.example", "recipients": TEXT, "timestamp": TEXT}, name=name + "4")
        self.both(desk, "import", "pyquarantine", old.folder, codes=(1,))
        self.both(desk, "list", codes=(0, 2))
        for held in desk.catalog().held():
            self.both(desk, "show", held.id)
            self.both(desk, "cat", held.id)
            self.both(desk, "release", held.id, "--all", codes=(0, 1))

    def test_files_in_the_store(self):
        desk = self.evil_desk()
        held = self.hold_evil(desk)
        path = desk.store("spam").mail(held).path
        odd = os.fsencode(path.parent) + b"/" + BYTES.replace(b"/", b"_").replace(b"\0", b"")[:200] + b".eml"
        with open(odd, "wb") as file:
            file.write(b"x")
        self.both(desk, "store", "check", codes=(0, 1))
        self.both(desk, "store", "check", "--repair", codes=(0, 1))
        self.assertTrue(os.path.exists(odd))
        # Trace lines that somebody forged.
        old = "01hqxw5p00" + held[10:]
        place = path.with_name(f"{old}.eml")
        place.write_bytes(path.read_bytes().replace(held.encode(), old.encode())
                          .replace(b"X-Quarantine-Name: spam", b"X-Quarantine-Name: " + TEXT.encode()))
        self.both(desk, "store", "check", codes=(0, 1))
        self.both(desk, "store", "check", "--repair", codes=(0, 1))

    def test_ids_that_are_none_do_nothing(self):
        desk = self.evil_desk()
        held = self.hold_evil(desk)
        before = (desk.catalog().held(), [(mail.id, mail.data) for mail in desk.store("spam").mails()])
        others = itertools.cycle((["copy", "--to", "x@our.example"], ["notify"], ["show"], ["cat"], ["cat", "--eml"]))
        for nonsense in NONSENSE:
            for verb in (["release", "--all"], ["delete"], next(others)):
                said = self.ctl(desk, *verb, "--", nonsense, code=64)
                self.assertEqual(said.out, b"")
            # A good one beside it is left alone too.
            self.ctl(desk, "delete", "--", held, nonsense, code=64)
            self.assertNotEqual(desk.ctl().run("list", f"--before={nonsense}").code, 0)
        self.assertEqual((desk.catalog().held(), [(mail.id, mail.data) for mail in desk.store("spam").mails()]), before)
        self.assertEqual(self.sink.mails(), [])
