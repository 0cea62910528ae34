"""The recipient is told: once, by a harmless mail that no rule of ours holds."""
import email
import email.policy
import socket
import time

from harness import clock, mails, places
from harness.case import PostfixCase, SendmailCase
from harness.sink import DROP, SmtpSink

SENDER = "anna@shop.example"
SPAM_RULE = {"regex": "^X-Spam-Flag: YES"}
TEMPLATE = """\
<html lang="en"><body><p>A mail from <b>{EMAIL_FROM}</b> to {EMAIL_TO} was held, id {EMAIL_QUARANTINE_ID}.</p>
<p>Subject: {EMAIL_SUBJECT}</p><div>{EMAIL_HTML_TEXT}</div><img src="cid:logo.png" alt="logo"></body></html>
"""
# One grey pixel.
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6368"
                    "0000008200816fa4b0c00000000049454e44ae426082")
NEWSLETTER = b"""\
<html><head><style>body { background: url(http://track.example/bg) }</style><script>alert(1)</script></head>
<body onload="alert(2)"><h1>Great offers</h1><p>Buy <a href="http://evil.example/buy" onclick="x()">here</a>.</p>
<img src="http://track.example/pixel.gif"><iframe src="http://evil.example/"></iframe>
<form action="http://evil.example/"><input name="password"></form></body></html>
""".replace(b"\n", b"\r\n")


