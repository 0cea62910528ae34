"""Where the log goes: syslog (facility mail), the journal, stderr; and libmilter has nothing to complain of."""
import concurrent.futures
import shutil

from harness import mails, milter, mounts, places
from harness.case import MilterCase
from harness.syslog import Receiver

RULES = {"spam": {"regex": "^X-Spam-Flag: YES"}}


class LogCase(MilterCase):
    @classmethod
    def setUpClass(cls):
        mounts.leave_for_private_mounts()
        mounts.mount_log_sockets()
        super().setUpClass()

    def receiver(self, path):
        made = Receiver(path)
        self.addCleanup(made.close)
        return made

    def logging_to(self, target, *arguments):
        daemon = self.new_daemon(RULES, {"log": target, "log_level": "info"})
        daemon.arguments = list(arguments)
        daemon.start()
        self.addCleanup(self._stopped_well, daemon)
        return daemon

    def test_syslog_gets_every_event_under_the_facility_mail(self):
        syslog = self.receiver("/dev/log")
        daemon = self.logging_to("syslog")
        self.assert_holds(mails.spam())
        line = syslog.wait_for("quarantine-milter", "quarantine=spam", "status=quarantined")
        self.assertTrue(line.startswith("<22>"), line)  # mail.info
        self.assertNotIn("status=", daemon.log())

    def test_libmilter_has_nothing_to_complain_of(self):
        syslog = self.receiver("/dev/log")
        self.logging_to("syslog")
        for _ in range(3):
            self.assert_holds(mails.spam())
            self.assert_passes(mails.mail())
        syslog.wait_for("status=quarantined")
        for line in syslog.lines():
            self.assertTrue(line.startswith("<22>"), line)
            self.assertNotIn("claimed not to reply", line)

    def test_an_outage_is_one_error_however_many_mails_it_concerns(self):
        syslog = self.receiver("/dev/log")
        daemon = self.logging_to("syslog")
        shutil.rmtree(daemon.folder / "spam")
        for _ in range(5):
            answer = milter.judge(daemon.milter, "anna@shop.example", "user@our.example", mails.spam())
            self.assertEqual(answer.code, 451, answer)
            self.assertEqual(answer.reply, "451 4.3.0 Temporary failure, please try again later", "why is our business")

        def said():
            return [line[:4] for line in syslog.lines() if "status=deferred" in line]
        places.wait_until("each mail has its line", lambda: len(said()) == 5)
        self.assertEqual(sorted(said()), ["<19>", "<22>", "<22>", "<22>", "<22>"])  # mail.err, mail.info

    def test_a_log_that_hangs_holds_up_no_mail_and_loses_no_line(self):
        syslog = self.receiver("/dev/log")
        daemon = self.logging_to("syslog")
        self.assert_holds(mails.spam())
        syslog.wait_for("status=quarantined")
        syslog.hang()
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            answers = [pool.submit(milter.judge, daemon.milter, f"anna{number}@shop.example", "user@our.example", mails.spam())
                       for number in range(40)]
            try:
                # One hangs in the log, and libmilter may have given its worker two more.
                places.wait_until("the mails are answered", lambda: sum(answer.done() for answer in answers) >= 37, 20)
            finally:
                syslog.go_on()
        self.assertEqual({answer.result().letter for answer in answers}, {"d"})
        places.wait_until("each mail has its line", lambda: all(
            any(f"<anna{number}@" in line and "status=quarantined" in line for line in syslog.lines()) for number in range(40)), 20)

    def test_the_journal_gets_every_event(self):
        journal = self.receiver("/run/systemd/journal/socket")
        daemon = self.logging_to("journal")
        self.assert_holds(mails.spam())
        line = journal.wait_for("quarantine=spam", "status=quarantined")
        self.assertIn("SYSLOG_IDENTIFIER=quarantine-milter", line)
        self.assertIn("PRIORITY=6", line)
        self.assertNotIn("status=", daemon.log())

    def test_without_a_journal_the_log_goes_to_stderr_and_says_so(self):
        daemon = self.logging_to("journal")
        self.assertIn("there is no journal here", daemon.log())
        self.assert_holds(mails.spam())
        daemon.wait_for_log("status=quarantined")

    def test_f_logs_to_stderr_whatever_the_configuration_says(self):
        syslog = self.receiver("/dev/log")
        daemon = self.logging_to("syslog", "-f")
        self.assert_holds(mails.spam())
        daemon.wait_for_log("status=quarantined")
        self.assertEqual(syslog.lines(), [])
