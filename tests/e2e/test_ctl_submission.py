"""smtp_tls, smtp_user, smtp_password_file: released mail goes to a real submission port, or nowhere at all."""
from harness import certificates, mails, places
from harness.case import PostfixCase, without_top_field
from harness.sink import SmtpSink

USER = "desk"
PASSWORD = "s3cr3t, 100% with blanks; #1"
RULES = {"spam": {"regex": "^X-Spam-Flag: YES"}}


class SubmissionThroughPostfix(PostfixCase):
    @classmethod
    def made_mta(cls):
        folder = cls.folder.folder("tls")
        cls.authority = certificates.Authority(folder, "ours")
        cls.stranger = certificates.Authority(folder, "stranger")
        # For the name only: the address stands for a server that shows somebody else's certificate.
        return cls.mta_class(cls.folder, cls.milter, cls.sink, certificate=cls.authority.certify("localhost"),
                             logins={USER: PASSWORD})

    def setUp(self):
        super().setUp()
        self.password_file = self.folder / f"{mails.token()}.password"
        self.password_file.write_text(PASSWORD + "\n", encoding="utf-8")
        self.password_file.chmod(0o600)

    def options(self, **more):
        return {"smtp_host": "localhost", "smtp_port": str(self.mta.submission_port), "smtp_tls": "require",
                "smtp_tls_ca_file": str(self.authority.file), "smtp_user": USER,
                "smtp_password_file": str(self.password_file), "log_level": "info", **more}

    def held(self, **more):
        """A daemon with these options, and a mail that it holds: (daemon, id, recipient, message)."""
        desk = self.daemon(RULES, self.options(**more))
        recipient, message = f"{mails.token()}@our.example", mails.spam()
        return desk, self.hold(desk, message, recipient).id, recipient, message

    def goes(self, **more):
        desk, held, recipient, message = self.held(**more)
        before = len(self.mta.log())
        said = self.ctl(desk, "release", held)
        self.assertRegex(said.text, rf"^{held} {recipient}: released, 250 2\.0\.0 Ok: queued as \w+\n$")
        received = self.sink.wait_for(recipient)
        self.assertEqual(without_top_field(received.data, b"Received"), message)
        return places.wait_until("Postfix has written its log", lambda: (
            self.mta.log()[before:] if "status=sent" in self.mta.log()[before:] else None))

    def stays(self, *words, **more):
        """Nothing is sent, and what is wrong is said; the mail can be released later."""
        desk, held, recipient, _ = self.held(**more)
        before = len(self.mta.log())
        said = desk.ctl().run("release", held)
        self.assertIn(said.code, (75, 1), said)
        row = desk.catalog().recipients(held)[recipient]
        self.assertEqual(row["state"], "failed")
        for word in words:
            self.assertIn(word.lower(), said.errors.lower())
            self.assertIn(word.lower(), row["reply"].lower())
        self.assertNotIn(PASSWORD, said.errors + said.text + row["reply"])
        self.assert_not_delivered(recipient)
        # Mended, it goes.
        self.password_file.write_text(PASSWORD, encoding="utf-8")
        desk.configure(RULES, self.options())
        self.ctl(desk, "release", held)
        self.sink.wait_for(recipient)
        return self.mta.log()[before:]

    def test_with_tls_and_login_it_goes(self):
        log = self.goes()
        self.assertIn("TLS connection established from", log)
        self.assertIn(f"sasl_username={USER}@mx.test.example", log)

    def test_a_wrong_password_is_said_and_nothing_is_lost(self):
        self.password_file.write_text("wrong", encoding="utf-8")
        self.stays("535")

    def test_without_a_login_it_is_refused(self):
        self.stays("554 5.7.1", smtp_user=None, smtp_password_file=None)

    def test_a_certificate_of_a_stranger_is_refused(self):
        log = self.stays("certificate", smtp_tls_ca_file=str(self.stranger.file))
        self.assertEqual(log.count("sasl_username="), 1)

    def test_the_systems_authorities_do_not_know_it(self):
        self.stays("certificate", smtp_tls_ca_file=None)

    def test_a_certificate_for_another_name_is_refused(self):
        self.stays("127.0.0.1", smtp_host="127.0.0.1")

    def test_starttls_takes_a_certificate_for_another_name(self):
        self.goes_with_tls(smtp_host="127.0.0.1")

    def test_starttls_takes_a_certificate_of_a_stranger(self):
        self.goes_with_tls(smtp_tls_ca_file=str(self.stranger.file))

    def goes_with_tls(self, **more):
        log = self.goes(smtp_tls="starttls", **more)
        self.assertIn("TLS connection established from", log)
        self.assertIn(f"sasl_username={USER}@", log)

    def test_starttls_goes_without_where_there_is_none(self):
        desk, held, recipient, message = self.held(
            smtp_tls="starttls", smtp_port=str(self.sink.port), smtp_host="127.0.0.1", smtp_user=None,
            smtp_password_file=None)
        self.ctl(desk, "release", held)
        self.assertEqual(self.sink.wait_for(recipient).data, message)

    def test_require_sends_nothing_where_there_is_none(self):
        plain = SmtpSink()
        self.addCleanup(plain.close)
        self.stays("tls", smtp_port=str(plain.port))
        self.assertEqual(plain.mails(), [])

    def test_without_tls_no_password_is_given_away(self):
        """The server asks for TLS before it takes a password; smtp_tls = none never begins it."""
        log = self.stays("", smtp_tls="none")
        self.assertEqual(log.count("sasl_username="), 1)

    def test_notices_go_the_same_way(self):
        template = self.folder / f"{mails.token()}.html"
        template.write_text("<p>{EMAIL_SUBJECT} was held.</p>", encoding="ascii")
        desk = self.daemon(RULES, self.options(
            notification_type="EMAIL", notification_email_from="quarantine@our.example",
            notification_email_subject="[Held] {EMAIL_SUBJECT}", notification_email_template=str(template)))
        recipient = f"{mails.token()}@our.example"
        held = self.hold(desk, mails.spam(), recipient).id
        self.sink.wait_for(recipient, b"[Held]")
        # And once more when asked.
        places.wait_until("the first is on record", lambda: self.notice_states(desk) == ["sent"])
        self.ctl(desk, "notify", held)
        self.sink.wait_for(recipient, b"[Held]", count=2)

    @staticmethod
    def notice_states(desk):
        return [notice["state"] for notice in desk.catalog().notices()]
