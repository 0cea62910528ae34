"""held -> releasing -> released or failed: what the mail server said is what is told, kept and shown."""
import re
import signal

from harness import mails, mounts, places
from harness.case import MilterCase, PostfixCase
from harness.postgres import Postgres
from harness.sink import DROP, Stall
from harness.syslog import Receiver

SENDER = "anna@shop.example"
USER = "user@our.example"
RULES = {"spam": {"regex": "^X-Spam-Flag: YES"}}
ROUNDS = 12


class StatesBase(MilterCase):
    """The sink is the mail server that gets the released mail."""

    def setUp(self):
        super().setUp()
        self.desk = self.daemon(RULES, self.options())

    def options(self):
        return {"smtp_port": str(self.sink.port), "log_level": "info"}

    def held(self, recipients=USER):
        self.message = mails.spam()
        return self.hold(self.desk, self.message, recipients).id

    def state(self, held, recipient=USER):
        row = self.desk.catalog().recipients(held)[recipient]
        return row["state"], row["reply"]

    def shown(self, held, recipient=USER):
        recipients = self.ctl(self.desk, "show", held, "--json").json["recipients"]
        return next(one for one in recipients if one["address"] == recipient)

    def release(self, held, *arguments, code=0):
        return self.ctl(self.desk, "release", held, *arguments, code=code)

    def begin(self, *arguments):
        """quarantinectl on its own; nothing of it is left when the test ends."""
        running = self.desk.ctl().begin(*arguments, log=self.folder / f"{mails.token()}.out")
        self.addCleanup(running.kill)
        return running

    def stalled(self, held, *arguments):
        """A release whose mail server has everything and says nothing: (the process, the stall)."""
        stall = Stall()
        self.addCleanup(stall.go)
        self.sink.answer("message", stall, times=1)
        running = self.begin("release", held, *arguments)
        stall.wait_reached()
        return running, stall

    def killed(self, held):
        """Kills a release behind the final dot; the mail never arrives."""
        running, _ = self.stalled(held)
        running.send_signal(signal.SIGKILL)
        running.wait()
        self.assertEqual(self.state(held)[0], "releasing")


