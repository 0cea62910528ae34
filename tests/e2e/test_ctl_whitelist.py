"""The whitelist by hand, and by the way of a release: what is said to match is what passes."""
import sqlite3

from harness import mails, milter
from harness.case import MilterCase

ANNA = "anna@shop.example"
USER = "user@our.example"
RULE = {"regex": "^X-Spam-Flag: YES"}


class WhitelistBase(MilterCase):
    def setUp(self):
        super().setUp()
        self.database = self.folder / f"{mails.token()}.db"
        self.rules = {"spam": {**RULE, "whitelist_type": "DB", "whitelist_db_connection": f"sqlite:///{self.database}",
                               "whitelist_db_table": "whitelist"}}
        self.desk = self.daemon(self.rules, {"smtp_port": str(self.sink.port)})

    def list(self, *arguments, code=0):
        return self.ctl(self.desk, "whitelist", *arguments, code=code)

    def rows(self):
        return self.sql("SELECT mailfrom, recipient FROM whitelist ORDER BY id")

    def sql(self, statement, *values):
        connection = sqlite3.connect(self.database, timeout=20)
        with connection:
            found = connection.execute(statement, values).fetchall()
        connection.close()
        return found

    def passes(self, sender, recipient=USER):
        return milter.judge(self.desk.milter, sender, recipient, mails.spam()).letter == milter.ACCEPT


