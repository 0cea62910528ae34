"""quarantinectl import pyquarantine: what the ancestor holds can be shown and released as if we had held it."""
import datetime
import os

from harness import mails
from harness.ancestor import Ancestor
from harness.case import MilterCase
from harness.mta import MilterSocket

ANNA = "anna@shop.example"
USER = "user@our.example"
RULES = {"spam": {"regex": "^X-Spam-Flag: YES"}}


class ImportCase(MilterCase):
    def setUp(self):
        super().setUp()
        self.desk = self.daemon(RULES, {"smtp_port": str(self.sink.port)})
        self.old = Ancestor(self.folder / mails.token())

    def take(self, *arguments, code=0):
        return self.ctl(self.desk, "import", "pyquarantine", self.old.folder, *arguments, code=code)

    def shown(self, held):
        return self.ctl(self.desk, "show", held, "--json").json

    def one(self, metadata, message=None, **more):
        """Imports one message: (what show says, its bytes)."""
        message = self.old.add(metadata, message, **more)
        imported, = self.take("--json").json["imported"]
        return self.shown(imported["id"]), message

    def test_version_0_dates_as_text_and_groups_as_a_list(self):
        shown, message = self.one({
            "mailfrom": "Anna@Shop.example", "recipients": ["User@Our.example", "two@our.example"],
            "date": "Fri, 01 Mar 2024 13:00:00 +0100", "queue_id": "4QOLD1", "subgroups": ["YES", "7.5"]},
            mails.spam(subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?="))
        self.assertEqual((shown["sender"], shown["queue_id"], shown["subject"], shown["quarantine"], shown["size"]),
                         ("Anna@Shop.example", "4QOLD1", "Grüße", "spam", len(message)))
        self.assertEqual([(one["address"], one["state"]) for one in shown["recipients"]],
                         [("User@Our.example", "held"), ("two@our.example", "held")])
        self.assertEqual([group["text"] for group in shown["groups"]], ["YES", "7.5"])
        self.assertTrue(shown["received"].startswith("2024-03-01T12:00:00"), shown["received"])
        self.assertIn(ANNA, shown["from"])

    def test_version_1_seconds_headers_and_named_groups(self):
        shown, _ = self.one({
            "mailfrom": ANNA, "recipients": [USER], "date": 1709294400, "queue_id": "4QOLD2",
            "headers": [["From", "Anna <anna@shop.example>"], ["Subject", "from the list"],
                        ["Date", "Fri, 1 Mar 2024"]],
            "subgroups": ["YES"], "named_subgroups": {"flag": "YES"}})
        self.assertEqual(shown["subject"], "from the list")
        self.assertIn({"name": "flag", "text": "YES"}, shown["groups"])
        self.assertTrue(shown["received"].startswith("2024-03-01T12:00:00"), shown["received"])

    def test_version_2_timestamps_and_vars(self):
        for timestamp in (1709294400, 1709294400.25, "1709294400"):
            shown, _ = self.one({"mailfrom": "", "recipients": [USER], "timestamp": timestamp, "subject": "two",
                                 "vars": {"name": "value", "number": 7}})
            self.assertEqual((shown["sender"], shown["subject"]), ("", "two"))
            self.assertIn({"name": "name", "text": "value"}, shown["groups"])
            self.assertTrue(shown["received"].startswith("2024-03-01T12:00:00"), shown["received"])

    def test_it_can_be_found_shown_and_released(self):
        shown, message = self.one({"mailfrom": ANNA, "recipients": [USER], "timestamp": 1709294400},
                                  mails.spam(b"X-Latin: f\xfcr", body=b".\r\n..\r\nGr\xfc\xdfe\r\n"))
        held = shown["id"]
        self.assertEqual(self.ctl(self.desk, "list", "--until", "2024-03-02", "--ids").lines, [held])
        self.assertEqual(self.ctl(self.desk, "cat", held, "--eml", raw=True).out, message)
        self.ctl(self.desk, "release", held)
        received, = self.sink.mails()
        self.assertEqual((received.sender, received.recipients, received.data), (ANNA, [USER], message))
        # And it would not be held when it comes again right now: it is mail of ours.
        self.assertEqual(self.verdict(message).letter, "a")

    def test_twice_imports_once(self):
        self.old.add_many(25, 1_600_000_000, 86400)
        first = self.take("--json").json
        self.assertEqual((len(first["imported"]), first["known"], first["failed"]), (25, 0, []))
        self.assertEqual(len(self.desk.store("spam").mails()), 25)
        second = self.take("--json").json
        self.assertEqual((second["imported"], second["known"], second["failed"]), ([], 25, []))
        self.assertEqual(len(self.desk.store("spam").mails()), 25)
        self.assertEqual(len(self.desk.catalog().held()), 25)
        # Nor again what was released or deleted in between.
        held = [one["id"] for one in first["imported"]]
        self.ctl(self.desk, "release", held[0])
        self.ctl(self.desk, "delete", held[1])
        self.assertEqual(self.take("--json").json["known"], 25)
        self.assertEqual(self.shown(held[0])["recipients"][0]["state"], "released")
        self.assertEqual(self.shown(held[1])["recipients"][0]["state"], "deleted")
        # The folder is as it was.
        self.assertEqual(len([path for path in self.old.folder.rglob("*") if path.is_file()]), 50)

    def test_nobody_is_told(self):
        self.old.add_many(3, 1_600_000_000, 1)
        self.take()
        self.assertEqual(self.desk.catalog().notices(), [])

    def test_broken_ones_are_named_and_the_others_taken(self):
        good = {"mailfrom": ANNA, "recipients": [USER], "timestamp": 1709294400}
        broken = {"json": b"{", "empty": b"", "binary": b"\xff\xfe\0", "list": b"[]", "number": b"5", "nul": b"null",
                  "recipients-missing": {"mailfrom": ANNA, "timestamp": 1},
                  "recipients-empty": {**good, "recipients": []},
                  "recipients-numbers": {**good, "recipients": [1, 2]},
                  "deep": b"[" * 100_000}
        for name, metadata in broken.items():
            self.old.add(metadata, name=name)
        self.old.add(good, name="good-one")
        self.old.add(good, name="good-two", below="deeper/still")
        (self.old.folder / "alone.metadata").write_bytes(b"{}")
        (self.old.folder / "lonely").write_bytes(mails.mail())
        os.symlink("/etc/passwd", self.old.folder / "link")
        os.symlink("/etc/passwd", self.old.folder / "link.metadata")
        os.mkfifo(self.old.folder / "pipe")
        said = self.take("--json", code=1)
        self.assertEqual(sorted(one["name"].rpartition("/")[2] for one in said.json["imported"]),
                         ["good-one", "good-two"])
        for name in [*broken, "alone", "lonely"]:
            self.assertIn(name, said.errors)
        self.assertEqual(len(self.desk.store("spam").mails()), 2)
        self.assertNotIn(b"root:", b"".join(mail.data for mail in self.desk.store("spam").mails()))

    def test_odd_values_are_data(self):
        shown, _ = self.one({"mailfrom": f"<{ANNA}>", "recipients": [f"<{USER}>"], "timestamp": 1709294400.9,
                             "subject": "=?utf-8?q?evil_=1B[31m?=\u202e", "unknown": {"a": [1, 2, None]}})
        self.assertEqual((shown["sender"], shown["recipients"][0]["address"]), (ANNA, USER))

    def test_q_where_several_keep_messages(self):
        self.old.add({"mailfrom": ANNA, "recipients": [USER], "timestamp": 1709294400})
        self.desk.configure({**RULES, "virus": {"regex": "^X-Virus: "},
                             "none": {"regex": "^X: ", "quarantine_type": "NONE"}})
        self.assertIn("-q", self.take(code=64).errors)
        self.take("-q", "none", code=64)
        self.take("-q", "nothing", code=64)
        self.take("-q", "virus")
        held, = self.desk.catalog().held()
        self.assertEqual(held.quarantine, "virus")
        self.desk.configure(RULES)

    def test_folders_that_are_none(self):
        for path in ("/nonexistent/folder", "/etc/passwd", "/dev/zero"):
            said = self.ctl(self.desk, "import", "pyquarantine", path, code=64)
            self.assertIn(path, said.errors)
        self.take(code=2)

    def test_root_reads_for_a_desk_that_is_somebody_elses(self):
        made = self.new_daemon(RULES, {"user": "nobody"},
                               milter=MilterSocket(path=str(self.folder.folder(mails.token()) / "sock")))
        made.belongs_to("nobody")
        message = self.old.add({"mailfrom": ANNA, "recipients": [USER], "timestamp": 1709294400})
        for path in self.old.folder.rglob("*"):
            path.chmod(0o600)
        self.old.folder.chmod(0o700)
        # No daemon has ever run here: the catalog is made, as nobody's.
        said = self.ctl(made, "import", "pyquarantine", self.old.folder, "--json")
        self.assertEqual(len(said.json["imported"]), 1)
        stored, = made.store("spam").mails()
        self.assertEqual(stored.data, message)
        for path in made.folder.rglob("*"):
            if path.name not in ("quarantine-milter.conf", "notify"):
                self.assertEqual(path.stat().st_uid, 65534, path)
        self.assertEqual(made.ctl().run("import", "pyquarantine", self.old.folder, user="nobody").code, 77)

    def test_the_time_of_the_record_is_the_time_of_the_id(self):
        shown, _ = self.one({"mailfrom": ANNA, "recipients": [USER], "timestamp": 1709294400})
        alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
        milliseconds = 0
        for character in shown["id"][:10]:
            milliseconds = milliseconds * 32 + alphabet.index(character)
        self.assertEqual(datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc),
                         datetime.datetime(2024, 3, 1, 12, tzinfo=datetime.timezone.utc))
