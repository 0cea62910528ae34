"""Mail that nobody has anything against goes through untouched."""
from harness import mails
from harness.case import PostfixCase, SendmailCase

RULES = {"spam": {"regex": "^X-Spam-Flag: YES"}}


class PassingScenarios:
    def setUp(self):
        super().setUp()
        self.quarantine = self.daemon(RULES)

    def passes(self, message, recipient=None):
        recipient = recipient or f"{mails.token()}@our.example"
        answer = self.send("anna@shop.example", recipient, message)
        self.assertEqual(answer.code, 250, answer.final)
        self.assert_delivered(recipient, message)
        self.assertEqual(self.quarantine.store("spam").files(), [])

    def test_a_plain_mail_is_not_changed(self):
        self.passes(mails.mail())

    def test_eight_bit_headers_folds_and_odd_spacing_are_not_changed(self):
        self.passes(mails.mail(b"X-Latin: f\xfcr", "X-Utf8: für", "X-Folded: one\r\n two\r\n\t three",
                               "X-Twice: 1", "X-Twice: 2", body="Grüße\r\n".encode("latin-1")))

    def test_lines_of_dots_are_not_changed(self):
        self.passes(mails.mail(body=b".\r\n..\r\n.x\r\n\r\n...\r\n"))

    def test_a_mail_with_an_attachment_is_not_changed(self):
        self.passes(mails.with_attachment().replace(b"X-Spam-Flag: YES\r\n", b""))

    def test_a_mail_of_only_a_body_is_not_changed(self):
        recipient = f"{mails.token()}@our.example"
        answer = self.send("anna@shop.example", recipient, b"\r\nNothing but a body.\r\n")
        self.assertEqual(answer.code, 250, answer.final)
        found = self.sink.wait_for(recipient)
        self.assertEqual(found.body(), b"Nothing but a body.\r\n")

    def test_a_mail_without_a_body_is_not_changed(self):
        self.passes(mails.mail(body=b""))

    def test_the_word_in_the_body_or_in_another_header_holds_nothing(self):
        self.passes(mails.mail("X-Comment: X-Spam-Flag: YES", body=b"X-Spam-Flag: YES\r\n"))

    def test_the_null_sender_passes(self):
        recipient = f"{mails.token()}@our.example"
        message = mails.mail()
        self.assertEqual(self.send("", recipient, message).code, 250)
        self.assert_delivered(recipient, message)
        self.assertEqual(self.sink.wait_for(recipient).sender, "")

    def test_all_recipients_of_a_mail_get_it(self):
        word = mails.token()
        recipients = [f"{word}.{n}@our.example" for n in range(20)]
        message = mails.mail()
        self.assertEqual(self.send("anna@shop.example", recipients, message).code, 250)
        for recipient in recipients:
            self.assert_delivered(recipient, message)


class PassingThroughPostfix(PassingScenarios, PostfixCase):
    def test_a_mail_to_a_utf8_address_passes(self):
        recipient = f"müller-{mails.token()}@our.example"
        message = mails.mail()
        answer = self.send("anna@shop.example", recipient, message, "SMTPUTF8")
        self.assertEqual(answer.code, 250, answer.final)
        self.assert_delivered(recipient, message)


class PassingThroughSendmail(PassingScenarios, SendmailCase):
    pass
