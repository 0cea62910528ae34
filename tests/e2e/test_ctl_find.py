"""What is held: status, list, show, cat; and what is done about it: delete, notify."""
import datetime
import subprocess
import time

from harness import ctl, mails, places
from harness.ancestor import Ancestor
from harness.case import MilterCase
from harness.daemon import program

ANNA = "anna@shop.example"
RULES = {"spam": {"regex": "^X-Spam-Flag: YES"}, "virus": {"regex": "^X-Virus: "}}
UTC = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"
TEMPLATE = "<p>{EMAIL_SUBJECT} for {EMAIL_TO} was held.</p><div>{EMAIL_HTML_TEXT}</div>"


class StatusCase(MilterCase):
    def test_it_tells_what_is_held_and_whether_the_daemon_runs(self):
        desk = self.daemon(RULES)
        for recipients in (["a@our.example"], ["a@our.example", "b@our.example"]):
            self.hold(desk, mails.spam(), recipients)
        self.hold(desk, mails.mail("X-Virus: Eicar"), "c@our.example")
        said = self.ctl(desk, "status", "--json").json
        self.assertEqual(said["daemon"], "running")
        spam, virus = said["quarantines"]
        self.assertEqual((spam["name"], spam["messages"], spam["states"]), ("spam", 2, {"held": 3}))
        self.assertEqual((virus["name"], virus["messages"], virus["states"]), ("virus", 1, {"held": 1}))
        self.assertEqual(spam["bytes"], sum(held.size for held in desk.catalog().held("spam")))
        self.assertRegex(spam["oldest"], UTC)
        self.assertEqual(said["notices"]["due"], 0)
        text = self.ctl(desk, "status").text
        for words in ("running", "spam", "virus", "3 held"):
            self.assertIn(words, text)
        desk.stop()
        self.assertEqual(self.ctl(desk, "status", "--json").json["daemon"], "not_running")

    def test_a_notice_that_waits_is_counted(self):
        desk = self.daemon({"spam": {**RULES["spam"], **telling(self.folder, "1")}})
        self.hold(desk, mails.spam())
        notices = self.ctl(desk, "status", "--json").json["notices"]
        self.assertEqual(notices["due"], 1)
        self.assertRegex(notices["oldest_due"], UTC)

    def test_a_quarantine_that_is_not_configured_any_more_is_still_told(self):
        desk = self.daemon(RULES)
        self.hold(desk, mails.mail("X-Virus: Eicar"))
        desk.configure({"spam": RULES["spam"]})
        found = {one["name"]: one for one in self.ctl(desk, "status", "--json").json["quarantines"]}
        self.assertFalse(found["virus"]["configured"])
        self.assertEqual(found["virus"]["states"], {"held": 1})
        desk.reload()

    def test_a_store_that_is_away_is_69(self):
        desk = self.daemon(RULES)
        (desk.folder / "spam").rename(desk.folder / "elsewhere")
        said = self.ctl(desk, "status", code=69)
        self.assertIn(str(desk.folder / "spam"), said.errors)
        (desk.folder / "elsewhere").rename(desk.folder / "spam")

    def test_without_a_catalog_it_is_69_and_none_is_made(self):
        desk = self.new_daemon(RULES)
        for verb in (["status"], ["list"], ["show", "01"], ["expire", "--dry-run"], ["store", "check"]):
            said = self.ctl(desk, *verb, code=69)
            self.assertIn(str(desk.catalog_file), said.errors, verb)
        self.assertFalse(desk.catalog_file.exists())

    def test_usage_and_configuration(self):
        desk = self.daemon(RULES)
        self.ctl(desk, code=64)
        for wrong in (["no-such-verb"], ["status", "--no-such-option"], ["list", "--state", "gone"], ["whitelist"],
                      ["list", "--since", "yesterday-ish"], ["list", "--limit", "0"], ["list", "--limit", "-1"],
                      ["list", "--limit", "many"], ["copy", "01"], ["show"], ["release"]):
            said = self.ctl(desk, *wrong, code=64)
            self.assertNotEqual(said.errors, "", wrong)
            self.assertEqual(said.text, "", wrong)
        desk.write("[global]\nno_such = 1\n")
        self.assertIn(f"{desk.file}:2: [global] no_such: ", self.ctl(desk, "list", code=78).errors)
        desk.file.unlink()
        self.assertIn(str(desk.file), self.ctl(desk, "list", code=78).errors)
        desk.configure(RULES)

    def test_help_is_for_every_verb_and_has_examples(self):
        desk = self.new_daemon(RULES)
        verbs = [line.split()[0] for line in self.ctl(desk, "--help").lines
                 if line.startswith("  ") and line.split()[0].isalpha()]
        for verb in ("status", "list", "show", "cat", "release", "copy", "delete", "notify", "whitelist", "preview",
                     "explain", "expire", "store", "config", "setup", "import"):
            self.assertIn(verb, verbs)
        for verb in (["list"], ["release"], ["whitelist", "add"], ["import", "pyquarantine"]):
            self.assertIn(f"quarantinectl {' '.join(verb)}", self.ctl(desk, *verb, "--help").text)
        self.assertIn("quarantinectl", self.ctl(desk, "-V").text)

    def test_the_configuration_may_stand_behind_the_verb(self):
        desk = self.daemon(RULES)
        for arguments in (["status", "-c", desk.file], ["-c", desk.file, "status"],
                          ["status", "--json", f"--config={desk.file}"]):
            said = ctl.Ctl(program("quarantinectl")).run(*arguments)
            self.assertEqual(said.code, 0, said)