class WhitelistCase(WhitelistBase):
    def test_the_next_mail_passes(self):
        self.assertFalse(self.passes(ANNA))
        said = self.list("add", "--from", ANNA, "--to", USER, "--comment", "ticket 4711")
        self.assertIn(f"mail from {ANNA} to {USER}", said.text)
        self.assertTrue(self.passes(ANNA))
        self.assertTrue(self.passes("ANNA@Shop.example", "User@OUR.example"))
        self.assertFalse(self.passes(ANNA, "other@our.example"))
        self.assertFalse(self.passes("bert@shop.example"))
        row, = self.list("list", "--json").json["rows"]
        self.assertEqual((row["from"], row["to"], row["comment"], row["permanent"]), (ANNA, USER, "ticket 4711", False))
        self.assertNotIn(row["last_used"], (None, ""))
        # And is held again without the row.
        self.list("delete", row["id"])
        self.assertFalse(self.passes(ANNA))
        self.list("list", code=2)

    def test_what_is_said_to_match_is_what_matches(self):
        for arguments, words, passing, held in (
                (["--from", "@Shop.example", "--to", USER], f"mail from anybody at shop.example to {USER}",
                 [("a@shop.example", USER), ("B@SHOP.EXAMPLE", USER)],
                 [("a@sub.shop.example", USER), ("a@shop.example", "x@our.example"), ("", USER)]),
                (["--to", "@our.example"], "mail from anybody to anybody at our.example",
                 [("", "q@our.example"), ("z@z.example", USER)], [("z@z.example", "q@other.example")]),
                (["--from", "  <Anna@Shop.Example> "], f"mail from {ANNA} to anybody",
                 [(ANNA, "any@where.example")], [("", "any@where.example"), ("hanna@shop.example", USER)])):
            with self.subTest(arguments):
                said = self.list("add", *arguments)
                self.assertIn(words, said.text)
                for pair in passing:
                    self.assertTrue(self.passes(*pair), pair)
                for pair in held:
                    self.assertFalse(self.passes(*pair), pair)
                self.sql("DELETE FROM whitelist")

    def test_what_is_covered_already_is_refused_and_the_row_named(self):
        self.list("add", "--from", "@shop.example")
        number = self.sql("SELECT id FROM whitelist")[0][0]
        for arguments in (["--from", ANNA], ["--from", "@shop.example", "--to", USER], ["--from", "@SHOP.example"]):
            said = self.list("add", *arguments, code=1)
            self.assertIn(f"row {number}", said.errors)
            self.assertEqual(said.text, "")
        self.assertEqual(len(self.rows()), 1)
        said = self.ctl(self.desk, "whitelist", "add", "--from", ANNA, "--json", code=1)
        self.assertEqual(said.json["covered_by"]["id"], number)
        self.list("add", "--from", ANNA, "--to", USER, "--force")
        self.assertEqual(self.rows(), [("@shop.example", ""), (ANNA, USER)])
        # The very same twice never.
        self.list("add", "--from", ANNA, "--to", USER, "--force", code=1)
        # A wider one beside a narrow one is no question.
        self.list("add", "--to", "@our.example")
        self.assertEqual(len(self.rows()), 3)

    def test_nonsense_is_64_and_nothing_is_written(self):
        wrong = []
        for side in ("anna", "<>", "@", "a@", "@@x", "a b@shop.example", "a@shop.example\nb@shop.example",
                     "a@shop.example,b@x.example",
                     "*@shop.example", "%", "x" * 300 + "@shop.example", "a@" + "b." * 150 + "example", "<a@x.example",
                     "a@-", "a\x1b[31m@shop.example"):
            for option in ("--from", "--to"):
                said = self.desk.ctl().run("whitelist", "add", option, side)
                if said.code != 64 or not said.errors:
                    wrong.append((option, side, said.code))
        self.assertEqual(wrong, [])
        self.list("add", code=64)
        self.list("add", "--from", "", "--to", "", code=64)
        tables = self.sql("SELECT name FROM sqlite_master WHERE name = 'whitelist'")
        self.assertEqual(self.rows() if tables else [], [])

    def test_list_shows_exactly_what_is_asked_for(self):
        for number in range(3):
            self.list("add", "--from", f"a{number}@shop.example", "--to", USER)
        self.list("add", "--from", "@shop.example", "--to", "other@our.example", "--permanent", "--comment", "our shop")
        everything = self.list("list", "--json").json["rows"]
        self.assertEqual([row["from"] for row in everything],
                         ["a0@shop.example", "a1@shop.example", "a2@shop.example", "@shop.example"])
        for arguments, expected in ((["--from", "A1@shop.example"], 1), (["--to", USER], 3),
                                    (["--from", "@shop.example"], 1),
                                    (["--from", "@shop.example", "--to", USER], 0), (["--from", ""], 0),
                                    (["--to", ""], 0)):
            said = self.list("list", *arguments, "--json", code=0 if expected else 2)
            self.assertEqual(len(said.json["rows"]), expected, arguments)
        text = self.list("list").text
        for words in ("permanent", "our shop", "a2@shop.example"):
            self.assertIn(words, text)

    def test_more_rows_than_a_page(self):
        self.list("add", "--from", ANNA)
        connection = sqlite3.connect(self.database)
        with connection:
            connection.executemany("INSERT INTO whitelist (mailfrom, recipient, created, last_used) VALUES (?, '',"
                                   " datetime('now'), datetime('now'))", [(f"a{n}@many.example",) for n in range(2500)])
        connection.close()
        self.assertEqual(len(self.list("list", "--json").json["rows"]), 2501)

    def test_rows_are_deleted_by_number_or_by_both_sides_exactly(self):
        for sender in ("a@shop.example", "b@shop.example", "c@shop.example", "@shop.example"):
            self.list("add", "--from", sender, "--to", USER)
        first, second = (row[0] for row in self.sql("SELECT id FROM whitelist ORDER BY id LIMIT 2"))
        self.list("delete", first, second)
        self.list("delete", first, code=2)
        self.list("delete", "--from", "@shop.example", "--to", USER)
        self.assertEqual(self.rows(), [("c@shop.example", USER)])
        self.list("delete", "--from", "@shop.example", "--to", USER, code=2)
        for wrong in (["--from", "c@shop.example"], ["--to", USER], [], ["1", "--from", "x@x.example", "--to", ""],
                      ["1x"],
                      ["-1"], ["99999999999999999999"]):
            self.list("delete", *wrong, code=64)
        self.assertEqual(len(self.rows()), 1)

    def test_rows_that_never_match_are_found_and_mended(self):
        self.list("add", "--from", "good@shop.example")
        for sender, recipient in (("Capital@Shop.example", ""), (" blank@shop.example ", ""),
                                  ("<angle@shop.example>", ""),
                                  ("GOOD@shop.example", ""), ("nonsense", ""), ("", "\x1b[31mnonsense")):
            self.sql("INSERT INTO whitelist (mailfrom, recipient, created, last_used) VALUES (?, ?, datetime('now'),"
                     " datetime('now'))", sender, recipient)
        self.assertFalse(self.passes("capital@shop.example"))
        said = self.ctl(self.desk, "whitelist", "check", "--json", code=1).json["bad_rows"]
        self.assertEqual([bad["mendable"] for bad in said], [True, True, True, True, False, False])
        self.assertEqual(len(self.rows()), 7)
        self.list("check", "--repair", code=1)
        self.assertEqual([row[0] for row in self.rows()],
                         ["good@shop.example", "capital@shop.example", "blank@shop.example", "angle@shop.example",
                          "nonsense", ""])
        for sender in ("capital@shop.example", "blank@shop.example", "angle@shop.example"):
            self.assertTrue(self.passes(sender))
        self.assertEqual(len(self.list("check", "--json", code=1).json["bad_rows"]), 2)
        self.sql("DELETE FROM whitelist WHERE mailfrom IN ('nonsense', '')")
        self.assertNotEqual(self.list("check").text, "")

    def test_q_may_be_left_out_where_there_is_only_one(self):
        other = self.whitelist()
        shared = {**self.rules, "virus": {**self.rules["spam"], "regex": "^X-Virus: "}, "none": {"regex": "^X-None: "}}
        self.desk.configure(shared)
        self.list("add", "--from", ANNA)
        self.list("list", "-q", "virus")
        self.list("list", "-q", "none", code=64)
        self.list("list", "-q", "nothing", code=64)
        self.desk.configure({**shared, "third": {"regex": "^X-Third: ", **other}})
        said = self.list("list", code=64)
        for name in ("spam", "third"):
            self.assertIn(name, said.errors)
        self.list("list", "-q", "spam")
        self.list("list", "-q", "third", code=2)
        self.desk.configure({"none": {"regex": "^X-None: "}})
        self.list("list", code=64)
        self.desk.configure(self.rules)

    def test_a_database_that_is_away_is_69(self):
        self.database.unlink(missing_ok=True)
        self.database.mkdir()
        for verb in (["list"], ["add", "--from", ANNA], ["delete", "1"], ["check"]):
            self.assertIn(str(self.database), self.list(*verb, code=69).errors)
        self.database.rmdir()


