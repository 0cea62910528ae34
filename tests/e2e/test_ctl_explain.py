"""quarantinectl explain: the very verdict that the daemon gives, with reasons, and nothing touched."""
import contextlib
import hashlib
import mailbox
import os
import sqlite3

from harness import mails
from harness.case import MilterCase
from harness.milter import MilterClient
from harness.mta import MilterSocket

ANNA = "anna@shop.example"
USER = "user@our.example"


def answered(verdict):
    """The daemon's verdict in the words of explain."""
    if verdict.on_hold is not None:
        return "HOLD"
    return {"a": "ACCEPT", "c": "ACCEPT", "d": "DISCARD"}.get(verdict.letter, verdict.reply)


class ExplainBase(MilterCase):
    def setUp(self):
        super().setUp()
        self.rules = self.all_rules()
        self.desk = self.daemon(self.rules, {"log_level": "info"})

    def all_rules(self):
        return {
            "watch": {"regex": "^X-Watch: ", "action": "ACCEPT"},
            "virus": {"regex": "^X-Virus: (.*)", "action": "REJECT", "reject_reason": "no viruses, 100%"},
            "spam": {"regex": r"^(?P<name>X-Spam-Flag): YES|^Subject: .*\bOFFER\b", "ignore_hosts": "192.0.2.77",
                     **self.whitelisted((ANNA, "w@our.example"), ("@good.example", ""), ("", "never@our.example"))},
            "later": {"regex": "^X-Later: ", "action": "TEMPFAIL"},
            "queue": {"regex": "^X-Queue: ", "action": "HOLD"},
            "slow": {"regex": r"^X-Slow: (a+)+$"},
        }

    def whitelisted(self, *rows):
        options = self.whitelist(*rows)
        self.whitelist_file = options["whitelist_db_connection"].removeprefix("sqlite:///")
        return options

    def write(self, name, data, mode=0o644):
        path = self.folder / f"{mails.token()}-{name}"
        path.write_bytes(data)
        path.chmod(mode)
        return path

    def kept(self):
        """All that explain might touch."""
        found = {}
        for path in sorted(self.desk.folder.rglob("*")):
            if path.is_file() and path.name not in ("log", "catalog.db-shm"):
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        with contextlib.closing(sqlite3.connect(self.whitelist_file)) as connection:
            found["whitelist"] = list(connection.iterdump())
        with contextlib.closing(self.desk.catalog().connect()) as connection:
            found["catalog"] = list(connection.iterdump())
        return found