class NoticeScenarios:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A mail server of its own for the notices, where they must not pass our milter again.
        cls.desk = SmtpSink()
        cls.addClassCleanup(cls.desk.close)
        (cls.folder / "notice.html").write_text(TEMPLATE, encoding="utf-8")
        for name in ("logo.png", "blocked.png"):
            (cls.folder / name).write_bytes(PNG)

    def setUp(self):
        super().setUp()
        self.desk.reset()

    def telling(self, section=None, port=None, options=None, **more):
        return self.daemon({"spam": {**SPAM_RULE, **self.notices(port), **(section or {})}}, options, **more)

    def notices(self, port=None):
        return {"notification_type": "EMAIL", "smtp_port": str(port or self.desk.port),
                "notification_email_from": "Mail quarantine <quarantine@our.example>",
                "notification_email_subject": "[Held] {EMAIL_SUBJECT}",
                "notification_email_template": str(self.folder / "notice.html"),
                "notification_email_replacement_img": str(self.folder / "blocked.png"),
                "notification_email_embedded_imgs": str(self.folder / "logo.png")}

    def address(self):
        return f"{mails.token()}@our.example"

    def hold(self, recipients, message):
        answer = self.send(SENDER, recipients, message)
        self.assertEqual(answer.code, 250, answer.final)

    def settled(self, daemon, state, count=1):
        """Waits until `count` notices are in this state; them."""
        def found():
            notices = [notice for notice in daemon.catalog().notices() if notice["state"] == state]
            return notices if len(notices) >= count else None
        return places.wait_until(f"{count} notices are {state}", found)

    def parsed(self, mail):
        return email.message_from_bytes(mail.data, policy=email.policy.default)

    # -- what is in it ---------------------------------------------------------------------------------

    def test_the_recipient_is_told_by_a_proper_mail(self):
        daemon = self.telling()
        recipient = self.address()
        self.hold(recipient, mails.spam(subject="Invoice 4711"))
        received = self.desk.wait_for(recipient)
        self.assertEqual((received.sender, received.recipients), ("", [recipient]))
        notice = self.parsed(received)
        self.assertEqual(notice["Subject"], "[Held] Invoice 4711")
        self.assertEqual(notice["From"], "Mail quarantine <quarantine@our.example>")
        self.assertEqual(notice["To"], recipient)
        self.assertEqual(notice["Auto-Submitted"], "auto-generated")
        for name in ("Date", "Message-ID", "MIME-Version"):
            self.assertIsNotNone(notice[name], name)
        self.assertEqual(notice.get_content_type(), "multipart/alternative")
        self.assertEqual([part.get_content_type() for part in notice.iter_parts()],
                         ["text/plain", "multipart/related"])
        held, = daemon.catalog().held()
        for kind in ("plain", "html"):
            text = notice.get_body(preferencelist=(kind,)).get_content()
            for wanted in (SENDER, "Invoice 4711", held.id):
                self.assertIn(wanted, text, kind)
        sent, = self.settled(daemon, "sent")
        self.assertEqual((sent["recipient"], sent["attempts"]), (recipient, 1))

    def test_the_notice_is_plain_ascii_in_short_lines(self):
        self.telling()
        recipient = self.address()
        self.hold(recipient, mails.spam(subject="Grüße", body="Grüße\r\n".encode() + b"x" * 900 + b"\r\n"))
        data = self.desk.wait_for(recipient).data
        self.assertTrue(data.isascii())
        self.assertLessEqual(max(len(line) for line in data.split(b"\r\n")), 998)
        self.assertNotIn(b"\n", data.replace(b"\r\n", b""))
        self.assertEqual(self.parsed(self.desk.wait_for(recipient))["Subject"], "[Held] Grüße")

    def test_the_notice_shows_the_text_and_nothing_dangerous(self):
        self.telling()
        recipient = self.address()
        self.hold(recipient, mails.spam("Content-Type: text/html; charset=utf-8", body=NEWSLETTER))
        notice = self.parsed(self.desk.wait_for(recipient))
        html = notice.get_body(preferencelist=("html",)).get_content()
        self.assertIn("Great offers", html)
        for never in ("<script", "alert(", "onload", "onclick", "<iframe", "<form", "<input", 'href="http', "<style",
                      'src="http', "url("):
            self.assertNotIn(never, html.lower())

    def test_the_images_are_in_the_mail(self):
        self.telling()
        recipient = self.address()
        self.hold(recipient, mails.spam("Content-Type: text/html; charset=utf-8", body=NEWSLETTER))
        notice = self.parsed(self.desk.wait_for(recipient))
        images = {part["Content-ID"].strip("<>"): part.get_content() for part in notice.walk()
                  if part.get_content_maintype() == "image"}
        self.assertEqual(images, {"logo.png": PNG, "blocked.png": PNG})
        html = notice.get_body(preferencelist=("html",)).get_content()
        self.assertIn("cid:logo.png", html)
        self.assertIn("cid:blocked.png", html)

    def test_markup_in_a_subject_is_shown_and_not_obeyed(self):
        self.telling()
        recipient = self.address()
        self.hold(recipient, mails.spam(subject='<img src=x onerror="alert(1)"> {EMAIL_TO}'))
        html = self.parsed(self.desk.wait_for(recipient)).get_body(preferencelist=("html",)).get_content()
        self.assertNotIn("<img src=x", html)
        self.assertIn("&lt;img src=x", html)
        self.assertIn("{EMAIL_TO}", html)

    def test_a_line_end_hidden_in_a_subject_makes_no_header(self):
        self.telling()
        recipient = self.address()
        self.hold(recipient, mails.spam(subject="=?utf-8?q?one=0D=0ABcc:_victim@our.example=0D=0A=0D=0Abody?="))
        received = self.desk.wait_for(recipient)
        self.assertEqual(received.recipients, [recipient])
        self.assertIsNone(self.parsed(received)["Bcc"])
        self.assertEqual(self.parsed(received).get_content_type(), "multipart/alternative")

    def test_broken_mails_are_told_too(self):
        daemon = self.telling()
        broken = [b"X-Spam-Flag: YES\r\n\r\n",
                  mails.spam("Content-Type: text/html; charset=no-such-charset", body=b"\xff\xfe<b>"),
                  mails.spam("Content-Type: multipart/mixed; boundary=x", body=b"--x\r\n" * 500),
                  mails.spam("Content-Type: text/html", body=b"<div>" * 5000),
                  mails.spam("Content-Transfer-Encoding: base64", body=b"!!!! not base64 \xff\r\n"),
                  mails.spam(subject="=?utf-8?b?////?=")]
        recipients = [self.address() for _ in broken]
        for recipient, message in zip(recipients, broken):
            self.hold(recipient, message)
        for recipient in recipients:
            self.assertEqual(self.parsed(self.desk.wait_for(recipient)).get_content_type(), "multipart/alternative")
        self.settled(daemon, "sent", len(broken))

    # -- who is told -----------------------------------------------------------------------------------

    def test_every_held_recipient_gets_a_notice_of_their_own(self):
        allowed = self.address()
        daemon = self.telling(self.whitelist(("", allowed)))
        held = [self.address() for _ in range(5)]
        self.hold([*held, allowed], mails.spam())
        for recipient in held:
            received = self.desk.wait_for(recipient)
            self.assertEqual(received.recipients, [recipient])
            for other in {*held, allowed} - {recipient}:
                self.assertNotIn(other.encode(), received.data)
        self.settled(daemon, "sent", len(held))
        self.assertEqual(self.desk.mails(allowed), [])

    def test_only_the_domains_of_ours_are_told(self):
        daemon = self.telling({"notification_domains": "our.example"})
        ours, theirs = self.address(), "someone@elsewhere.example"
        self.hold([theirs, ours], mails.spam())
        self.desk.wait_for(ours)
        self.settled(daemon, "sent")
        self.assertEqual([notice["recipient"] for notice in daemon.catalog().notices()], [ours])

    def test_a_quarantine_that_keeps_nothing_can_still_tell(self):
        daemon = self.telling({"quarantine_type": "NONE"})
        recipient = self.address()
        self.hold(recipient, mails.spam(body=b"The text of the mail.\r\n"))
        notice = self.parsed(self.desk.wait_for(recipient))
        self.assertIn("The text of the mail.", notice.get_body(preferencelist=("plain",)).get_content())
        self.settled(daemon, "sent")
        places.wait_until("the spool is empty", lambda: not [
            path for path in (daemon.folder / "spool").rglob("*.eml")])

    # -- the way there ---------------------------------------------------------------------------------

    def test_a_notice_passes_our_own_milter_though_it_matches_a_rule(self):
        rule = {"regex": r"^Subject: .*\bOFFER\b"}
        daemon = self.telling(rule, self.mta.port)
        recipient, later = self.address(), self.address()
        self.hold(recipient, mails.mail(subject="OFFER of the day"))
        received = self.sink.wait_for(recipient, b"[Held]")
        self.assertEqual(self.parsed(received)["Subject"], "[Held] OFFER of the day")
        self.settled(daemon, "sent")
        # That was no door left open: a mail that only looks like a notice is held.
        self.hold(later, mails.mail("Auto-Submitted: auto-generated", subject="[Held] OFFER of the day",
                                    sender="quarantine@our.example"))
        self.assertEqual([list(held.recipients) for held in daemon.catalog().held()], [[recipient], [later]])
        self.sink.wait_for(later, b"[Held]")
        self.mta.wait_idle()
        self.assertEqual(len(self.sink.mails(recipient)), 1)

    def test_a_refused_notice_is_given_up(self):
        daemon = self.telling()
        self.desk.answer("rcpt", b"550 5.1.1 no such user", times=1)
        self.hold(self.address(), mails.spam())
        refused, = self.settled(daemon, "refused")
        self.assertEqual(refused["attempts"], 1)
        self.assertIn("550 5.1.1 no such user", refused["reply"])
        # The next notice goes out, and the refused one is not tried again.
        recipient = self.address()
        self.hold(recipient, mails.spam())
        self.desk.wait_for(recipient)
        self.assertEqual(len(self.desk.refused("rcpt")), 1)

    def deferred_then_sent(self, break_it, mend=lambda: None):
        daemon = self.telling()
        break_it()
        recipient = self.address()
        self.hold(recipient, mails.spam())
        places.wait_until("the notice was tried", lambda: [
            notice for notice in daemon.catalog().notices() if notice["reply"] and notice["state"] == "due"])
        self.assertEqual(self.desk.mails(recipient), [])
        mend()
        daemon.stop()
        daemon.catalog().make_due()
        daemon.start()
        self.desk.wait_for(recipient)
        sent, = self.settled(daemon, "sent")
        self.assertEqual(sent["attempts"], 2)
        self.assertEqual(len(self.desk.mails(recipient)), 1)

    def test_a_deferred_notice_is_tried_again(self):
        self.deferred_then_sent(lambda: self.desk.answer("rcpt", b"451 4.3.0 later", times=1))

    def test_a_notice_is_tried_again_when_the_server_hangs_up(self):
        self.deferred_then_sent(lambda: self.desk.answer("mail", DROP, times=1))

    def test_a_notice_waits_for_a_server_that_is_away(self):
        self.addCleanup(lambda: self.desk._listener or self.desk.listen())
        self.deferred_then_sent(self.desk.close, self.desk.listen)

    def test_a_mail_server_that_is_down_for_an_hour(self):
        time_of_day = clock.Movable(self.folder / f"{mails.token()}.clock")
        daemon = self.new_daemon({"spam": {**SPAM_RULE, **self.notices()}})
        self.desk.close()
        self.addCleanup(lambda: self.desk._listener or self.desk.listen())
        daemon.start(**time_of_day.environment)
        self.addCleanup(self._stopped_well, daemon)
        recipients = [self.address() for _ in range(3)]
        for recipient in recipients:
            self.hold(recipient, mails.spam())

        def tried(times):
            return lambda: all(notice["attempts"] >= times for notice in daemon.catalog().notices())
        for attempt in range(1, 5):
            places.wait_until(f"attempt {attempt} of each notice", tried(attempt))
            time_of_day.advance(900)
        self.assertEqual({notice["state"] for notice in daemon.catalog().notices()}, {"due"})
        self.desk.listen()
        time_of_day.advance(3600)
        for recipient in recipients:
            self.desk.wait_for(recipient)
        self.settled(daemon, "sent", 3)
        self.assertEqual([len(self.desk.mails(recipient)) for recipient in recipients], [1, 1, 1])
        attempts = sum(notice["attempts"] for notice in daemon.catalog().notices())
        said = [line for line in daemon.log().splitlines() if "status=notice-deferred" in line]
        self.assertEqual(len(said), attempts - 3, "a line for each attempt that failed")
        self.assertLess(attempts, 30)

    def test_a_notice_server_that_hangs_does_not_slow_the_mail(self):
        # Takes the connection and never says a word.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.telling(port=silent.getsockname()[1])
            for _ in range(3):
                self.hold(self.address(), mails.spam())
            recipient, message = self.address(), mails.mail()
            began = time.monotonic()
            self.assertEqual(self.send(SENDER, recipient, message).code, 250)
            self.assertLess(time.monotonic() - began, 5)
            self.assert_delivered(recipient, message)


class NoticesThroughPostfix(NoticeScenarios, PostfixCase):
    def test_a_recipient_with_a_utf8_address_is_told(self):
        daemon = self.telling()
        recipient = f"müller-{mails.token()}@our.example"
        answer = self.send(SENDER, recipient, mails.spam(), "SMTPUTF8")
        self.assertEqual(answer.code, 250, answer.final)
        received = self.desk.wait_for(recipient)
        self.assertIn("SMTPUTF8", received.sender_options)
        self.assertIn(recipient, str(self.parsed(received)["To"]))
        self.settled(daemon, "sent")

    def test_a_utf8_address_behind_a_server_without_smtputf8_is_given_up_and_not_garbled(self):
        old = SmtpSink(utf8=False)
        self.addCleanup(old.close)
        daemon = self.telling(port=old.port)
        answer = self.send(SENDER, f"müller-{mails.token()}@our.example", mails.spam(), "SMTPUTF8")
        self.assertEqual(answer.code, 250, answer.final)
        self.settled(daemon, "refused")
        self.assertEqual(old.mails(), [])


class NoticesThroughSendmail(NoticeScenarios, SendmailCase):
    pass