class ListCase(MilterCase):
    def setUp(self):
        super().setUp()
        self.desk = self.daemon(RULES, {"smtp_port": str(self.sink.port)})

    def ids(self, *arguments, code=0):
        """What list finds, the same in all three forms."""
        plain = self.ctl(self.desk, "list", *arguments, "--ids", code=code)
        self.assertEqual(self.ctl(self.desk, "list", *arguments, code=code).text.count(" -> "), len(plain.lines))
        said = self.ctl(self.desk, "list", *arguments, "--json", code=code).json
        self.assertEqual([mail["id"] for mail in said["messages"]], plain.lines)
        return plain.lines

    def several(self):
        """a: spam from Anna; b: a virus of nobody's to two; c: spam from Bert."""
        a = self.hold(self.desk, mails.spam(subject="first"), "User@Our.example", ANNA).id
        b = self.hold(self.desk, mails.mail("X-Virus: Eicar", subject="second"),
                      ["user@our.example", "x@other.example"],
                      "").id
        c = self.hold(self.desk, mails.spam(subject="third"), "y@other.example", "Bert@Sub.Shop.example").id
        return a, b, c

    def test_every_filter_finds_its_own(self):
        a, b, c = self.several()
        for arguments, expected in (
                ([], [c, b, a]), (["-q", "spam"], [c, a]), (["-q", "virus"], [b]),
                (["--from", ANNA], [a]), (["--from", "ANNA@SHOP.example"], [a]), (["--from", "@shop.example"], [a]),
                (["--from", "@sub.shop.example"], [c]), (["--from", "<>"], [b]),
                (["--to", "user@our.example"], [b, a]), (["--to", "@other.example"], [c, b]),
                (["--to", "USER@OUR.EXAMPLE", "-q", "spam"], [a]),
                (["--state", "held"], [c, b, a]), (["--since", "1h"], [c, b, a]), (["--until", "2020-01-01"], []),
                (["--since", "2020-01-01", "--until", "2d"], []), (["--state", "released"], []),
                (["--from", "nobody@shop.example"], []), (["-q", "Spam"], []), (["--to", "r@our.example"], [])):
            with self.subTest(arguments):
                self.assertEqual(self.ids(*arguments, code=0 if expected else 2), expected)

    def test_states_belong_to_the_recipient_who_is_asked_for(self):
        a, b, _ = self.several()
        self.ctl(self.desk, "release", b, "--to", "user@our.example")
        self.ctl(self.desk, "delete", a)
        self.assertEqual(self.ids("--state", "released"), [b])
        self.assertEqual(self.ids("--state", "released", "--to", "user@our.example"), [b])
        self.assertEqual(self.ids("--state", "released", "--to", "x@other.example", code=2), [])
        self.assertEqual(self.ids("--state", "held", "--to", "x@other.example"), [b])
        self.assertEqual(self.ids("--state", "deleted"), [a])
        self.assertRegex(self.ctl(self.desk, "list").text, rf"{b} .*mixed")

    def test_times(self):
        old = Ancestor(self.folder / mails.token())
        noon = datetime.datetime(2024, 2, 28, 12, tzinfo=datetime.timezone.utc).timestamp()
        old.add_many(3, noon, 86400)  # the 28th, the 29th, the 1st
        self.ctl(self.desk, "import", "pyquarantine", old.folder, "-q", "spam")
        c, b, a = self.ids()
        for since, until, expected in (("2024-02-29", None, [c, b]), ("2024-02-29T12:00", None, [c, b]),
                                       ("2024-02-29T12:00:01", None, [c]), ("2024-02-28T12:00:00Z", "2024-02-29", [a]),
                                       ("2024-02-29T13:00+01:00", "2024-03-01T12:00Z", [b]), (None, "2024-02-29", [a])):
            arguments = [*(["--since", since] if since else []), *(["--until", until] if until else [])]
            with self.subTest(arguments):
                said = self.ctl(self.desk, "list", "--ids", *arguments, TZ="UTC")
                self.assertEqual(said.lines, expected)
        # A day begins where the administrator is.
        self.ctl(self.desk, "list", "--since", "2024-03-02", TZ="UTC", code=2)
        said = self.ctl(self.desk, "list", "--ids", "--since", "2024-03-02", TZ="Pacific/Kiritimati")
        self.assertEqual(said.lines, [c])
        self.assertIn("2024-03-02 02:00 +14:00", self.ctl(self.desk, "list", TZ="Pacific/Kiritimati").text)
        for wrong in ("2024-02-30", "2023-02-29", "2024-02-29T24:01", "-1d", "1y2", "", "2024-02-29T12:00+99:00"):
            self.ctl(self.desk, "list", f"--since={wrong}", code=64)

    def test_pages_follow_each_other_without_gap_or_overlap(self):
        for _ in range(23):
            self.hold(self.desk, mails.spam())
        everything = self.ids()
        self.assertEqual(len(everything), 23)
        self.assertEqual(everything, sorted(everything, reverse=True))
        paged, before = [], []
        for _ in range(10):
            said = self.ctl(self.desk, "list", "--limit", "5", *before, "--json").json
            paged += [mail["id"] for mail in said["messages"]]
            if said["next"] is None:
                break
            before = ["--before", said["next"]]
        self.assertEqual(paged, everything)
        self.assertEqual(self.ids("--limit", "1"), everything[:1])
        self.assertEqual(self.ids("--before", everything[-1], code=2), [])
        self.ctl(self.desk, "list", "--ids", "--json", code=64)

    def test_json_has_what_scripts_want(self):
        a, _, _ = self.several()
        found = {mail["id"]: mail for mail in self.ctl(self.desk, "list", "--json").json["messages"]}
        self.assertEqual(set(found[a]), {
            "id", "quarantine", "received", "sender", "recipients", "from", "subject", "date", "why", "size", "action",
            "queue_id", "notes", "stored", "gone"})
        self.assertRegex(found[a]["received"], UTC)
        self.assertEqual((found[a]["quarantine"], found[a]["sender"], found[a]["subject"], found[a]["why"],
                          found[a]["queue_id"], found[a]["action"]),
                         ("spam", ANNA, "first", "X-Spam-Flag: YES", "4TESTqueue", "DISCARD"))
        recipient, = found[a]["recipients"]
        self.assertEqual((recipient["address"], recipient["state"], recipient["reply"]),
                         ("User@Our.example", "held", ""))

    def test_ids_go_into_a_pipe(self):
        self.several()
        ids = self.ctl(self.desk, "list", "--ids", "--to", "@other.example").lines
        self.ctl(self.desk, "release", *ids, "--all")
        self.assertEqual(len(self.sink.mails()), 3)

    def test_a_reader_that_goes_away_is_no_trouble(self):
        for _ in range(3):
            self.hold(self.desk, mails.spam())
        done = subprocess.run(["sh", "-c", f"{program('quarantinectl')} -c {self.desk.file} list | true; echo ok"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
        self.assertEqual((done.stdout, done.stderr), (b"ok\n", b""))

    def test_on_a_terminal_no_line_is_too_long(self):
        self.hold(self.desk, mails.spam(subject="very long " * 40),
                  [f"user{n}.{mails.token()}@our.example" for n in range(9)])
        for columns in (80, 132):
            said = self.desk.ctl().on_terminal("list", columns=columns, NO_COLOR="1")
            self.assertEqual(said.code, 0, said)
            self.assertLessEqual(max(len(line) for line in said.text.splitlines()), columns)

    def test_colours_only_where_a_terminal_shows_them(self):
        self.hold(self.desk, mails.spam())
        self.assertIn(b"\x1b[", self.desk.ctl().on_terminal("list").out)
        self.assertNotIn(b"\x1b", self.desk.ctl().on_terminal("list", NO_COLOR="1").out)
        self.assertNotIn(b"\x1b", self.ctl(self.desk, "list").out)
        self.assertNotIn(b"\x1b", self.desk.ctl().on_terminal("list", "--json").out)


class ShowCase(MilterCase):
    MESSAGE = mails.mail(mails.SPAM, "X-Folded: one\r\n two\r\n\tthree", 'Content-Type: text/html; charset="utf-8"',
                         subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
                         body="<p>Hello <b>you</b>,</p><p>Grüße</p><img src=http://x.example/><script>alert(1)</script>"
                         .encode())

    def setUp(self):
        super().setUp()
        self.desk = self.daemon({"spam": {"regex": r"^X-Spam-Flag: (?P<flag>\w+)(;.*)?",
                                          **self.whitelist(("", "w@our.example"))}},
                                {"quarantine_days": "30"})

    def test_show_tells_all_there_is(self):
        held = self.hold(self.desk, self.MESSAGE, ["user@our.example", "w@our.example", "third@our.example"]).id
        said = self.ctl(self.desk, "show", held, "--json").json
        self.assertEqual((said["id"], said["subject"], said["size"]), (held, "Grüße", len(self.MESSAGE)))
        self.assertEqual([one["address"] for one in said["recipients"]], ["user@our.example", "third@our.example"])
        self.assertEqual(said["groups"], [{"name": "flag", "text": "YES"}, {"name": "", "text": ""}])
        self.assertEqual(said["client"]["address"], "192.0.2.1")
        self.assertEqual(said["notices"], [])
        self.assertRegex(said["digest"], "^[0-9a-f]{64}$")
        expires = datetime.datetime.fromisoformat(said["expires"].replace("Z", "+00:00"))
        self.assertLess(abs(expires.timestamp() - time.time() - 30 * 86400), 2 * 86400)
        text = self.ctl(self.desk, "show", held).text
        for words in (held, "spam", ANNA, "Grüße", "user@our.example", "third@our.example", "192.0.2.1",
                      "4TESTqueue", "X-Spam-Flag: YES", "flag", "held"):
            self.assertIn(words, text)

    def test_cat_in_its_three_forms(self):
        held = self.hold(self.desk, self.MESSAGE).id
        self.assertEqual(self.ctl(self.desk, "cat", held, "--eml", raw=True).out, self.MESSAGE)
        head = self.MESSAGE.partition(b"\r\n\r\n")[0].decode() + "\r\n"
        self.assertEqual(self.ctl(self.desk, "cat", held, "--headers").text, head.replace("\r\n", "\n"))
        fields = self.ctl(self.desk, "cat", held, "--headers", "--json").json["headers"]
        self.assertEqual(fields[2]["name"], "Subject")
        self.assertEqual(len(fields), 8)
        text = self.ctl(self.desk, "cat", held).text
        self.assertIn("Hello you,", text)
        self.assertIn("Grüße", text)
        self.assertNotIn("alert", text)
        self.assertEqual(self.ctl(self.desk, "cat", held, "--text").text, text)
        self.assertEqual(self.ctl(self.desk, "cat", held, "--json").json["text"].strip(), text.strip())
        self.ctl(self.desk, "cat", held, "--text", "--headers", code=64)

    def test_raw_bytes_never_go_to_a_terminal(self):
        held = self.hold(self.desk, mails.spam(body=b"\x1b]0;owned\x07\r\n")).id
        said = self.desk.ctl().on_terminal("cat", held, "--eml")
        self.assertEqual((said.code, said.out), (64, b""))
        self.assertIn(b"\x1b]0;owned\x07", self.ctl(self.desk, "cat", held, "--eml", raw=True).out)

    def test_unknown_and_nonsense_ids(self):
        for verb in (["show"], ["cat"], ["delete"], ["notify"], ["copy", "--to", "x@our.example"], ["explain"]):
            self.assertIn("no such message", self.ctl(self.desk, *verb, "7zzzzzzzzzzzzzzzzzzzzzzzzz", code=2).errors)
            if verb != ["explain"]:
                for nonsense in ("../x", "*", "?", "%", "_", "'", '"', "01;", "01 ", "01ABC", "l1", "0" * 27, ""):
                    said = self.ctl(self.desk, *verb, "--", nonsense, code=64)
                    self.assertEqual(said.text, "")
        self.hold(self.desk, mails.spam())
        self.assertEqual(len(self.desk.catalog().held()), 1)

    def test_a_message_whose_bytes_are_gone_is_said_to_be(self):
        held = self.hold(self.desk, mails.spam()).id
        self.desk.store("spam").mail(held).path.unlink()
        for verb in (["cat", held], ["cat", held, "--eml"], ["cat", held, "--headers"], ["release", held],
                     ["copy", held, "--to", "x@our.example"], ["explain", held]):
            said = self.ctl(self.desk, *verb, code=1)
            self.assertEqual(said.text, "", verb)
            self.assertIn(held, said.errors)
        self.assertEqual(self.desk.catalog().held()[0].recipients, {"user@our.example": "held"})


class DeleteCase(MilterCase):
    def setUp(self):
        super().setUp()
        self.desk = self.daemon(RULES, {"smtp_port": str(self.sink.port)})

    def stored(self):
        return [mail.id for mail in self.desk.store("spam").mails()]

    def test_for_one_recipient_and_then_for_the_last_one(self):
        held = self.hold(self.desk, mails.spam(), ["a@our.example", "b@our.example"]).id
        said = self.ctl(self.desk, "delete", held, "--to", "A@our.example")
        self.assertEqual(said.text, f"{held} a@our.example: deleted\n")
        self.assertEqual(self.desk.catalog().held()[0].recipients,
                         {"a@our.example": "deleted", "b@our.example": "held"})
        self.assertEqual(self.stored(), [held])
        self.assertIn("a@our.example", self.ctl(self.desk, "release", held, "--to", "a@our.example", code=1).errors)
        said = self.ctl(self.desk, "delete", held, "--json").json
        self.assertEqual(said["results"][0]["deleted"], ["b@our.example"])
        self.assertTrue(said["results"][0]["bytes_removed"])
        self.assertEqual(self.stored(), [])
        # On record it stays.
        self.assertIn("deleted", self.ctl(self.desk, "show", held).text)
        self.ctl(self.desk, "release", held, "--all", "--again", code=1)
        self.assertEqual(self.sink.mails(), [])
        self.ctl(self.desk, "delete", held)

    def test_several_ids_and_unknown_ones(self):
        ids = [self.hold(self.desk, mails.spam()).id for _ in range(3)]
        self.ctl(self.desk, "delete", *ids[:2])
        self.assertEqual(self.stored(), ids[2:])
        self.ctl(self.desk, "delete", ids[2], "7zzzzzzz", code=1)
        self.assertEqual(self.stored(), [])
        self.ctl(self.desk, "delete", "7zzzzzzz", code=2)

    def test_one_id_that_is_none_and_nothing_is_done(self):
        held = self.hold(self.desk, mails.spam()).id
        self.ctl(self.desk, "delete", held, "../etc", code=64)
        self.ctl(self.desk, "release", held, "../etc", code=64)
        self.assertEqual(self.stored(), [held])
        self.assertEqual(self.sink.mails(), [])

    def test_released_ones_stay_released(self):
        held = self.hold(self.desk, mails.spam(), ["a@our.example", "b@our.example"]).id
        self.ctl(self.desk, "release", held, "--to", "a@our.example")
        self.ctl(self.desk, "delete", held)
        self.assertEqual(self.desk.catalog().held()[0].recipients,
                         {"a@our.example": "released", "b@our.example": "deleted"})
        self.assertEqual(self.stored(), [])


def telling(folder, port, **more):
    """Options of a quarantine that tells."""
    template = folder / f"{mails.token()}.html"
    template.write_text(TEMPLATE, encoding="ascii")
    return {"notification_type": "EMAIL", "smtp_port": str(port), "notification_email_from": "quarantine@our.example",
            "notification_email_subject": "[Held] {EMAIL_SUBJECT}", "notification_email_template": str(template),
            **more}


class NotifyCase(MilterCase):
    def telling(self, **more):
        return self.daemon({"spam": {**RULES["spam"], **telling(self.folder, self.sink.port, **more)},
                            "virus": RULES["virus"]})

    def settled(self, desk, count):
        places.wait_until(f"{count} notices are sent", lambda: [
            notice["state"] for notice in desk.catalog().notices()] == ["sent"] * count)

    def test_a_second_notice_arrives_sent_by_the_daemon(self):
        desk = self.telling()
        held = self.hold(desk, mails.spam(), ["a@our.example", "b@our.example"]).id
        self.sink.wait_for("a@our.example")
        self.sink.wait_for("b@our.example")
        self.settled(desk, 2)
        began = time.monotonic()
        said = self.ctl(desk, "notify", held, "--to", "B@our.example")
        self.assertIn(f"{held} b@our.example: ", said.text)
        self.sink.wait_for("b@our.example", count=2)
        self.assertLess(time.monotonic() - began, 10)
        self.settled(desk, 3)
        self.assertEqual(len(self.sink.mails("a@our.example")), 1)
        self.assertEqual(len(self.ctl(desk, "show", held, "--json").json["notices"]), 3)

    def test_while_the_daemon_is_down_it_waits_for_it(self):
        desk = self.telling()
        held = self.hold(desk, mails.spam()).id
        self.sink.wait_for("user@our.example")
        self.settled(desk, 1)
        desk.stop()
        self.ctl(desk, "notify", held)
        self.assertEqual(self.ctl(desk, "status", "--json").json["notices"]["due"], 1)
        desk.start()
        self.sink.wait_for("user@our.example", count=2)
        self.settled(desk, 2)

    def test_no_notice_where_none_belongs(self):
        desk = self.telling()
        held = self.hold(desk, mails.spam()).id
        self.sink.wait_for("user@our.example")
        self.settled(desk, 1)
        self.ctl(desk, "notify", held, "--to", "stranger@our.example", code=2)
        silent = self.hold(desk, mails.mail("X-Virus: Eicar")).id
        self.assertIn("tells nobody", self.ctl(desk, "notify", silent, code=1).errors)
        self.ctl(desk, "delete", held)
        self.assertIn("deleted", self.ctl(desk, "notify", held, code=1).errors)
        self.assertEqual(len(desk.catalog().notices()), 1)

    def test_a_deleted_mail_is_not_told_of_any_more(self):
        desk = self.telling()
        self.sink.close()
        held = self.hold(desk, mails.spam()).id
        places.wait_until("the notice was tried", lambda: [n for n in desk.catalog().notices() if n["reply"]])
        self.ctl(desk, "delete", held)
        self.sink.listen()
        desk.stop()
        desk.catalog().make_due()
        desk.start()
        # One that comes behind it shows that it would have come.
        self.hold(desk, mails.spam(), "later@our.example")
        self.sink.wait_for("later@our.example")
        self.assertEqual(self.sink.mails("user@our.example"), [])

    def test_administrators_can_be_told_too_or_instead(self):
        desk = self.telling(also_notify="postmaster@our.example, boss@our.example")
        held = self.hold(desk, mails.spam(subject="both"), ["a@our.example", "b@our.example"]).id
        for recipient in ("a@our.example", "b@our.example"):
            received = self.sink.wait_for(recipient)
            self.assertEqual(received.recipients, [recipient])
        for boss in ("postmaster@our.example", "boss@our.example"):
            about = {mail.data.split(b" was held")[0].split(b" for ")[-1] for mail in self.sink.wait_for(boss, count=2)}
            self.assertEqual(about, {b"a@our.example", b"b@our.example"})
        self.settled(desk, 6)
        told = {(n["recipient"], n["send_to"]) for n in self.ctl(desk, "show", held, "--json").json["notices"]}
        self.assertEqual(len(told), 6)
        self.assertIn(("a@our.example", "boss@our.example"), told)
        self.assertIn("boss@our.example (about a@our.example)", self.ctl(desk, "show", held).text)

    def test_notify_recipient_no_tells_administrators_only(self):
        desk = self.telling(also_notify="boss@our.example", notify_recipient="no")
        held = self.hold(desk, mails.spam()).id
        self.sink.wait_for("boss@our.example")
        self.settled(desk, 1)
        self.assertEqual(self.sink.mails("user@our.example"), [])
        said = self.ctl(desk, "notify", held)
        self.assertIn("boss@our.example", said.text)
        self.sink.wait_for("boss@our.example", count=2)
        self.settled(desk, 2)
        self.assertEqual(self.sink.mails("user@our.example"), [])
        # Who is asked for by name is told all the same.
        self.ctl(desk, "notify", held, "--to", "user@our.example")
        self.sink.wait_for("user@our.example")
        self.settled(desk, 3)