class ExplainCase(ExplainBase):
    def case_by_case(self):
        """(message, sender, recipients, client's address)"""
        s, v, w, o = mails.SPAM, "X-Virus: Eicar", "X-Watch: 1", "192.0.2.1"
        allowed, never = "w@our.example", "never@our.example"
        yield mails.mail(), ANNA, [USER], o
        yield mails.mail(s), ANNA, [USER], o
        yield mails.mail(s), ANNA, [USER, allowed], o
        yield mails.mail(s), ANNA, [allowed], o
        yield mails.mail(s), "Bert@GOOD.example", [USER, "x@our.example"], o
        yield mails.mail(s), "", [USER, never], o
        yield mails.mail(s), ANNA, [USER], "192.0.2.77"
        yield mails.mail(s, v), ANNA, [USER, allowed], o
        yield mails.mail(v), "b@good.example", [USER], "192.0.2.77"
        yield mails.mail(w), ANNA, [USER], o
        yield mails.mail(w, s), ANNA, [USER, allowed], o
        yield mails.mail("X-Later: 1"), ANNA, [USER], o
        yield mails.mail("X-Later: 1", s), ANNA, [USER, allowed], o
        yield mails.mail("X-Queue: 1"), ANNA, [USER, allowed], o
        yield mails.mail("X-Queue: 1", s), ANNA, [USER, allowed], o
        yield mails.mail(f"X-Slow: {'a' * 60}!"), ANNA, [USER], o
        yield mails.mail(subject="=?utf-8?q?an_OFFER?="), ANNA, ["User@Our.Example", '"odd one"@our.example'], o
        yield mails.mail(b"X-Spam-Flag:YES", b"X-8bit: \xff\xfe"), "prvs=12345abcde=b@good.example", [USER], o
        yield mails.mail("x-spam-flag:\r\n\tyes"), ANNA, [USER], o
        yield b"X-Spam-Flag: YES\r\n\r\n", ANNA, [USER], "2001:db8::1"
        yield mails.mail("X-Virus: 1", subject="OFFER"), ANNA, [USER], "192.0.2.77"

    def test_it_says_what_the_daemon_then_does(self):
        for message, sender, recipients, client in self.case_by_case():
            with self.subTest((message[-160:], sender, recipients, client)):
                path = self.write("mail", message)
                to = [word for recipient in recipients for word in ("--to", recipient)]
                before = self.kept()
                asked = ["explain", path, "--from", sender, *to, "--client", client]
                said, plain = self.desk.ctl().run(*asked, "--json"), self.desk.ctl().run(*asked)
                self.assertEqual(self.kept(), before)
                verdict = self.judged(message, sender, recipients, client)
                told = said.json
                self.assertEqual(told["answer"].split("{")[0][:9], answered(verdict)[:9], (told, verdict))
                held = [one["recipient"] for one in told["recipients"] if one["held_by"]]
                if told["answer"] == "ACCEPT":
                    self.assertEqual(sorted(f"<{one}>" for one in held), sorted(verdict.removed))
                self.assertEqual(said.code, 10 if told["somebody_held"] else 0, said)
                self.assertEqual(plain.code, said.code)
                self.assertEqual(told["somebody_held"], bool(held) or answered(verdict) not in ("ACCEPT", "DISCARD"))
                self.assertIn(f"Answer to the mail server: {told['answer']}", plain.text)
                # What is on record afterwards is held by the quarantine that was named.
                rows = {tuple(row) for row in self.desk.catalog().execute(
                    "SELECT r.address, m.quarantine FROM held_recipient r JOIN held_message m ON m.id = r.message")}
                if answered(verdict)[:3] not in ("451", "HOL"):
                    for one in told["recipients"]:
                        if one["held_by"]:
                            self.assertIn((one["recipient"], one["held_by"]), rows)
                        for step in one["steps"]:
                            if step["observes"]:
                                self.assertIn((one["recipient"], step["quarantine"]), rows)

    def judged(self, message, sender, recipients, address):
        with MilterClient(self.desk.milter) as client:
            client.connect(address=address)
            return client.mail(sender, recipients, message)

    def test_it_names_header_groups_and_row(self):
        path = self.write("mail", mails.mail(mails.SPAM, "X-Virus: Eicar"))
        said = self.ctl(self.desk, "explain", path, "--from", ANNA, "--to", "w@our.example", "--json", code=10).json
        rules = {rule["quarantine"]: rule for rule in said["quarantines"]}
        self.assertEqual([rule["quarantine"] for rule in said["quarantines"]], list(self.rules))
        self.assertEqual((rules["virus"]["outcome"], rules["virus"]["line"]), ("match", "X-Virus: Eicar"))
        self.assertEqual(rules["virus"]["groups"], [{"name": "", "text": "Eicar"}])
        self.assertEqual(rules["spam"]["groups"], [{"name": "name", "text": "X-Spam-Flag"}])
        self.assertEqual(rules["later"]["outcome"], "no_match")
        recipient, = said["recipients"]
        self.assertEqual(recipient["held_by"], "virus")
        path = self.write("mail", mails.mail(mails.SPAM))
        said = self.ctl(self.desk, "explain", path, "--from", ANNA, "--to", "w@our.example", "--json").json
        step, = said["recipients"][0]["steps"]
        self.assertEqual((step["quarantine"], step["exempt"]["from"], step["exempt"]["to"]),
                         ("spam", ANNA, "w@our.example"))
        text = self.ctl(self.desk, "explain", path, "--from", ANNA, "--to", "w@our.example").text
        self.assertIn(f"mail from {ANNA} to w@our.example", text)

    def test_the_envelope_is_guessed_and_said_to_be(self):
        for headers, arguments, sender, recipients in (
                (["Return-Path: <bounce@shop.example>", "Delivered-To: box@our.example",
                  "X-Original-To: o@our.example"], [],
                 "bounce@shop.example", ["o@our.example"]),
                (["Return-Path: <>", "Delivered-To: box@our.example"], [], "", ["box@our.example"]),
                (["X-Other: 1"], [], ANNA, [USER]),
                (["Return-Path: <bounce@shop.example>"], ["--from", "f@x.example", "--to", "a@x.example", "--to",
                                                          "b@x.example"],
                 "f@x.example", ["a@x.example", "b@x.example"])):
            path = self.write("mail", "\r\n".join(headers).encode() + b"\r\n" + mails.mail())
            said = self.ctl(self.desk, "explain", path, *arguments, "--json").json
            self.assertEqual((said["sender"], [one["recipient"] for one in said["recipients"]]), (sender, recipients))
            self.assertNotEqual((said["sender_source"], said["recipients_source"]), ("", ""))
        text = self.ctl(self.desk, "explain", path).text
        self.assertIn("Return-Path", text)
        path = self.write("mail", b"Subject: x\r\n\r\n")
        self.assertIn("example", self.ctl(self.desk, "explain", path).text)

    def test_a_held_mail_by_its_id(self):
        held = self.hold(self.desk, mails.mail(mails.SPAM), [USER, "x@our.example"], "bert@shop.example").id
        before = self.kept()
        said = self.ctl(self.desk, "explain", held, "--json", code=10).json
        self.assertEqual(self.kept(), before)
        self.assertEqual((said["sender"], [one["recipient"] for one in said["recipients"]], said["client"]["address"]),
                         ("bert@shop.example", [USER, "x@our.example"], "192.0.2.1"))
        self.assertEqual(self.ctl(self.desk, "explain", held[:15], "--from", "a@good.example").code, 0)
        self.ctl(self.desk, "explain", held, "--client", "192.0.2.77")

    def test_a_missing_whitelist_or_catalog_is_not_made(self):
        missing = self.folder / f"{mails.token()}.db"
        desk = self.new_daemon({"spam": {"regex": "^X-Spam-Flag: YES", "whitelist_type": "DB",
                                         "whitelist_db_table": "whitelist",
                                         "whitelist_db_connection": f"sqlite:///{missing}"}})
        self.ctl(self.desk, "explain", self.write("mail", mails.spam()), code=10)
        desk.ctl().run("explain", self.write("mail", mails.spam()))
        self.assertFalse(missing.exists())
        self.assertFalse(desk.catalog_file.exists())

    def test_wrong_questions(self):
        path = self.write("mail", mails.mail())
        for wrong in ([path, "--client", "not-an-ip"], [path, "--client", "192.0.2.300"], ["/nonexistent/mail"],
                      ["/dev/zero"],
                      ["../../etc/passwd\x1b"], []):
            self.ctl(self.desk, "explain", *wrong, code=64)
        self.assertNotEqual(self.desk.ctl().run("explain", self.write("none", b"\0\1\2 no mail")).code, 0)
        self.assertEqual(self.ctl(self.desk, "explain", "-", stdin=mails.spam(), code=10).errors, "")