class RefusalsCase(StatesBase):
    def fails_and_can_be_tried_again(self, stage, reply, code, said):
        with self.subTest(stage):
            self.sink.reset()
            self.sink.answer(stage, reply, times=2)
            held = self.held()
            for _ in range(2):
                failed = self.release(held, code=code)
                self.assertIn(said, failed.errors)
                self.assertIn(f"{held} {USER}: ", failed.errors)
                self.assertEqual(failed.text, "")
                state, kept = self.state(held)
                self.assertEqual(state, "failed")
                self.assertIn(said, kept)
                self.assertEqual(self.shown(held)["reply"], kept)
                self.assertEqual(self.sink.mails(), [])
            released = self.release(held)
            self.assertIn(f"{held} {USER}: released, 250 2.0.0 Ok: queued as SINK", released.text)
            self.assertEqual(self.state(held), ("released", "250 2.0.0 Ok: queued as SINK"))
            self.assertEqual([mail.data for mail in self.sink.mails()], [self.message])

    def test_a_refusal_for_now_at_any_stage_is_75(self):
        for stage, reply in (("connect", b"421 4.3.2 not now"), ("mail", b"451 4.3.0 later"),
                             ("rcpt", b"450 4.2.0 greylisted, come again"), ("data", b"452 4.3.1 full"),
                             ("message", b"451 4.7.1 the scanner is away")):
            self.fails_and_can_be_tried_again(stage, reply, 75, reply.decode())

    def test_a_refusal_for_good_at_any_stage_is_1(self):
        for stage, reply in (("mail", b"550 5.1.8 bad sender"), ("rcpt", b"550 5.1.1 no such user"),
                             ("data", b"554 5.5.1 no"), ("message", b"554 5.7.1 a virus")):
            self.fails_and_can_be_tried_again(stage, reply, 1, reply.decode())

    def test_a_server_that_hangs_up_before_the_message_is_75(self):
        held = self.held()
        # A connection that breaks before the message is opened anew once.
        self.sink.answer("rcpt", DROP, times=4)
        self.release(held, code=75)
        self.assertEqual(self.state(held)[0], "failed")

    def test_a_server_that_is_away_is_75(self):
        held = self.held()
        self.sink.close()
        try:
            said = self.release(held, code=75)
            self.assertIn(f"{held} {USER}: ", said.errors)
            state, reply = self.state(held)
            self.assertEqual(state, "failed")
            self.assertIn("connect", reply.lower())
        finally:
            self.sink.listen()
        self.release(held)
        self.assertEqual(len(self.sink.mails()), 1)

    def test_a_reply_of_several_lines_is_kept_as_one(self):
        held = self.held()
        self.sink.answer("rcpt", b"550-5.1.1 no such user\r\n550 5.1.1 ask the postmaster", times=1)
        said = self.release(held, code=1)
        for words in ("no such user", "ask the postmaster"):
            self.assertIn(words, self.state(held)[1])
            self.assertIn(words, said.errors.replace("\n", " "))

    def test_good_and_bad_ones_in_one_run_are_1_each_told(self):
        recipients = [f"{mails.token()}@our.example" for _ in range(3)]
        self.sink.answer("rcpt", b"550 5.1.1 no such user", pattern=recipients[0])
        self.sink.answer("rcpt", b"450 4.2.0 later", pattern=recipients[1])
        held = self.held(recipients)
        said = self.release(held, "--all", code=1)
        self.assertIn(f"{recipients[0]}: ", said.errors)
        self.assertIn(f"{recipients[1]}: ", said.errors)
        self.assertIn(f"{recipients[2]}: released, 250", said.text)
        self.assertEqual([self.state(held, one)[0] for one in recipients], ["failed", "failed", "released"])
        said = self.ctl(self.desk, "release", held, "--all", "--json", code=1)
        outcomes = {result["recipient"]: (result["outcome"], result["reply"]) for result in said.json["results"]}
        self.assertEqual(outcomes[recipients[0]], ("refused", "550 5.1.1 no such user"))
        self.assertEqual(outcomes[recipients[1]], ("deferred", "450 4.2.0 later"))
        self.assertEqual(outcomes[recipients[2]][0], "already_released")

    def test_a_drop_behind_the_final_dot_is_unknown_and_needs_again(self):
        held = self.held()
        self.sink.answer("message", DROP, times=1)
        said = self.release(held, code=1)
        self.assertIn("may have arrived", said.errors)
        self.assertEqual(self.state(held)[0], "failed")
        self.assertTrue(self.shown(held)["outcome_unknown"])
        self.assertIn("may have arrived", self.ctl(self.desk, "show", held).text)
        # Not a second copy by the way.
        said = self.release(held, code=1)
        self.assertIn("--again", said.errors)
        self.assertEqual(self.sink.mails(), [])
        self.release(held, "--again")
        self.assertEqual(self.state(held)[0], "released")
        self.assertFalse(self.shown(held)["outcome_unknown"])
        self.assertEqual(len(self.sink.mails()), 1)


