"""Held mail: kept byte for byte, and kept from exactly those it is held for."""
from harness import mails, smtp
from harness.case import PostfixCase, SendmailCase

SENDER = "anna@shop.example"
SPAM_RULE = {"regex": "^X-Spam-Flag: YES"}


class HoldingScenarios:
    def held(self, daemon, quarantine="spam"):
        """The one held message: (catalog's word, stored mail)."""
        catalog = daemon.catalog().held(quarantine)
        stored = daemon.store(quarantine).mails()
        self.assertEqual(len(catalog), 1, catalog)
        self.assertEqual([mail.id for mail in stored], [catalog[0].id])
        return catalog[0], stored[0]

    def keeps(self, message, expected=None):
        daemon = self.daemon({"spam": SPAM_RULE})
        recipient = f"{mails.token()}@our.example"
        answer = self.send(SENDER, recipient, message)
        self.assertEqual(answer.code, 250, answer.final)
        row, stored = self.held(daemon)
        self.assertEqual(stored.data, expected or message)
        self.assertEqual(row.size, len(expected or message))
        self.assertEqual(row.recipients, {recipient: "held"})
        self.assertEqual(row.sender, SENDER)
        self.assertNotEqual(row.queue_id, "")
        self.assertIn(row.queue_id, answer.final.text)
        self.assert_not_delivered(recipient)
        return row, stored

    # -- the bytes -------------------------------------------------------------------------------------

    def test_a_plain_mail_is_kept_as_it_came(self):
        row, stored = self.keeps(mails.spam(subject="Invoice 4711"))
        self.assertEqual(row.subject, "Invoice 4711")
        self.assertEqual(stored.path.stat().st_mode & 0o777, 0o600)
        self.assertIn("X-Quarantine-Name: spam", stored.trace)
        self.assertIn(f"X-Quarantine-Sender: <{SENDER}>", stored.trace)

    def test_eight_bit_headers_and_folds_are_kept(self):
        self.keeps(mails.spam(b"X-Latin: f\xfcr", "X-Utf8: für", "X-Folded: one\r\n two\r\n\t three\r\n\t\tfour",
                              "X-Twice: 1", "x-tWICE:  2  spaces", b"X-Not-Utf8: \xff\xfe\x80"))

    def test_odd_spacing_after_the_colon_is_kept(self):
        self.keeps(mails.spam("X-Tab:\ttab", "X-Two:  blanks", "X-None:nothing", "X-End: blanks at the end  "))

    def test_lines_of_dots_are_kept(self):
        self.keeps(mails.spam(body=b".\r\n..\r\n.x\r\n\r\n...\r\n.\r\n"))

    def test_eight_bit_bodies_are_kept(self):
        self.keeps(mails.spam(body=bytes(b for b in range(1, 256) if b not in (10, 13)) + b"\r\n"))

    def test_an_attachment_is_kept(self):
        self.keeps(mails.with_attachment())

    def test_ten_megabytes_are_kept(self):
        line = b"0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ .\r\n"
        self.keeps(mails.spam(body=line * (10 * 1024 * 1024 // len(line) + 1)))

    def test_a_mail_without_a_body_is_kept(self):
        self.keeps(mails.spam(body=b""))

    def test_a_mail_of_one_header_and_not_even_an_empty_line_is_kept(self):
        self.keeps(b"X-Spam-Flag: YES\r\n", b"X-Spam-Flag: YES\r\n\r\n")

    def test_a_hostile_subject_is_data(self):
        row, _ = self.keeps(mails.spam(subject="=?utf-8?b?GyhCPHNjcmlwdD4=?= \x1b[31m'; DROP TABLE notice; --"))
        self.assertIn("DROP TABLE", row.subject)

    # -- the recipients --------------------------------------------------------------------------------

    def held_beside_a_whitelisted_one(self, held, options="", section=None):
        allowed = f"allowed.{mails.token()}@our.example"
        daemon = self.daemon({"spam": {**SPAM_RULE, **self.whitelist(("", allowed)), **(section or {})}})
        message = mails.spam()
        answer = self.send(SENDER, [held, allowed], message, options)
        self.assertEqual(answer.code, 250, answer.final)
        self.assert_delivered(allowed, message)
        self.assert_not_delivered(held)
        # Nor under another spelling.
        self.assertEqual([mail.recipients for mail in self.sink.mails()], [[allowed]])
        return daemon

    def test_capitals_in_an_address(self):
        daemon = self.held_beside_a_whitelisted_one("User@Example.org")
        self.assertEqual(self.held(daemon)[0].recipients, {"User@Example.org": "held"})

    def test_a_quoted_local_part(self):
        daemon = self.held_beside_a_whitelisted_one('"odd local"@example.org')
        self.assertEqual(self.held(daemon)[0].recipients, {'"odd local"@example.org': "held"})

    def test_a_quoted_at_sign(self):
        self.held_beside_a_whitelisted_one('"a@b"@example.org')

    def test_an_extension_and_a_percent_sign(self):
        self.held_beside_a_whitelisted_one("user+100%d@Sub.Example.org")

    def test_addresses_as_clients_write_them(self):
        """The mail server takes routes, blanks and needless quotes, and knows its own way to compare them."""
        allowed = "allowed@our.example"
        daemon = self.daemon({"spam": {**SPAM_RULE, **self.whitelist(("", allowed))}})
        for number, written in enumerate(("User@Our.Example", "<User@Our.Example> NOTIFY=NEVER", "< user@our.example >",
                                          '<"user"@our.example>', "<@relay.example,@b.example:user@our.example>",
                                          "<user@our.example.>", '<"us\\er"@our.example>', '<"quo\\"te"@our.example>',
                                          "<USER@OUR.EXAMPLE>", "<postmaster>"), 1):
            with self.subTest(written):
                self.sink.reset()
                with self.mta.client() as client:
                    client.command(f"MAIL FROM:<{SENDER}>")
                    for recipient in (written, f"<{allowed}>"):
                        reply = client.command(f"RCPT TO:{recipient}")
                        self.assertEqual(reply.code, 250, reply)
                    self.assertEqual(client.command("DATA").code, 354)
                    client.send(smtp.stuffed(mails.spam()))
                    self.assertEqual(client.reply().code, 250)
                self.mta.wait_idle()
                self.assertEqual([mail.recipients for mail in self.sink.mails()], [[allowed]])
                self.assertEqual(len(daemon.catalog().held()), number)

    def test_one_recipient_written_twice_is_held_once(self):
        daemon = self.held_beside_a_whitelisted_one("user@example.org")
        self.assertEqual(self.send(SENDER, ["user@example.org"] * 2, mails.spam()).code, 250)
        self.assertEqual([list(held.recipients) for held in daemon.catalog().held()], [["user@example.org"]] * 2)

    def test_a_thousand_recipients(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        recipients = [f"user{number}@our.example" for number in range(1000)]
        self.assertEqual(self.send(SENDER, recipients, mails.spam()).code, 250)
        self.assertEqual(list(self.held(daemon)[0].recipients), recipients)
        self.mta.wait_idle()
        self.assertEqual(self.sink.mails(), [])

    def test_the_whitelist_rule_holds_without_store_and_notice(self):
        daemon = self.held_beside_a_whitelisted_one(
            "user@example.org", section={"quarantine_type": "NONE", "notification_type": "NONE", "action": "REJECT"})
        self.assertEqual(daemon.store("spam").files(), [])

    def test_whitelisted_by_the_senders_domain(self):
        recipient = f"{mails.token()}@our.example"
        self.daemon({"spam": {**SPAM_RULE, **self.whitelist(("@shop.example", ""))}})
        message = mails.spam()
        self.assertEqual(self.send("Anna@SHOP.example", recipient, message).code, 250)
        self.assert_delivered(recipient, message)

    def test_mail_of_an_ignored_host_is_not_judged(self):
        recipient, message = f"{mails.token()}@our.example", mails.spam()
        self.daemon({"spam": {**SPAM_RULE, "ignore_hosts": "192.0.2.0/24, 127.0.0.0/8"}})
        self.assertEqual(self.send(SENDER, recipient, message).code, 250)
        self.assert_delivered(recipient, message)

    def test_mail_of_another_host_is_judged(self):
        recipient = f"{mails.token()}@our.example"
        daemon = self.daemon({"spam": {**SPAM_RULE, "ignore_hosts": "192.0.2.0/24"}})
        self.assertEqual(self.send(SENDER, recipient, mails.spam()).code, 250)
        self.assertEqual(self.held(daemon)[0].client_address, "127.0.0.1")
        self.assert_not_delivered(recipient)

    # -- the actions -----------------------------------------------------------------------------------

    def test_reject_tells_the_client_the_reason(self):
        daemon = self.daemon({"spam": {**SPAM_RULE, "action": "REJECT",
                                       "reject_reason": "100% spam, %s and %n, ask postmaster"}})
        recipient = f"{mails.token()}@our.example"
        answer = self.send(SENDER, recipient, mails.spam())
        self.assertEqual(answer.final.text, "554 5.7.0 100% spam, %s and %n, ask postmaster")
        self.assert_not_delivered(recipient)
        self.assertEqual(self.held(daemon)[0].action, "REJECT")

    def test_the_reason_can_name_the_id(self):
        daemon = self.daemon({"spam": {**SPAM_RULE, "action": "REJECT", "reject_reason": "held as {QUARANTINE_ID}"}})
        answer = self.send(SENDER, "user@our.example", mails.spam())
        self.assertEqual(answer.final.text, f"554 5.7.0 held as {self.held(daemon)[0].id}")

    def test_discard_answers_well_and_delivers_nothing(self):
        daemon = self.daemon({"spam": {**SPAM_RULE, "action": "DISCARD"}})
        recipient = f"{mails.token()}@our.example"
        self.assertEqual(self.send(SENDER, recipient, mails.spam()).code, 250)
        self.assert_not_delivered(recipient)
        self.held(daemon)

    def test_accept_delivers_and_keeps_a_copy(self):
        daemon = self.daemon({"watch": {**SPAM_RULE, "action": "ACCEPT"}})
        recipient = f"{mails.token()}@our.example"
        message = mails.spam()
        self.assertEqual(self.send(SENDER, recipient, message).code, 250)
        self.assert_delivered(recipient, message)
        row, stored = self.held(daemon, "watch")
        self.assertEqual(stored.data, message)
        self.assertEqual(row.recipients, {recipient: "copied"})

    def test_an_observing_quarantine_does_not_let_a_virus_through(self):
        daemon = self.daemon({"watch": {**SPAM_RULE, "action": "ACCEPT"},
                              "virus": {"regex": "^X-Virus: ", "action": "REJECT", "reject_reason": "virus"}})
        recipient = f"{mails.token()}@our.example"
        self.assertEqual(self.send(SENDER, recipient, mails.spam("X-Virus: Eicar")).final.text, "554 5.7.0 virus")
        self.assert_not_delivered(recipient)
        self.assertEqual(self.held(daemon, "virus")[0].recipients, {recipient: "held"})

    def test_tempfail_answers_451_and_keeps_nothing(self):
        daemon = self.daemon({"spam": {**SPAM_RULE, "action": "TEMPFAIL"}})
        recipient = f"{mails.token()}@our.example"
        self.assertEqual(self.send(SENDER, recipient, mails.spam()).code, 451)
        self.assert_not_delivered(recipient)
        self.assertEqual(daemon.catalog().held(), [])
        self.assertEqual(daemon.store("spam").files(), [])

    def test_hold_puts_the_mail_into_the_servers_hold_queue(self):
        self.daemon({"spam": {**SPAM_RULE, "action": "HOLD"}})
        recipient = f"{mails.token()}@our.example"
        self.assertEqual(self.send(SENDER, recipient, mails.spam()).code, 250)
        self.mta.wait_idle()
        self.assertIn([recipient], [held.recipients for held in self.mta.on_hold()])
        self.assert_not_delivered(recipient)

    def test_on_hold_nobody_is_removed_and_all_wait_together(self):
        allowed, other = f"{mails.token()}@our.example", f"{mails.token()}@our.example"
        daemon = self.daemon({"spam": {**SPAM_RULE, "action": "HOLD", **self.whitelist(("", allowed))}})
        self.assertEqual(self.send(SENDER, [allowed, other], mails.spam()).code, 250)
        self.assert_not_delivered(allowed, other)
        self.assertIn({allowed, other}, [set(held.recipients) for held in self.mta.on_hold()])
        self.assertEqual(self.held(daemon)[0].recipients, {other: "mta_hold"})

    # -- several quarantines ---------------------------------------------------------------------------

    def two_quarantines(self, preferred):
        allowed_in_virus = f"first.{mails.token()}@our.example"
        other = f"second.{mails.token()}@our.example"
        daemon = self.daemon(
            {"virus": {"regex": "^X-Virus: ", "action": "REJECT", "reject_reason": "a virus",
                       **self.whitelist(("", allowed_in_virus))},
             "spam": SPAM_RULE}, {"preferred_quarantine_action": preferred})
        answer = self.send(SENDER, [allowed_in_virus, other], mails.spam("X-Virus: Eicar"))
        self.assert_not_delivered(allowed_in_virus, other)
        self.assertEqual(self.held(daemon, "virus")[0].recipients, {other: "held"})
        self.assertEqual(self.held(daemon, "spam")[0].recipients, {allowed_in_virus: "held"})
        return answer

    def test_two_recipients_in_two_quarantines_first_is_preferred(self):
        self.assertEqual(self.two_quarantines("first").final.text, "554 5.7.0 a virus")

    def test_two_recipients_in_two_quarantines_last_is_preferred(self):
        self.assertEqual(self.two_quarantines("last").code, 250)


class HoldingThroughPostfix(HoldingScenarios, PostfixCase):
    def test_a_header_that_postfix_cuts_is_noted(self):
        # Postfix shows a milter at most 60 000 bytes of one header, and delivers all of it.
        daemon = self.daemon({"spam": SPAM_RULE})
        for long in ("X-Long: " + "y" * 70000, "X-Long: " + "\r\n ".join(["z" * 500] * 130)):
            self.assertEqual(self.send(SENDER, "user@our.example", mails.spam(long)).code, 250)
            self.assertIn("X-Long", daemon.catalog().held()[-1].notes)
        # 59 000 bytes are not cut, and nobody says so.
        whole = mails.spam("X-Long: " + "y" * 59000)
        self.assertEqual(self.send(SENDER, "user@our.example", whole).code, 250)
        self.assertEqual(daemon.catalog().held()[-1].notes, "")
        self.assertEqual(daemon.store("spam").mails()[-1].data, whole)

    def test_a_utf8_address(self):
        self.held_beside_a_whitelisted_one("Müller@Bücher.example", "SMTPUTF8")


class HoldingThroughSendmail(HoldingScenarios, SendmailCase):
    pass
