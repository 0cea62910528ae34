"""Many mails in a connection, clients that pipeline, clients that go away."""
import os

from harness import mails, places, smtp
from harness.case import PostfixCase, SendmailCase

SENDER = "anna@shop.example"
RULES = {"spam": {"regex": "^X-Spam-Flag: YES"}}


def open_files(pid):
    """What the process has open, by name; a file without a name is "... (deleted)"."""
    names = []
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(f"/proc/{pid}/fd/{entry}"))
        except FileNotFoundError:
            pass
    return names


class SessionScenarios:
    def setUp(self):
        super().setUp()
        self.quarantine = self.daemon(RULES)

    def address(self):
        return f"{mails.token()}@our.example"

    def stored(self):
        return [mail.data for mail in self.quarantine.store("spam").mails()]

    def assert_nothing_kept(self):
        """Neither in the catalog nor in the store, not even a file without a name."""
        folder = str(self.quarantine.folder / "spam")
        places.wait_until("the daemon lets go of its temporary file", lambda: not [
            name for name in open_files(self.quarantine.process.pid)
            if name.startswith(folder) and name.endswith("(deleted)")])
        self.assertEqual(self.quarantine.store("spam").files(), [])
        self.assertEqual(self.quarantine.catalog().held(), [])

    def test_one_connection_carries_good_and_bad_mails_in_turn(self):
        good, bad = [], []
        with self.mta.client() as client:
            for number in range(6):
                recipient, message = self.address(), (mails.spam() if number % 2 else mails.mail())
                self.assertEqual(client.mail(SENDER, recipient, message).code, 250)
                (bad if number % 2 else good).append((recipient, message))
        for recipient, message in good:
            self.assert_delivered(recipient, message)
        self.assert_not_delivered(*(recipient for recipient, _ in bad))
        self.assertEqual(self.stored(), [message for _, message in bad])

    def test_what_came_before_a_reset_is_forgotten(self):
        forgotten, meant, message = self.address(), self.address(), mails.spam()
        with self.mta.client() as client:
            client.envelope("forgotten@shop.example", [forgotten])
            self.assertEqual(client.command("RSET").code, 250)
            self.assertEqual(client.mail(SENDER, meant, message).code, 250)
        held, = self.quarantine.catalog().held()
        self.assertEqual((held.sender, held.recipients), (SENDER, {meant: "held"}))
        self.assert_not_delivered(forgotten, meant)

    def test_the_judgement_of_one_mail_does_not_stick_to_the_next(self):
        spam_for, mail_for, message = self.address(), self.address(), mails.mail()
        with self.mta.client() as client:
            self.assertEqual(client.mail(SENDER, spam_for, mails.spam()).code, 250)
            self.assertEqual(client.mail(SENDER, mail_for, message).code, 250)
        self.assert_delivered(mail_for, message)
        self.assert_not_delivered(spam_for)

    def test_a_client_may_pipeline(self):
        first, second, message = self.address(), self.address(), mails.spam()
        with self.mta.client() as client:
            self.assertIn("PIPELINING", client.offers)
            for recipient in (first, second):
                replies = client.pipeline(f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{recipient}>", "DATA")
                self.assertEqual([reply.code for reply in replies], [250, 250, 354])
                client.send(smtp.stuffed(message))
                self.assertEqual(client.reply().code, 250)
        self.assert_not_delivered(first, second)
        self.assertEqual(len(self.stored()), 2)

    def test_a_client_that_goes_away_in_the_middle_of_the_data_leaves_nothing(self):
        client = self.mta.client()
        client.envelope(SENDER, [self.address()])
        self.assertEqual(client.command("DATA").code, 354)
        client.send(mails.spam(body=b"x" * 70 + b"\r\n") * 20000)
        client.drop()
        # The next mail shows that the daemon has gone on.
        with self.mta.client() as client:
            self.assertEqual(client.mail(SENDER, self.address(), mails.mail()).code, 250)
        self.assert_nothing_kept()

    def test_a_client_that_goes_away_before_the_data_leaves_nothing(self):
        client = self.mta.client()
        client.envelope(SENDER, [self.address()])
        client.drop()
        with self.mta.client() as client:
            client.envelope(SENDER, [self.address()])
        self.assert_nothing_kept()

    def test_many_clients_at_once(self):
        clients = [self.mta.client() for _ in range(20)]
        expected = []
        for client in clients:
            message = mails.spam()
            expected.append(message)
            client.envelope(SENDER, [self.address()])
            self.assertEqual(client.command("DATA").code, 354)
            client.send(smtp.stuffed(message))
        for client in clients:
            self.assertEqual(client.reply().code, 250)
            client.quit()
        self.assertEqual(sorted(self.stored()), sorted(expected))

    def test_without_the_daemon_mail_waits_and_then_goes_on(self):
        recipient, message = self.address(), mails.mail()
        self.quarantine.stop()
        answer = self.send(SENDER, recipient, message)
        self.assertEqual(answer.code // 100, 4, answer.final)
        self.quarantine.start()
        self.assertEqual(self.send(SENDER, recipient, message).code, 250)
        self.assert_delivered(recipient, message)

    def test_a_killed_daemon_starts_again_on_its_old_socket_and_catalog(self):
        before, after = mails.spam(), mails.spam()
        self.assertEqual(self.send(SENDER, self.address(), before).code, 250)
        self.quarantine.kill()
        self.assertEqual(self.send(SENDER, self.address(), mails.mail()).code // 100, 4)
        self.quarantine.start()
        self.assertEqual(self.send(SENDER, self.address(), after).code, 250)
        self.assertEqual(self.stored(), [before, after])
        self.assertEqual(len(self.quarantine.catalog().held()), 2)

    def test_a_mail_offered_again_after_it_was_held_is_not_held_twice(self):
        recipient, message = self.address(), mails.spam()
        for _ in range(2):
            self.assertEqual(self.send(SENDER, recipient, message).code, 250)
        self.assertEqual(len(self.quarantine.catalog().held()), 1)
        self.assertEqual(len(self.stored()), 1)
        self.assert_not_delivered(recipient)


    def test_a_mail_offered_again_to_more_recipients_is_held_for_the_new_ones(self):
        first, second, message = self.address(), self.address(), mails.spam()
        self.assertEqual(self.send(SENDER, [first], message).code, 250)
        self.assertEqual(self.send(SENDER, [first, second], message).code, 250)
        self.assertEqual([list(held.recipients) for held in self.quarantine.catalog().held()], [[first], [second]])
        self.assertEqual(self.stored(), [message, message])
        self.assert_not_delivered(first, second)


class SessionsThroughPostfix(SessionScenarios, PostfixCase):
    pass


class SessionsThroughSendmail(SessionScenarios, SendmailCase):
    pass