class AllowCase(WhitelistBase):
    def release(self, sender, *arguments, code=0, recipients=USER):
        self.held = self.hold(self.desk, mails.spam(), recipients, sender).id
        return self.ctl(self.desk, "release", self.held, *arguments, code=code)

    def test_the_address_passes_from_now_on(self):
        said = self.release("Anna@Shop.example", "--allow", "address")
        self.assertIn(f"{self.held} {USER}: released, 250", said.text)
        self.assertIn(f"mail from {ANNA} to {USER}", said.text)
        self.assertEqual(self.rows(), [(ANNA, USER)])
        self.assertTrue(self.passes(ANNA))
        self.assertFalse(self.passes("bert@shop.example"))

    def test_the_domain_passes_from_now_on(self):
        said = self.release(ANNA, "--allow", "domain", "--json").json
        self.assertEqual(said["results"][0]["whitelist"]["from"], "@shop.example")
        self.assertEqual(self.rows(), [("@shop.example", USER)])
        self.assertTrue(self.passes("bert@shop.example"))
        self.assertFalse(self.passes("bert@shop.example", "other@our.example"))

    def test_a_wrapped_sender_is_whitelisted_as_itself(self):
        self.release("prvs=12345abcde=anna@shop.example", "--allow", "address")
        self.assertEqual(self.rows(), [(ANNA, USER)])
        self.assertTrue(self.passes("prvs=98765edcba=anna@shop.example"))

    def test_each_recipient_gets_a_row_of_their_own(self):
        self.release(ANNA, "--all", "--allow", "address", recipients=["a@our.example", "b@our.example"])
        self.assertEqual(self.rows(), [(ANNA, "a@our.example"), (ANNA, "b@our.example")])

    def test_the_null_sender_is_refused_before_anything_is_done(self):
        for word in ("address", "domain"):
            said = self.release("", "--allow", word, code=64)
            self.assertNotEqual(said.errors, "")
            self.assertEqual(self.desk.catalog().recipients(self.held)[USER]["state"], "held")
        self.assertEqual(self.sink.mails(), [])
        self.release(ANNA, "--allow", "everything", code=64)
        self.assertEqual(self.sink.mails(), [])

    def test_without_a_whitelist_nothing_is_released(self):
        self.held = self.hold(self.desk, mails.spam()).id
        self.desk.configure({"spam": RULE}, {"smtp_port": str(self.sink.port)})
        self.ctl(self.desk, "release", self.held, "--allow", "address", code=64)
        self.assertEqual(self.sink.mails(), [])
        self.ctl(self.desk, "release", self.held)

    def test_a_refused_release_allows_nobody(self):
        self.sink.answer("rcpt", b"550 5.1.1 no such user", times=1)
        self.release(ANNA, "--allow", "address", code=1)
        tables = self.sql("SELECT name FROM sqlite_master WHERE name = 'whitelist'")
        self.assertEqual(self.rows() if tables else [], [])

    def test_what_is_allowed_already_is_said_and_no_failure(self):
        self.list("add", "--from", "@shop.example", "--to", "@our.example")
        # Held while the row was not there yet.
        self.sql("UPDATE whitelist SET mailfrom = '@elsewhere.example'")
        self.held = self.hold(self.desk, mails.spam(), USER, ANNA).id
        self.sql("UPDATE whitelist SET mailfrom = '@shop.example'")
        said = self.ctl(self.desk, "release", self.held, "--allow", "address")
        self.assertIn("already", said.text)
        self.assertEqual(len(self.rows()), 1)
