"""A released mail is the mail that was held: what arrives behind a real mail server, byte for byte and envelope."""
import base64
import hashlib
import re

from harness import mails
from harness.case import PostfixCase, SendmailCase, without_top_field

SENDER = "anna@shop.example"
SPAM_RULE = {"regex": "^X-Spam-Flag: YES"}
RELEASED = re.compile(r"^([0-9a-z]{26}) (.+): released, 250 2\.0\.0 (.*)$")
# As a signer leaves it: every blank, every fold counts.
DKIM = ("DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=shop.example; s=2026;\r\n"
        "\th=From:To:Subject:Date:Message-ID; \r\n"
        "  bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
        "\tb=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB4nujc7YopdG5dWLSdNg6x\r\n"
        "\t NAZpOPr+kHxt1IrE+NahM6L/LbvaHutKVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrI=")


def checksums(message):
    """Of the header block and of the body."""
    head, _, body = message.partition(b"\r\n\r\n")
    return hashlib.sha256(head).hexdigest(), hashlib.sha256(body).hexdigest()


class ReleaseScenarios:
    """Everything is handed in at the port that asks the milter, and released at the port that does not."""

    def setUp(self):
        super().setUp()
        self.desk = self.daemon({"spam": SPAM_RULE}, {"smtp_port": str(self.mta.reinjection_port), "log_level": "info"})

    def address(self):
        return f"{mails.token()}@our.example"

    def held(self, message, recipients, sender=SENDER, options=""):
        answer = self.send(sender, recipients, message, options)
        self.assertEqual(answer.code, 250, answer.final)
        self.assert_not_delivered(*([recipients] if isinstance(recipients, str) else recipients))
        return self.desk.catalog().held()[-1]

    def release(self, held, *arguments, **more):
        """The reply of the mail server, for a release to one recipient."""
        said = self.ctl(self.desk, "release", held.id, *arguments, **more)
        line, = said.lines
        released = RELEASED.match(line)
        self.assertTrue(released, said)
        self.assertEqual(released[1], held.id)
        return released[3]

    def arrived(self, recipient):
        """What arrived for this recipient, without the line that the mail server put on top of it."""
        received = self.sink.wait_for(recipient, seconds=60)
        self.mta.wait_idle()
        self.assertEqual(len(self.sink.mails(recipient)), 1)
        return received, without_top_field(received.data, b"Received")

    def comes_back_whole(self, message, recipient=None, sender=SENDER, options=""):
        recipient = recipient or self.address()
        held = self.held(message, recipient, sender, options)
        self.release(held)
        received, data = self.arrived(recipient)
        self.assertEqual(checksums(data), checksums(message))
        self.assertEqual(data[:3000], message[:3000])
        self.assertEqual((received.sender, received.recipients), (sender, [recipient]))
        self.assertEqual(self.desk.catalog().recipients(held.id)[recipient]["state"], "released")
        return held, received

    # -- the bytes -------------------------------------------------------------------------------------

    def test_a_plain_mail(self):
        self.comes_back_whole(mails.spam())

    def test_an_attachment(self):
        self.comes_back_whole(mails.with_attachment())

    def test_windows_1251_in_eight_bits(self):
        self.comes_back_whole(mails.spam("Content-Type: text/plain; charset=windows-1251",
                                         "Content-Transfer-Encoding: 8bit",
                                         body="Съешь же ещё этих мягких булок\r\n".encode("windows-1251")))

    def test_utf_16_in_base64(self):
        text = base64.encodebytes("Grüße, Съешь, 東京\r\n".encode("utf-16")).replace(b"\n", b"\r\n")
        self.comes_back_whole(mails.spam("Content-Type: text/plain; charset=utf-16",
                                         "Content-Transfer-Encoding: base64",
                                         body=text))

    def test_eight_bits_in_headers(self):
        self.comes_back_whole(mails.spam(b"X-Latin: f\xfcr", "X-Utf8: für", b"X-Not-Utf8: \xff\xfe\x80",
                                         "X-Folded: one\r\n two\r\n\t three\r\n\t\tfour", "X-Twice: 1", "x-tWICE:  2",
                                         "X-Tab:\ttab", "X-None:nothing", "X-End: blanks  ", subject="Überweisung"))

    def test_lines_that_begin_with_dots(self):
        self.comes_back_whole(mails.spam(body=b".\r\n..\r\n.x\r\n\r\n...\r\n.\r\nend\r\n.\r\n"))

    def test_every_byte_but_line_ends(self):
        self.comes_back_whole(mails.spam(body=bytes(b for b in range(1, 256) if b not in (10, 13)) + b"\r\n"))

    def test_trace_lines_of_its_own(self):
        self.comes_back_whole(b"Received: from a.example by b.example; Sat, 21 Nov 2026 09:00:00 +0000\r\n"
                              b"X-Quarantine-Trace: 1 9\r\nX-Quarantine-End: 1\r\n" + mails.spam())

    def test_a_signed_mail(self):
        self.comes_back_whole(DKIM.encode() + b"\r\n" + mails.spam(body=b"Signed.  \r\n\r\n\r\n"))

    def test_a_mail_without_a_body(self):
        self.comes_back_whole(mails.spam(body=b""))

    def test_blank_lines_at_the_end(self):
        self.comes_back_whole(mails.spam(body=b"\r\n\r\nx\r\n\r\n\r\n"))

    # -- the envelope ----------------------------------------------------------------------------------

    def test_the_null_sender(self):
        self.comes_back_whole(mails.spam(), sender="")

    def test_odd_addresses(self):
        for sender, recipient in ((f"o'brien+{mails.token()}@shop.example", f"o'hara+tag.{mails.token()}@our.example"),
                                  ('"odd sender"@shop.example', f'"odd {mails.token()}"@our.example'),
                                  ('"a@b"@shop.example', f'"x@{mails.token()}"@our.example'),
                                  ("bounce+u=our.example@shop.example", f"User%{mails.token()}@Our.Example")):
            with self.subTest(recipient):
                self.comes_back_whole(mails.spam(), recipient, sender)

    def test_only_the_one_who_is_named_gets_it(self):
        first, second, third = (self.address() for _ in range(3))
        held = self.held(mails.spam(), [first, second, third])
        said = self.ctl(self.desk, "release", held.id, code=64)
        for address in (first, second, third):
            self.assertIn(address, said.errors)
        self.release(held, "--to", second.upper())
        received, _ = self.arrived(second)
        self.assertEqual(received.recipients, [second])
        self.assert_not_delivered(first, third)
        self.assertEqual(self.desk.catalog().held()[-1].recipients, {first: "held", second: "released", third: "held"})
        # The rest later, each by a mail of their own.
        said = self.ctl(self.desk, "release", held.id, "--all")
        self.assertEqual(len(said.lines), 3)
        self.assertIn(f"{second}: already released (250 ", said.text)
        for address in (first, third):
            self.assertEqual(self.arrived(address)[0].recipients, [address])
        self.assertEqual(len(self.sink.mails()), 3)

    def test_a_copy_for_somebody_else(self):
        recipient, other, message = self.address(), self.address(), mails.spam()
        held = self.held(message, recipient)
        said = self.ctl(self.desk, "copy", held.id, "--to", other)
        self.assertRegex(said.text, rf"^{held.id} {other}: sent, 250 2\.0\.0 ")
        received, data = self.arrived(other)
        self.assertEqual((received.sender, data), (SENDER, message))
        self.assert_not_delivered(recipient)
        self.assertEqual(self.desk.catalog().held()[-1].recipients, {recipient: "held"})


