"""expire and store check: catalog and store agree, whenever they are looked at and whenever it is killed."""
import signal
import sqlite3
import time

from harness import catalog, mails, mounts, places
from harness.ancestor import Ancestor
from harness.case import MilterCase
from harness.sink import Stall

USER = "user@our.example"
RULE = {"regex": "^X-Spam-Flag: YES"}
DAY = 86400


class UpkeepBase(MilterCase):
    def made(self, section=None, options=None, **more):
        return self.daemon({"spam": {**RULE, **(section or {})}},
                           {"smtp_port": str(self.sink.port), **(options or {})}, **more)

    def take(self, desk, count, begin, step, **more):
        """Messages held long ago; their ids, oldest first."""
        old = Ancestor(self.folder / mails.token())
        old.add_many(count, begin, step, **more)
        said = self.ctl(desk, "import", "pyquarantine", old.folder, "-q", "spam", "--json", seconds=120).json
        self.assertEqual(len(said["imported"]), count)
        return sorted(one["id"] for one in said["imported"])

    def on_record(self, desk):
        return sorted(held.id for held in desk.catalog().held())

    def stored(self, desk):
        return sorted(mail.id for mail in desk.store("spam").mails())

    def assert_agree(self, desk):
        self.assertEqual(self.stored(desk), self.on_record(desk))
        said = self.ctl(desk, "store", "check", "--json").json
        self.assertEqual((said["findings"], said["troubles"]), ([], []))
        self.assertEqual(said["checked"], len(self.stored(desk)))


