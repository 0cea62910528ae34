"""Reload, stop, and more than one daemon. The mail server's side of the protocol is spoken by the test itself."""
import os
import signal
import time

from harness import mails, places, processes
from harness.case import MilterCase
from harness.milter import MilterClient
from harness.mta import MilterSocket

SENDER = "anna@shop.example"
SPAM_RULE = {"regex": "^X-Spam-Flag: YES"}


class ReloadCase(MilterCase):
    def test_a_new_rule_works_after_sigusr1(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        self.assert_passes(mails.mail("X-Virus: Eicar"))
        daemon.configure({"spam": SPAM_RULE, "virus": {"regex": "^X-Virus: "}})
        daemon.reload()
        self.assert_holds(mails.mail("X-Virus: Eicar"))
        self.assert_holds(mails.spam())
        self.assertEqual([held.quarantine for held in daemon.catalog().held()], ["virus", "spam"])

    def test_a_broken_configuration_leaves_the_old_one_running_and_is_logged(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        daemon.configure({"spam": {"regex": "(", "action": "EXPLODE"}})
        daemon.reload()
        daemon.wait_for_log(r"quarantine-milter\.conf:\d+: \[spam\] action: ")
        daemon.wait_for_log(r"quarantine-milter\.conf:\d+: \[spam\] regex: ")
        self.assert_holds(mails.spam())
        self.assert_passes(mails.mail())
        # And a mended one is taken.
        daemon.configure({"other": {"regex": "^X-Other: "}})
        daemon.reload()
        self.assert_passes(mails.spam())
        self.assert_holds(mails.mail("X-Other: 1"))

    def test_a_mail_in_flight_keeps_the_rules_it_began_with(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        with MilterClient(self.milter) as client:
            client.connect()
            client.step("M", b"<anna@shop.example>\0")
            client.step("R", b"<user@our.example>\0")
            daemon.configure({"other": {"regex": "^X-Other: "}})
            daemon.reload()
            client.step("L", b"X-Spam-Flag\0 YES\0")
            self.assertEqual(client.step("N")[0], "c")
            client.step("B", b"Hello\r\n")
            client.send("E")
            self.assertEqual(client.receive()[0], "d")
            # The next mail of this connection has the new ones.
            self.assertEqual(client.mail(SENDER, "user@our.example", mails.spam()).letter, "a")

    def test_many_reloads_under_load_lose_nothing(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        with MilterClient(self.milter) as client:
            client.connect()
            for _ in range(20):
                daemon.send_signal(signal.SIGUSR1)
                self.assertEqual(client.mail(SENDER, "user@our.example", mails.spam()).letter, "d")
        self.assertEqual(len(daemon.catalog().held()), 20)


class StartCase(MilterCase):
    def test_its_children_are_its_own_though_its_parent_ignored_them(self):
        """Else the kernel takes them away, and their numbers may be somebody else's when they are to be ended."""
        daemon = self.new_daemon({"spam": SPAM_RULE})
        daemon.start(before=["/usr/bin/env", "--ignore-signal=CHLD"])
        self.addCleanup(self._stopped_well, daemon)
        self.assertFalse(processes.ignores(daemon.process.pid, signal.SIGCHLD))
        self.assertTrue(processes.ignores(daemon.process.pid, signal.SIGPIPE), "the test sees what is ignored")


class PlacesCase(MilterCase):
    EMPTY = r"is empty, but the catalog counts on 1 message in it: is its disk mounted"

    def not_started(self, daemon):
        daemon.launch()
        places.wait_until("the daemon ends", lambda: not daemon.process.running())
        self.assertEqual(daemon.process.exit_code, 69)
        daemon.process.kill()
        daemon.process = None

    def test_a_disk_that_is_not_mounted_is_waited_for(self):
        """Mail held in the folder below would vanish when the disk is mounted over it."""
        daemon = self.daemon({"spam": SPAM_RULE})
        self.assert_holds(mails.spam())
        daemon.stop()
        spam, mounted = daemon.folder / "spam", daemon.folder / "mounted"
        spam.rename(mounted)
        spam.mkdir(mode=0o700)
        self.not_started(daemon)
        self.assertRegex(daemon.log(), self.EMPTY)
        self.assertEqual(list(spam.iterdir()), [])
        spam.rmdir()
        mounted.rename(spam)
        daemon.start()
        self.assert_holds(mails.spam())

    def test_a_folder_made_anew_is_put_right_by_hand(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        self.assert_holds(mails.spam())
        daemon.stop()
        (daemon.folder / "spam").rename(daemon.folder / "dead")
        (daemon.folder / "spam").mkdir(mode=0o700)
        self.not_started(daemon)
        self.ctl(daemon, "store", "check", code=1)
        self.not_started(daemon)
        self.ctl(daemon, "store", "check", "--repair")
        daemon.start()
        self.assert_holds(mails.spam())

    def test_a_reload_does_not_go_to_a_folder_where_the_mail_is_not(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        self.assert_holds(mails.spam())
        other = daemon.folder / "other"
        daemon.configure({"spam": {**SPAM_RULE, "quarantine_directory": str(other)}})
        daemon.reload()
        daemon.wait_for_log(self.EMPTY + ".*not reloaded")
        self.assertEqual(list(other.iterdir()), [])
        self.assert_holds(mails.spam())
        self.assertEqual(list(other.iterdir()), [])
        # The old one stays in use for another quarantine, so it is looked into.
        daemon.configure({"spam": {**SPAM_RULE, "quarantine_directory": str(other)},
                          "old": {"regex": "^Never:", "quarantine_directory": str(daemon.folder / "spam")}})
        daemon.reload()
        daemon.wait_for_log("status=reloaded")


class StopCase(MilterCase):
    def test_an_idle_daemon_stops_within_a_second(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        self.assert_holds(mails.spam())
        code, took = daemon.stop()
        self.assertEqual(code, 0)
        self.assertLess(took, 1.0)
        self.assertFalse(os.path.exists(self.milter.path), "the socket is left behind")

    def test_waiting_connections_do_not_delay_the_stop(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        clients = [MilterClient(self.milter).connect() for _ in range(5)]
        for client in clients:
            self.addCleanup(client.drop)
        code, took = daemon.stop()
        self.assertEqual(code, 0)
        self.assertLess(took, 3.0)

    def test_sigint_stops_it_too(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        began = time.monotonic()
        daemon.send_signal(signal.SIGINT)
        self.assertEqual(daemon.process.wait(10), 0)
        self.assertLess(time.monotonic() - began, 1.0)
        daemon.process.kill()
        daemon.process = None

    def test_sighup_does_not_stop_it(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        for _ in range(20):
            daemon.send_signal(signal.SIGHUP)
            self.assert_holds(mails.spam())
        self.assertTrue(daemon.process.running())

    def test_it_stops_when_asked_at_once_after_its_start(self):
        for _ in range(5):
            daemon = self.daemon({"spam": SPAM_RULE})
            code, took = daemon.stop()
            self.assertEqual(code, 0)
            self.assertLess(took, 1.0)


class TogetherCase(MilterCase):
    def refused_at_start(self, daemon, said):
        daemon.notify.forget()
        daemon.launch()
        places.wait_until("the second daemon ends", lambda: not daemon.process.running())
        self.assertNotEqual(daemon.process.exit_code, 0)
        self.assertGreaterEqual(daemon.process.exit_code, 0, "a signal")
        self.assertRegex(daemon.log(), said)
        self.assertNotIn("READY=1", daemon.notify.lines())
        daemon.process.kill()
        daemon.process = None

    def elsewhere(self):
        return MilterSocket(path=str(self.folder.folder(mails.token()) / "sock"))

    def test_two_daemons_on_one_catalog_are_refused(self):
        first = self.daemon({"spam": SPAM_RULE})
        second = self.new_daemon({"spam": SPAM_RULE}, {"catalog": f"sqlite:///{first.catalog_file}"},
                                 milter=self.elsewhere())
        self.refused_at_start(second, r"catalog")
        self.assert_holds(mails.spam())

    def test_two_daemons_on_one_store_folder_are_refused(self):
        first = self.daemon({"spam": SPAM_RULE})
        second = self.new_daemon({"spam": {**SPAM_RULE, "quarantine_directory": str(first.folder / "spam")}},
                                 milter=self.elsewhere())
        self.refused_at_start(second, str(first.folder / "spam"))
        self.assert_holds(mails.spam())

    def test_two_daemons_on_one_socket_are_refused(self):
        self.daemon({"spam": SPAM_RULE})
        second = self.new_daemon({"spam": SPAM_RULE})
        self.refused_at_start(second, self.milter.path)
        self.assert_holds(mails.spam())

    def test_after_a_crash_the_next_daemon_starts(self):
        first = self.daemon({"spam": SPAM_RULE})
        first.kill()
        self.assertTrue(os.path.exists(self.milter.path))
        first.start()
        self.assert_holds(mails.spam())

    def test_a_catalog_of_a_newer_program_is_refused(self):
        first = self.daemon({"spam": SPAM_RULE})
        first.stop()
        connection = first.catalog().connect()
        connection.execute("INSERT INTO qm_schema (version) VALUES (9999)")
        connection.close()
        self.refused_at_start(first, "newer version")