class ExplainManyCase(ExplainBase):
    def messages(self, good=12):
        return [mails.mail() for _ in range(good)] + [mails.spam(subject="first bad"), mails.mail("X-Virus: 1"),
                                                      mails.spam()]

    def check(self, path, more=0):
        before = self.kept()
        said = self.ctl(self.desk, "explain", path, "--json", code=10).json
        self.assertEqual(self.kept(), before)
        self.assertEqual((said["mails"], said["held"], said["quarantines"]), (15 + more, 3, {"spam": 2, "virus": 1}))
        self.assertIn("first bad", [one["subject"] for one in said["messages"]])
        text = self.ctl(self.desk, "explain", path, code=10).text
        self.assertIn(f"of {15 + more} mails 3 would be held: spam 2, virus 1", text)
        self.assertIn("first bad", text)
        return said

    def test_a_folder_with_all_below_it(self):
        folder = self.folder / mails.token()
        for number, message in enumerate(self.messages()):
            (folder / str(number % 3)).mkdir(parents=True, exist_ok=True)
            (folder / str(number % 3) / f"{number}.eml").write_bytes(message)
        self.check(folder)

    def test_a_maildir(self):
        box = mailbox.Maildir(self.folder / mails.token())
        for message in self.messages():
            box.add(message)
        self.check(box._path)

    def test_an_mbox(self):
        path = self.folder / mails.token()
        box = mailbox.mbox(path)
        for message in self.messages():
            box.add(message)
        box.add(mails.mail(body=b"From here on it is text.\r\n>From here too.\r\nFrom: not a header\r\n"))
        box.flush()
        self.check(path, more=1)

    def test_nobody_held_is_0_and_nothing_there_is_2(self):
        folder = self.folder / mails.token()
        folder.mkdir()
        self.ctl(self.desk, "explain", folder, code=2)
        (folder / "one").write_bytes(mails.mail())
        self.assertIn("of 1 mail 0 would be held", self.ctl(self.desk, "explain", folder).text)

    def test_what_is_no_mail_in_a_folder_is_passed_over(self):
        """Links, pipes, sockets, huge files: told, and never followed or waited for."""
        folder = self.folder / mails.token()
        folder.mkdir()
        for number, message in enumerate(self.messages()):
            (folder / f"m{number:02}").write_bytes(message)
        outside = self.write("outside", mails.spam(subject="never looked at"))
        os.symlink(outside, folder / "link")
        os.symlink("/", folder / "root")
        os.symlink(folder, folder / "circle")
        os.mkfifo(folder / "pipe")
        with open(folder / "huge", "wb") as huge:
            huge.truncate(300 << 20)
        said = self.check(folder)
        names = " ".join(one["mail"] for one in said["skipped"])
        self.assertIn("huge", names)
        errors = self.ctl(self.desk, "explain", folder, code=10).errors
        self.assertIn("huge", errors)
        self.assertNotIn("never looked at", str(said))

    def test_progress_is_for_terminals_only(self):
        folder = self.folder / mails.token()
        folder.mkdir()
        for number in range(300):
            (folder / f"m{number:03}").write_bytes(mails.mail())
        said = self.desk.ctl().on_terminal("explain", folder)
        self.assertIn("of 300 mails 0 would be held", said.text)
        self.assertIn(b"\r\x1b[K", said.err)
        self.assertEqual(self.ctl(self.desk, "explain", folder).errors, "")

    def test_files_of_root_are_read_although_the_desk_is_somebody_elses(self):
        desk = self.new_daemon({"spam": {"regex": "^X-Spam-Flag: YES"}}, {"user": "nobody"},
                               milter=MilterSocket(path=str(self.folder.folder(mails.token()) / "sock")))
        desk.belongs_to("nobody")
        desk.start()
        self.addCleanup(self._stopped_well, desk)
        folder = self.folder.folder(mails.token(), mode=0o700)
        (folder / "mail").write_bytes(mails.spam())
        (folder / "mail").chmod(0o600)
        for path in (folder / "mail", folder):
            said = desk.ctl().run("explain", path)
            self.assertEqual(said.code, 10, said)
        # And nobody's own run does not read what nobody may not read.
        said = desk.ctl().run("explain", folder / "mail", user="nobody")
        self.assertEqual(said.code, 77, said)