class ReleasesThroughPostfix(ReleaseScenarios, PostfixCase):
    def test_the_queue_id_that_is_printed_is_in_its_log(self):
        recipient = self.address()
        held, _ = self.comes_back_whole(mails.spam(), recipient)
        reply = self.desk.catalog().recipients(held.id)[recipient]["reply"]
        queued = re.fullmatch(r"250 2\.0\.0 Ok: queued as (\w+)", reply)
        self.assertTrue(queued, reply)
        log = self.mta.log()
        self.assertIn(f" {queued[1]}: from=<{SENDER}>", log)
        self.assertRegex(log, rf" {queued[1]}: to=<{recipient}>.* status=sent ")
        # The reply and its time stay on record.
        shown = self.ctl(self.desk, "show", held.id)
        self.assertIn(reply, shown.text)
        state, = self.ctl(self.desk, "show", held.id, "--json").json["recipients"]
        self.assertEqual((state["address"], state["state"], state["reply"]), (recipient, "released", reply))
        self.assertRegex(state["since"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def test_a_lone_carriage_return(self):
        self.comes_back_whole(mails.spam(body=b"one\rtwo\r three\r\n\rfour\r\n"))

    def test_long_lines(self):
        self.comes_back_whole(mails.spam(f"X-Long: {'h' * 1500}", body=b"".join(
            b"." + b"x" * length + b"\r\n" for length in (996, 997, 998, 999, 2047, 2048, 2049, 5000, 70_000))))

    def test_fifty_megabytes(self):
        line = (b"0123456789abcdef" * 62 + b"012345\r\n")
        self.assertEqual(len(line), 1000)
        self.comes_back_whole(mails.spam(body=line * 52_429))

    def test_addresses_beyond_ascii(self):
        self.comes_back_whole(mails.spam("X-Name: für"), f"müller-{mails.token()}@our.example", "jürgen@shop.example",
                              options="SMTPUTF8")
        received = self.sink.mails()[-1]
        self.assertIn("SMTPUTF8", received.sender_options)


class ReleasesThroughSendmail(ReleaseScenarios, SendmailCase):
    pass