class ExpireCase(UpkeepBase):
    def test_what_is_too_old_goes_and_nothing_else(self):
        desk = self.made({"quarantine_days": "30"})
        now = time.time()
        old = self.take(desk, 3, now - 40 * DAY, DAY)
        young = self.take(desk, 2, now - 29 * DAY, DAY)
        fresh = self.hold(desk, mails.spam()).id
        dry = self.ctl(desk, "expire", "--dry-run", "--json").json
        self.assertTrue(dry["dry_run"])
        self.assertEqual([(part["quarantine"], part["messages"]) for part in dry["parts"]], [("spam", 3)])
        self.assertEqual(len(self.stored(desk)), 6)
        text = self.ctl(desk, "expire", "--dry-run").text
        self.assertIn("3 messages", text)
        self.assertIn("30 days", text)
        said = self.ctl(desk, "expire", "--json").json
        self.assertEqual((said["parts"][0]["messages"], said["parts"][0]["bytes"]), (3, dry["parts"][0]["bytes"]))
        self.assertEqual(self.on_record(desk), sorted([*young, fresh]))
        self.assert_agree(desk)
        for held in old:
            self.ctl(desk, "show", held, code=2)
        self.assertEqual(self.ctl(desk, "expire", "--json").json["parts"], [])
        self.assertEqual(self.ctl(desk, "status", "--json").json["quarantines"][0]["messages"], 3)

    def test_without_an_end_nothing_goes(self):
        desk = self.made()
        old = self.take(desk, 3, 1_000_000_000, DAY)
        self.ctl(desk, "expire")
        self.assertEqual(self.on_record(desk), old)

    def test_what_is_above_the_size_goes_the_oldest_first(self):
        desk = self.made({"quarantine_max_size": "20k"})
        ids = self.take(desk, 10, time.time() - 10 * DAY, DAY, size=4000)
        size = desk.catalog().held()[0].size
        fit = 20_000 // size if 20_000 // size < 10 else 4
        dry = self.ctl(desk, "expire", "--dry-run", "--json").json["parts"]
        self.assertEqual(len(self.stored(desk)), 10)
        said = self.ctl(desk, "expire", "--json").json["parts"]
        self.assertEqual(said, dry)
        left = self.on_record(desk)
        self.assertEqual(left, ids[-len(left):])
        self.assertIn(len(left), (fit, 20 * 1024 // size))
        self.assert_agree(desk)

    def test_both_limits_dry_and_done_say_the_same(self):
        desk = self.made({"quarantine_max_size": "20k", "quarantine_days": "5"})
        self.take(desk, 10, time.time() - 10 * DAY + 3600, DAY, size=4000)
        self.take(desk, 10, time.time() - 3600, 60, size=4000)
        dry = self.ctl(desk, "expire", "--dry-run", "--json").json["parts"]
        self.assertEqual(len(dry), 2)
        self.assertEqual(self.ctl(desk, "expire", "--json").json["parts"], dry)
        self.assert_agree(desk)

    def test_released_and_deleted_ones_go_too_and_their_notices(self):
        desk = self.made({"quarantine_days": "30"})
        ids = self.take(desk, 3, time.time() - 40 * DAY, DAY)
        self.ctl(desk, "release", ids[0])
        self.ctl(desk, "delete", ids[1])
        self.ctl(desk, "expire")
        self.assertEqual(self.on_record(desk), [])
        self.assertEqual(desk.catalog().execute("SELECT count(*) FROM held_recipient")[0][0], 0)
        self.assert_agree(desk)

    def test_one_that_is_being_released_stays(self):
        desk = self.made({"quarantine_days": "30"})
        held, = self.take(desk, 1, time.time() - 40 * DAY, DAY)
        stall = Stall()
        self.addCleanup(stall.go)
        self.sink.answer("message", stall, times=1)
        running = desk.ctl().begin("release", held, log=self.folder / "release.out")
        self.addCleanup(running.kill)
        stall.wait_reached()
        self.ctl(desk, "expire")
        self.assertEqual(self.on_record(desk), [held])
        stall.go()
        self.assertEqual(running.wait(), 0)
        self.ctl(desk, "expire")
        self.assertEqual(self.on_record(desk), [])

    def test_a_quarantine_that_is_not_configured_any_more_keeps_its_mail(self):
        desk = self.made({"quarantine_days": "30"})
        ids = self.take(desk, 2, time.time() - 40 * DAY, DAY)
        desk.configure({"other": RULE}, {"quarantine_days": "30"})
        said = self.ctl(desk, "expire", "--json").json
        self.assertEqual([(part["quarantine"], part["configured"]) for part in said["parts"]], [("spam", False)])
        self.assertEqual(self.on_record(desk), ids)
        self.assertIn("not configured", self.ctl(desk, "expire").text)
        desk.configure({"spam": RULE})

    def test_whitelist_rows_that_nobody_used(self):
        options = self.whitelist(("old@shop.example", ""), ("kept@shop.example", ""), ("new@shop.example", ""))
        path = options["whitelist_db_connection"].removeprefix("sqlite:///")
        desk = self.made({**options, "whitelist_expire_days": "180"})

        def rows():
            with sqlite3.connect(path, timeout=20) as connection:
                return [row[0] for row in connection.execute("SELECT mailfrom FROM whitelist ORDER BY id")]
        with sqlite3.connect(path, timeout=20) as connection:
            connection.execute("UPDATE whitelist SET last_used = datetime('now', '-200 days'), created = last_used"
                               " WHERE mailfrom IN ('old@shop.example', 'kept@shop.example')")
            connection.execute("UPDATE whitelist SET permanent = 1 WHERE mailfrom = 'kept@shop.example'")
        self.assertEqual(self.ctl(desk, "expire", "--dry-run", "--json").json["whitelist_rows"], 1)
        self.assertEqual(len(rows()), 3)
        self.assertEqual(self.ctl(desk, "expire", "--json").json["whitelist_rows"], 1)
        self.assertEqual(rows(), ["kept@shop.example", "new@shop.example"])

    def test_from_a_store_that_is_away_nothing_expires(self):
        desk = self.made({"quarantine_days": "30"})
        ids = self.take(desk, 2, time.time() - 40 * DAY, DAY)
        (desk.folder / "spam").rename(desk.folder / "elsewhere")
        for arguments in (("--dry-run",), ()):
            self.assertIn(str(desk.folder / "spam"), self.ctl(desk, "expire", *arguments, code=1).errors)
        (desk.folder / "elsewhere").rename(desk.folder / "spam")
        self.assertEqual(self.on_record(desk), ids)
        self.ctl(desk, "expire")
        self.assertEqual(self.on_record(desk), [])

    def test_while_the_daemon_is_down(self):
        desk = self.made({"quarantine_days": "30"})
        self.take(desk, 2, time.time() - 40 * DAY, DAY)
        desk.stop()
        self.ctl(desk, "expire")
        self.assertEqual(self.on_record(desk), [])
        self.assert_agree(desk)


class KilledExpireCase(UpkeepBase):
    @classmethod
    def setUpClass(cls):
        mounts.leave_for_private_mounts()
        super().setUpClass()
        mounts.mount_memory(cls.folder.path)
        cls.addClassCleanup(mounts.unmount, cls.folder.path)
        cls.folder.folder("milter")

    def test_killed_in_the_middle_the_next_run_finishes(self):
        desk = self.made({"quarantine_days": "30"})
        count = 2600
        self.take(desk, count, time.time() - 90 * DAY, 60)
        kept = self.take(desk, 5, time.time() - DAY, 60)
        seen = [count + 5]
        for _ in range(3):
            running = desk.ctl().begin("expire", log=self.folder / "expire.out")
            self.addCleanup(running.kill)

            def is_less(running=running):
                now = desk.catalog().execute("SELECT count(*) FROM held_message")[0][0]
                if now < seen[-1] or running.exit_code is not None:
                    seen.append(now)
                    return True
                return False
            places.wait_until("some are gone", is_less, 60)
            running.send_signal(signal.SIGKILL)
            running.wait()
            # Nothing is promised that is not there.
            files = set(self.stored(desk))
            promised = desk.catalog().execute("SELECT id FROM held_message WHERE gone = 0")
            self.assertLessEqual({row[0] for row in promised}, files)
        self.assertGreater(seen[1], 5, "it was never in the middle")
        # The daemon held on all the while.
        fresh = self.hold(desk, mails.spam()).id
        self.ctl(desk, "expire", seconds=120)
        self.assertEqual(self.on_record(desk), sorted([*kept, fresh]))
        self.assert_agree(desk)

    def test_asked_to_stop_it_stops_between_two_batches(self):
        desk = self.made({"quarantine_days": "30"})
        self.take(desk, 1200, time.time() - 90 * DAY, 60)
        # It hears of the wish in front of its first batch, where somebody else writes.
        with catalog.Lock(desk.catalog_file):
            running = desk.ctl().begin("expire", log=self.folder / "stopped.out")
            self.addCleanup(running.kill)
            places.wait_until("it listens", lambda: running.catches(signal.SIGTERM))
            running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(), 1)
        self.assertIn("stopped", (self.folder / "stopped.out").read_text())
        left = len(self.on_record(desk))
        self.assertTrue(0 < left < 1200, left)
        self.assert_agree(desk)
        self.ctl(desk, "expire")
        self.assertEqual(self.on_record(desk), [])


class StoreCheckCase(UpkeepBase):
    def setUp(self):
        super().setUp()
        self.desk = self.made()
        self.ids = self.take(self.desk, 4, time.time() - 5 * DAY, 60)

    def findings(self, *arguments, code=1):
        said = self.ctl(self.desk, "store", "check", "--json", *arguments, code=code).json
        return {one["id"]: (one["kind"], one["repaired"]) for one in said["findings"]}

    def forget(self, held):
        connection = self.desk.catalog().connect()
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM held_recipient WHERE message = ?", (held,))
        connection.execute("DELETE FROM held_message WHERE id = ?", (held,))
        connection.close()

    def test_all_is_well(self):
        self.assert_agree(self.desk)
        self.assertIn("4 messages checked", self.ctl(self.desk, "store", "check").text)

    def test_a_file_without_a_record_is_taken_up_again(self):
        lost = self.ids[1]
        before = self.ctl(self.desk, "show", lost, "--json").json
        self.forget(lost)
        self.assertEqual(self.findings(), {lost: ("file_without_row", False)})
        self.assertEqual(len(self.on_record(self.desk)), 3)
        self.assertEqual(self.findings("--repair", code=0), {lost: ("file_without_row", True)})
        after = self.ctl(self.desk, "show", lost, "--json").json
        for key in ("id", "quarantine", "received", "sender", "subject", "from", "size", "digest", "queue_id",
                    "stored"):
            self.assertEqual(after[key], before[key], key)
        self.assertEqual([one["state"] for one in after["recipients"]], ["held"])
        self.assert_agree(self.desk)
        self.ctl(self.desk, "release", lost)
        self.assertEqual(self.sink.mails()[0].data, self.desk.store("spam").mail(lost).data)

    def test_a_record_without_a_file_is_marked_as_lost(self):
        lost = self.ids[2]
        self.desk.store("spam").mail(lost).path.unlink()
        self.assertEqual(self.findings(), {lost: ("row_without_file", False)})
        self.assertEqual(self.findings("--repair", code=0), {lost: ("row_without_file", True)})
        shown = self.ctl(self.desk, "show", lost, "--json").json
        self.assertTrue(shown["gone"])
        self.assertEqual(shown["recipients"][0]["state"], "deleted")
        self.assertIn("lost", shown["recipients"][0]["reply"])
        self.assertEqual(self.findings(code=0), {})
        self.ctl(self.desk, "release", lost, code=1)

    def test_a_file_that_comes_back_is_taken_up_again(self):
        lost = self.ids[2]
        path = self.desk.store("spam").mail(lost).path
        data = path.read_bytes()
        path.unlink()
        self.findings("--repair", code=0)
        path.write_bytes(data)
        path.chmod(0o600)
        self.findings("--repair", code=0)
        shown = self.ctl(self.desk, "show", lost, "--json").json
        self.assertEqual((shown["gone"], shown["recipients"][0]["state"]), (False, "held"))
        self.assert_agree(self.desk)
        self.ctl(self.desk, "release", lost)

    def test_a_file_that_nobody_waits_for_is_removed(self):
        held = self.ids[0]
        self.desk.catalog().execute("UPDATE held_recipient SET state = 'deleted' WHERE message = ?", held)
        self.assertEqual(self.findings(), {held: ("useless_file", False)})
        self.assertEqual(self.findings("--repair", code=0), {held: ("useless_file", True)})
        self.assertNotIn(held, self.stored(self.desk))
        self.assertEqual(self.findings(code=0), {})

    def test_what_cannot_be_read_is_never_touched(self):
        broken = self.ids[3]
        path = self.desk.store("spam").mail(broken).path
        for data in (b"", b"garbage", b"X-Quarantine-Trace: 1 9999999\r\n",
                     path.read_bytes().replace(broken.encode(), self.ids[0].encode())):
            self.forget(broken)
            path.write_bytes(data)
            for arguments in ((), ("--repair",)):
                self.assertEqual(self.findings(*arguments), {broken: ("unreadable", False)}, data[:60])
            self.assertEqual(path.read_bytes(), data)

    def test_strangers_in_the_folder_are_left_alone(self):
        folder = self.desk.folder / "spam"
        (folder / "README").write_text("mine")
        (folder / "notes").mkdir()
        (folder / "notes" / "x.eml").write_text("mine")
        self.assertEqual(self.findings("--repair", code=0), {})
        self.assertTrue((folder / "notes" / "x.eml").exists())

    def test_mail_that_is_being_held_right_now_is_no_finding(self):
        """Its file is there before its record."""
        fresh = self.hold(self.desk, mails.spam()).id
        self.forget(fresh)
        self.assertEqual(self.findings("--repair", code=0), {})

    def test_a_second_daemons_work_is_safe_while_it_checks(self):
        """Mail is held while the stores are checked and repaired, again and again."""
        for _ in range(10):
            running = self.desk.ctl().begin("store", "check", "--repair", log=self.folder / "check.out")
            for _ in range(5):
                self.hold(self.desk, mails.spam())
            self.assertEqual(running.wait(), 0, (self.folder / "check.out").read_text())
            running.kill()
        self.assertEqual(len(self.on_record(self.desk)), 54)
        self.assertEqual(self.findings(code=0), {})

    def test_a_store_that_is_away_is_no_store_that_lost_everything(self):
        """A disk that is not mounted: said, and nothing is written off."""
        (self.desk.folder / "spam").rename(self.desk.folder / "elsewhere")
        for arguments in ((), ("--repair",)):
            said = self.ctl(self.desk, "store", "check", "--json", *arguments, code=1).json
            self.assertEqual(said["findings"], [])
            self.assertIn(str(self.desk.folder / "spam"), said["troubles"][0])
        for verb in (["release", self.ids[0]], ["copy", self.ids[0], "--to", "x@our.example"], ["cat", self.ids[0]],
                     ["cat", self.ids[0], "--eml"], ["explain", self.ids[0]]):
            self.assertIn(str(self.desk.folder / "spam"), self.ctl(self.desk, *verb, code=69).errors)
        (self.desk.folder / "elsewhere").rename(self.desk.folder / "spam")
        self.assertEqual(self.on_record(self.desk), self.ids)
        self.assertEqual(self.findings(code=0), {})

    def test_it_stops_nowhere_because_one_store_is_away(self):
        self.desk.configure({"spam": RULE, "virus": {"regex": "^X-Virus: "}})
        (self.desk.folder / "virus").rmdir()
        lost = self.ids[2]
        self.desk.store("spam").mail(lost).path.unlink()
        said = self.ctl(self.desk, "store", "check", "--json", code=1)
        self.assertEqual([one["id"] for one in said.json["findings"]], [lost])
        self.assertNotEqual(said.json["troubles"], [])
        self.desk.configure({"spam": RULE})