class OnceCase(StatesBase):
    def test_a_second_release_says_so_and_sends_nothing(self):
        held = self.held()
        self.release(held)
        said = self.release(held)
        self.assertIn(f"{held} {USER}: already released (250 2.0.0 Ok: queued as SINK)", said.text)
        self.assertEqual(len(self.sink.mails()), 1)
        said = self.release(held, "--again")
        self.assertIn(f"{held} {USER}: released, 250", said.text)
        self.assertEqual([mail.data for mail in self.sink.mails()], [self.message, self.message])

    def test_a_short_id_does_while_it_is_unique(self):
        first, second = self.held(), self.held()
        length = next(n for n in range(1, 27) if first[:n] != second[:n])
        said = self.release(first[:length - 1], code=1)
        for held in (first, second):
            self.assertIn(held, said.errors)
        self.assertEqual(self.sink.mails(), [])
        # A slip of the finger is no id.
        self.release(second[:3], code=64)
        self.ctl(self.desk, "delete", second[:3], code=64)
        self.release(second[:length])
        self.assertEqual((self.state(first)[0], self.state(second)[0]), ("held", "released"))

    def test_an_id_named_twice_is_released_once(self):
        held = self.held()
        self.release(held, held, held[:20])
        self.assertEqual(len(self.sink.mails()), 1)

    def test_unknown_ids_are_2_and_the_others_are_released(self):
        self.release("7zzzzzzzzzzzzzzzzzzzzzzzzz", code=2)
        self.release("7zzzzzzz", code=2)
        held = self.held()
        self.release(held, "7zzzzzzzzzzzzzzzzzzzzzzzzz", code=1)
        self.assertEqual(self.state(held)[0], "released")
        self.assertEqual(self.release(held, "--to", "nobody@our.example", code=2).text, "")
        self.assertEqual(len(self.sink.mails()), 1)

    def test_two_at_once_send_one_copy(self):
        for number in range(ROUNDS):
            held = self.held()
            self.sink.reset()
            running = [self.begin("release", held) for _ in range(2)]
            codes = sorted(process.wait() for process in running)
            self.assertEqual(len(self.sink.mails()), 1, f"round {number}")
            # The other one found it released, or under way.
            self.assertIn(codes, ([0, 0], [0, 75]), f"round {number}")
            self.assertEqual(self.state(held)[0], "released")

    def test_one_under_way_is_left_alone_and_said_so(self):
        held = self.held()
        running, stall = self.stalled(held)
        self.assertEqual(self.shown(held)["state"], "releasing")
        for arguments in ((), ("--again",)):
            said = self.release(held, *arguments, code=75)
            self.assertRegex(said.errors, rf"{held} {USER}: being released")
        said = self.ctl(self.desk, "delete", held, code=75)
        self.assertIn("under way", said.errors)
        # Nor does a daemon that starts take it for left behind.
        self.desk.restart()
        self.assertEqual(self.shown(held)["state"], "releasing")
        stall.go()
        self.assertEqual(running.wait(), 0)
        self.assertEqual(self.state(held)[0], "released")
        self.assertEqual(len(self.sink.mails()), 1)

    def test_what_was_delivered_before_needs_again(self):
        """A quarantine that only observes, and the mail server's own hold queue."""
        for action, state in (("ACCEPT", "copied"), ("HOLD", "mta_hold")):
            self.sink.reset()
            self.desk.configure({"spam": {**RULES["spam"], "action": action}}, self.options())
            self.desk.reload()
            held = self.held()
            self.assertEqual(self.state(held)[0], state)
            self.assertIn("--again", self.release(held, code=1).errors)
            self.assertEqual((self.state(held)[0], self.sink.mails()), (state, []))
            self.release(held, "--again")
            self.assertEqual((self.state(held)[0], len(self.sink.mails())), ("released", 1))

    def test_a_quarantine_that_keeps_nothing_has_nothing_to_release(self):
        template = self.folder / "notice.html"
        template.write_text("<p>{EMAIL_SUBJECT}</p>", encoding="ascii")
        telling = {"notification_type": "EMAIL", "notification_email_from": "quarantine@our.example",
                   "notification_email_subject": "[Held]", "notification_email_template": str(template)}
        self.desk.configure({"spam": {**RULES["spam"], "quarantine_type": "NONE", **telling}}, self.options())
        self.desk.reload()
        held = self.held()
        self.sink.wait_for(USER, b"[Held]")
        self.assertIn("keeps no messages", self.release(held, "--again", code=1).errors)
        self.assertEqual(self.state(held)[0], "held")

    def test_a_quarantine_with_another_name_since_releases_all_the_same(self):
        held = self.held()
        self.desk.configure({"junk": {**RULES["spam"], "quarantine_directory": str(self.desk.folder / "spam")}},
                            self.options())
        self.desk.reload()
        self.release(held)
        self.assertEqual([mail.data for mail in self.sink.mails()], [self.message])

    def test_asked_to_stop_it_finishes_the_one_under_way(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.sink.reset()
            recipients = [f"{mails.token()}@our.example" for _ in range(3)]
            held = self.held(recipients)
            running, stall = self.stalled(held, "--all")
            running.send_signal(number)
            stall.go()
            self.assertEqual(running.wait(), 1)
            self.assertEqual([self.state(held, one)[0] for one in recipients], ["released", "held", "held"])
            self.assertEqual(len(self.sink.mails()), 1)


class KilledCase(StatesBase):
    def unknown_then_again(self, held):
        self.assertEqual(self.state(held)[0], "failed")
        self.assertTrue(self.shown(held)["outcome_unknown"])
        self.release(held, code=1)
        self.release(held, "--again")
        self.assertEqual(self.state(held)[0], "released")

    def test_the_next_one_that_works_resolves_it(self):
        held = self.held()
        self.killed(held)
        # Looking changes nothing.
        self.assertEqual(self.shown(held)["state"], "releasing")
        self.ctl(self.desk, "expire")
        self.unknown_then_again(held)

    def test_the_next_release_finds_it_unknown(self):
        held = self.held()
        self.killed(held)
        self.assertIn("--again", self.release(held, code=1).errors)
        self.unknown_then_again(held)

    def test_the_daemon_resolves_it_at_its_start_and_logs_it(self):
        held = self.held()
        self.killed(held)
        self.desk.stop()
        before = len(self.desk.log())
        self.desk.start()
        self.desk.wait_for_log(rf"id={held}.*status=release", after=before)
        self.assertEqual(self.state(held)[0], "failed")
        self.unknown_then_again(held)

    def test_killed_at_any_moment_it_is_never_left_for_ever(self):
        """Wherever the kill falls: afterwards the mail is held, failed or released, and can be released."""
        for delay in range(ROUNDS):
            self.sink.reset()
            held = self.held()
            running = self.begin("release", held)
            deadline = 0.004 * delay
            try:
                running.wait(deadline or 0.001)
            except Exception:
                pass
            running.kill()
            self.ctl(self.desk, "expire")
            state, _ = self.state(held)
            self.assertIn(state, ("held", "failed", "released"), delay)
            if state == "released":
                self.assertEqual(len(self.sink.mails()), 1)
            self.release(held, "--again")
            self.assertEqual(self.state(held)[0], "released")


class PostgresStatesCase(StatesBase):
    """The catalog is on a server: who is alive is known there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postgres = Postgres(cls.folder)
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.start()

    def setUp(self):
        self.postgres.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION qm")
        super().setUp()

    def options(self):
        return {**super().options(), "catalog": self.postgres.url}

    def held(self, recipients=USER):
        self.message = mails.spam()
        self.assert_holds(self.message)
        return self.ctl(self.desk, "list", "--ids", "--limit", "1").lines[0]

    def state(self, held, recipient=USER):
        one = self.shown(held, recipient)
        return one["state"], one["reply"]

    def test_two_at_once_send_one_copy(self):
        for number in range(4):
            held = self.held()
            self.sink.reset()
            running = [self.begin("release", held) for _ in range(2)]
            codes = sorted(process.wait() for process in running)
            self.assertIn(codes, ([0, 0], [0, 75]), f"round {number}")
            self.assertEqual(len(self.sink.mails()), 1, f"round {number}")

    def test_a_killed_one_is_resolved_and_needs_again(self):
        held = self.held()
        running, stall = self.stalled(held)
        self.assertEqual(self.state(held)[0], "releasing")
        self.release(held, code=75)
        running.send_signal(signal.SIGKILL)
        running.wait()
        stall.go()
        # The server finds out that its client is gone, and the next one that works resolves it.
        places.wait_until("it is resolved", lambda: self.desk.ctl().run("expire").code == 0 and
                          self.state(held)[0] == "failed")
        self.assertTrue(self.shown(held)["outcome_unknown"])
        self.release(held, code=1)
        self.release(held, "--again")
        self.assertEqual(self.state(held), ("released", "250 2.0.0 Ok: queued as SINK"))

    def test_status_list_and_expire(self):
        held = self.held()
        said = self.ctl(self.desk, "status", "--json").json
        self.assertEqual((said["daemon"], said["quarantines"][0]["name"]), ("unknown", "spam"))
        self.assertNotIn("qm:qm", said["catalog"])
        self.assertIn(held, self.ctl(self.desk, "list", "--to", USER, "--from", "@shop.example", "--ids").lines)
        self.ctl(self.desk, "delete", held)
        self.ctl(self.desk, "expire")
        self.ctl(self.desk, "store", "check")
        self.postgres.stop()
        try:
            self.assertNotIn("qm:qm", self.ctl(self.desk, "list", code=69).errors)
        finally:
            self.postgres.start()


class ReleaseLogCase(StatesBase):
    """What quarantinectl does stands in the log where the daemon's lines stand: in syslog."""

    @classmethod
    def setUpClass(cls):
        mounts.leave_for_private_mounts()
        mounts.mount_log_sockets()
        super().setUpClass()

    def options(self):
        return {**super().options(), "log": "syslog"}

    def setUp(self):
        super().setUp()
        self.syslog = Receiver("/dev/log")
        self.addCleanup(self.syslog.close)

    def test_a_release_is_logged_like_the_daemon_logs(self):
        held = self.held()
        self.release(held)
        line = self.syslog.wait_for("status=released", f"id={held}")
        for part in ("4TESTqueue: quarantine=spam", f"from=<{SENDER}>", f"to=<{USER}>", "queued as SINK"):
            self.assertIn(part, line)

    def test_refusals_and_deletions_are_logged(self):
        held = self.held()
        self.sink.answer("rcpt", b"550 5.1.1 no such user", times=1)
        self.release(held, code=1)
        self.syslog.wait_for("status=release-refused", f"id={held}", "550 5.1.1 no such user")
        self.ctl(self.desk, "delete", held)
        self.syslog.wait_for("status=deleted", f"id={held}", f"to=<{USER}>")

    def test_a_release_left_by_a_dead_process_is_logged(self):
        held = self.held()
        self.killed(held)
        self.ctl(self.desk, "expire")
        self.syslog.wait_for("status=release", f"id={held}")
        self.assertEqual(self.state(held)[0], "failed")


class PostfixRefusalsThroughPostfix(PostfixCase):
    mta_options = {"more": "smtpd_recipient_restrictions = check_recipient_access inline:{"
                           "{never@our.example = 550 5.7.1 not here}, {later@our.example = 450 4.7.1 not now}}, "
                           "permit\nsmtpd_delay_reject = no\n"}

    def test_postfix_refusing_keeps_its_words(self):
        desk = self.daemon({"spam": {"regex": "^X-Spam-Flag: YES"}}, {"smtp_port": str(self.mta.reinjection_port)})
        for recipient, code, said in (("never@our.example", 1,
                                       "550 5.7.1 <never@our.example>: Recipient address rejected: "
                                                               "not here"),
                                      ("later@our.example", 75,
                                       "450 4.7.1 <later@our.example>: Recipient address rejected: "
                                                                "not now")):
            held = self.hold(desk, mails.spam(), recipient)
            for _ in range(2):
                self.assertIn(said, self.ctl(desk, "release", held.id, code=code).errors)
                row = desk.catalog().recipients(held.id)[recipient]
                self.assertEqual((row["state"], row["reply"]), ("failed", said))
        self.assert_not_delivered("never@our.example", "later@our.example")
        # Once it is let in, it goes.
        self.mta.set(smtpd_recipient_restrictions="")

        def goes():
            return desk.ctl().run("release", held.id).code == 0
        places.wait_until("Postfix takes it", goes)
        reply = desk.catalog().recipients(held.id)["later@our.example"]["reply"]
        queued = re.search(r"queued as (\w+)", reply)[1]
        self.sink.wait_for("later@our.example")
        places.wait_until("Postfix has it in its log", lambda: f" {queued}: " in self.mta.log())
