"""Released mail and notices come back through the very port that asks the milter, and are not held again."""
import re

from harness import mails, places, postfix
from harness.case import PostfixCase, SendmailCase, without_top_field
from harness.sink import SmtpSink

SENDER = "anna@shop.example"
RULES = {"spam": {"regex": r"^X-Spam-Flag: YES|^Subject: .*\bOFFER\b"}}
TEMPLATE = "<p>{EMAIL_SUBJECT} was held.</p><div>{EMAIL_HTML_TEXT}</div>"


class OwnMailScenarios:
    def desk(self, section=None, **options):
        return self.daemon({"spam": {**RULES["spam"], **(section or {})}},
                           {"smtp_port": str(self.mta.port), "log_level": "info", **options})

    def telling(self):
        template = self.folder / f"{mails.token()}.html"
        template.write_text(TEMPLATE, encoding="ascii")
        return self.desk({"notification_type": "EMAIL", "notification_email_from": "quarantine@our.example",
                          "notification_email_subject": "[Held] {EMAIL_SUBJECT}",
                          "notification_email_template": str(template)})

    def address(self):
        return f"{mails.token()}@our.example"

    def passes_after_release(self, message, desk=None, recipient=None):
        """Held as from outside, released through the milter's port: what arrives."""
        desk = desk or self.desk()
        recipient = recipient or self.address()
        held = self.hold(desk, message, recipient, SENDER)
        self.ctl(desk, "release", held.id)
        desk.wait_for_log(rf"to=<{re.escape(recipient)}>.*kind=release.*status=own-mail-passed")
        received = self.sink.wait_for(recipient)
        self.mta.wait_idle()
        self.assertEqual(len(self.sink.mails(recipient)), 1)
        self.assertEqual(desk.catalog().held()[-1].id, held.id)
        return desk, received

    def test_a_released_mail_passes(self):
        message = mails.spam()
        _, received = self.passes_after_release(message)
        self.assertEqual(without_top_field(received.data, b"Received"), message)

    def test_mails_that_the_mail_server_completes_pass(self):
        body = b"Hello.\r\n"
        desk = self.desk()
        for message in (
                b"X-Spam-Flag: YES\r\nFrom: anna@shop.example\r\nSubject: no Date, no Message-ID\r\n\r\n" + body,
                b"X-Spam-Flag: YES\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nSubject: no From\r\n\r\n" + body,
                b"X-Spam-Flag: YES\r\nMessage-ID: <x@shop.example>\r\nFrom: anna\r\nSubject: short\r\n\r\n" + body,
                b"X-Spam-Flag: YES\r\nFrom: \"Anna, S\" <anna>, bert\r\nTo: user\r\nSubject: several\r\n\r\n" + body,
                b"X-Spam-Flag: YES\r\n\r\n" + body):
            with self.subTest(message):
                self.passes_after_release(message, desk)

    def test_a_released_attachment_passes(self):
        self.passes_after_release(mails.with_attachment())

    def test_odd_bytes_pass(self):
        self.passes_after_release(mails.spam(b"X-Latin: f\xfcr",
                                             subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_folded?=",
                                             body=b".\r\n..\r\n\xff\xfe\x80\r\n\r\n\r\n"))

    def test_a_copy_for_the_administrator_passes(self):
        desk = self.desk()
        recipient, other, message = self.address(), self.address(), mails.spam()
        held = self.hold(desk, message, recipient, SENDER)
        self.ctl(desk, "copy", held.id, "--to", other)
        received = self.sink.wait_for(other)
        self.assertEqual(without_top_field(received.data, b"Received"), message)
        self.assert_not_delivered(recipient)
        self.assertEqual(len(desk.catalog().held()), 1)

    def test_a_second_copy_passes_too(self):
        desk, recipient = self.desk(), self.address()
        held = self.hold(desk, mails.spam(), recipient, SENDER)
        self.ctl(desk, "release", held.id)
        self.ctl(desk, "release", held.id, "--again")
        self.sink.wait_for(recipient, count=2)
        self.assertEqual(len(desk.catalog().held()), 1)

    def test_the_same_content_for_somebody_else_is_held(self):
        desk, recipient, other, message = self.desk(), self.address(), self.address(), mails.spam()
        self.passes_after_release(message, desk, recipient)
        self.assertEqual(self.send(SENDER, other, message).code, 250)
        self.assert_not_delivered(other)
        self.assertEqual([list(row.recipients) for row in desk.catalog().held()], [[recipient], [other]])
        # And of a mail to both, only the one it was released to gets it.
        self.assertEqual(self.send(SENDER, [recipient, other], message).code, 250)
        self.mta.wait_idle()
        self.assertEqual((len(self.sink.mails(recipient)), len(self.sink.mails(other))), (2, 0))

    def test_after_its_time_the_same_content_is_held(self):
        desk, recipient, message = self.desk(), self.address(), mails.spam()
        self.passes_after_release(message, desk, recipient)
        self.assertGreater(desk.catalog().forget_own_mail(), 0)
        log = len(desk.log())
        self.assertEqual(self.send(SENDER, recipient, message).code, 250)
        self.mta.wait_idle()
        self.assertEqual(len(self.sink.mails(recipient)), 1)
        self.assertNotIn("own-mail-passed", desk.log()[log:])

    def test_what_was_held_and_never_released_does_not_pass(self):
        desk, recipient, message = self.desk(), self.address(), mails.spam()
        self.hold(desk, message, recipient, SENDER)
        self.assertEqual(self.send(SENDER, recipient, message).code, 250)
        self.assert_not_delivered(recipient)

    def test_a_refused_release_opens_no_door(self):
        desk, recipient, message = self.desk(), self.address(), mails.spam()
        held = self.hold(desk, message, recipient, SENDER)
        port, refusing = str(self.mta.port), SmtpSink()
        self.addCleanup(refusing.close)
        refusing.answer("rcpt", b"550 5.1.1 no such user")
        desk.configure(RULES, {"smtp_port": str(refusing.port)})
        self.ctl(desk, "release", held.id, code=1)
        self.assertEqual(self.send(SENDER, recipient, message).code, 250)
        self.assert_not_delivered(recipient)
        # Nor does it stay shut for the next try.
        desk.configure(RULES, {"smtp_port": port})
        self.ctl(desk, "release", held.id)
        self.sink.wait_for(recipient)

    def test_a_refused_copy_opens_no_door(self):
        desk, other, message = self.desk(), self.address(), mails.spam()
        held, refusing = self.hold(desk, message, self.address(), SENDER), SmtpSink()
        self.addCleanup(refusing.close)
        refusing.answer("rcpt", b"550 5.1.1 no such user")
        desk.configure(RULES, {"smtp_port": str(refusing.port)})
        said = self.ctl(desk, "copy", held.id, "--to", other, code=1)
        self.assertIn("550 5.1.1", said.errors)
        self.assertEqual(self.send(SENDER, other, message).code, 250)
        self.assert_not_delivered(other)
        self.assertNotIn("own-mail-passed", desk.log())

    def test_a_released_mail_made_into_another_is_held(self):
        """Somebody who got it sends it back with the same body and the same subject, made to be read differently."""
        desk, recipient, message = self.desk(), self.address(), mails.spam()
        self.passes_after_release(message, desk, recipient)
        plain = b"Content-Type: text/plain; charset=utf-8"
        for changed in (message.replace(plain, b"Content-Type: text/html; charset=utf-8"),
                        message.replace(plain, plain + b"\r\nContent-Transfer-Encoding: base64"),
                        message.replace(b"\r\n\r\n", b"\r\nReply-To: evil@evil.example\r\n\r\n", 1),
                        message.replace(b"\r\n\r\n", b"\r\nFrom: evil@evil.example\r\n\r\n", 1),
                        message.replace(b"\r\n\r\n", b"\r\nSubject: another\r\n\r\n", 1),
                        message.replace(b"From: Anna", b"From: Evil"), message.replace(b"Hello", b"Hallo")):
            self.assertNotEqual(changed, message)
            log = len(desk.log())
            self.send("evil@evil.example", recipient, changed)
            self.mta.wait_idle()
            self.assertNotIn("own-mail-passed", desk.log()[log:], changed)
        self.assertEqual(len(self.sink.mails(recipient)), 1)

    def test_the_door_is_open_for_an_hour(self):
        desk, recipient = self.desk(), self.address()
        held = self.hold(desk, mails.spam(), recipient, SENDER)
        self.ctl(desk, "release", held.id)
        self.sink.wait_for(recipient)
        seconds, = desk.catalog().execute("SELECT max(until) - max(changed) FROM own_mail, held_recipient")[0]
        self.assertLess(abs(seconds / 1e6 - 3600), 60)

    def test_a_notice_passes_the_second_one_too_and_not_after_its_time(self):
        desk, recipient = self.telling(), self.address()
        held = self.hold(desk, mails.mail(subject="OFFER of the day"), recipient, SENDER)
        self.sink.wait_for(recipient, b"[Held]")
        places.wait_until("it is on record", lambda: [n["state"] for n in desk.catalog().notices()] == ["sent"])
        said = self.ctl(desk, "notify", held.id)
        self.assertIn(f"{held.id} {recipient}: ", said.text)
        first, second = self.sink.wait_for(recipient, b"[Held]", count=2)
        places.wait_until("the second one is on record",
                          lambda: [n["state"] for n in desk.catalog().notices()] == ["sent", "sent"])
        self.assertEqual(desk.log().count("status=own-mail-passed"), 2)
        self.assertIn(b"OFFER of the day", second.data)
        notices = self.ctl(desk, "show", held.id, "--json").json["notices"]
        self.assertEqual([(n["recipient"], n["send_to"], n["state"], n["attempts"]) for n in notices],
                         [(recipient, recipient, "sent", 1)] * 2)
        # Somebody who replays it later is a stranger.
        desk.catalog().forget_own_mail()
        replayed = without_top_field(first.data, b"Received")
        self.assertEqual(self.send("", recipient, replayed).code, 250)
        self.mta.wait_idle()
        message_id = re.search(rb"(?mi)^Message-ID: (<.*>)\r$", first.data)[1]
        self.assertEqual(len(self.sink.mails(recipient, b": " + message_id)), 1)
        self.assertEqual(len(desk.catalog().held()), 2)


class OwnMailThroughPostfix(OwnMailScenarios, PostfixCase):
    """With the settings of a fresh installation: it completes what comes from its own machine."""
    mta_options = {"more": postfix.EDITS}

    def test_it_does_complete(self):
        """Otherwise the tests above would prove less than they say."""
        _, received = self.passes_after_release(b"X-Spam-Flag: YES\r\nFrom: anna\r\nSubject: x\r\n\r\nHello.\r\n")
        for wanted in (b"\r\nDate: ", b"\r\nMessage-Id: ", b"\r\nFrom: anna@edited.test.example\r\n"):
            self.assertIn(wanted, received.data)

    def test_the_bytes_that_it_does_not_own_stay(self):
        message = mails.spam(b"X-Latin: f\xfcr", body=b".\r\n\xff\r\n")
        _, received = self.passes_after_release(message)
        self.assertEqual(without_top_field(received.data, b"Received"), message)


class OwnMailThroughSendmail(OwnMailScenarios, SendmailCase):
    pass
