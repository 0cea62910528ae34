"""Start, reload, stop; sockets, users and what the service manager is told. The mail server's side of the
protocol is spoken by the test itself."""
import os
import pwd
import shutil
import signal
import stat
import time

from harness import mails, places
from harness.case import DaemonCase
from harness.milter import MilterClient, judge
from harness.mta import MilterSocket

SENDER = "anna@shop.example"
SPAM_RULE = {"regex": "^X-Spam-Flag: YES"}


class Life(DaemonCase):
    def verdict(self, message, where=None):
        return judge(where or self.milter, SENDER, "user@our.example", message)

    def assert_holds(self, message, where=None):
        self.assertEqual(self.verdict(message, where).letter, "d")

    def assert_passes(self, message, where=None):
        self.assertEqual(self.verdict(message, where).letter, "a")


class ReloadCase(Life):
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


class StopCase(Life):
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
        daemon.send_signal(signal.SIGINT)
        self.assertEqual(daemon.process.wait(5), 0)
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


class TogetherCase(Life):
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


class UserCase(Life):
    def for_user(self, user, **options):
        daemon = self.new_daemon({"spam": SPAM_RULE}, {"user": user, **options},
                                 milter=MilterSocket(path=str(self.folder.folder(mails.token()) / "sock")))
        shutil.chown(os.path.dirname(daemon.milter.path), "nobody")
        for path in (daemon.folder, daemon.folder / "spam", daemon.folder / "spool"):
            shutil.chown(path, "nobody")
        daemon.file.chmod(0o644)
        return daemon

    def test_it_becomes_the_user(self):
        daemon = self.for_user("nobody").start()
        self.addCleanup(self._stopped_well, daemon)
        nobody = pwd.getpwnam("nobody")
        status = dict(line.split(":\t", 1) for line in
                      open(f"/proc/{daemon.process.pid}/status", encoding="ascii").read().splitlines() if ":\t" in line)
        self.assertEqual(set(status["Uid"].split()), {str(nobody.pw_uid)})
        self.assertEqual(set(status["Gid"].split()), {str(nobody.pw_gid)})
        self.assertLessEqual(set(status["Groups"].split()), {str(nobody.pw_gid)})
        self.assertEqual(int(status["CapEff"], 16), 0)
        self.assert_holds(mails.spam(), daemon.milter)
        stored, = daemon.store("spam").mails()
        self.assertEqual(stored.path.stat().st_uid, nobody.pw_uid)
        self.assertEqual(daemon.catalog_file.stat().st_uid, nobody.pw_uid)
        self.assertEqual(daemon.catalog_file.stat().st_mode & 0o077, 0)

    def test_it_can_reload_and_stop_as_that_user(self):
        daemon = self.for_user("nobody").start()
        daemon.configure({"spam": SPAM_RULE, "virus": {"regex": "^X-Virus: "}}, {"user": "nobody"})
        shutil.chown(daemon.folder / "virus", "nobody")
        daemon.file.chmod(0o644)
        daemon.reload()
        self.assert_holds(mails.mail("X-Virus: Eicar"), daemon.milter)
        code, _ = daemon.stop()
        self.assertEqual(code, 0)

    def test_a_missing_user_is_named(self):
        daemon = self.for_user("no-such-user")
        daemon.launch()
        places.wait_until("it ends", lambda: not daemon.process.running())
        self.assertEqual(daemon.process.exit_code, 78)
        self.assertIn("no-such-user", daemon.log())

    def test_a_missing_group_is_named(self):
        daemon = self.for_user("nobody", socket_group="no-such-group")
        daemon.launch()
        places.wait_until("it ends", lambda: not daemon.process.running())
        self.assertEqual(daemon.process.exit_code, 78)
        self.assertIn("no-such-group", daemon.log())

    def test_root_is_allowed_with_a_warning(self):
        code, text = self.new_daemon({"spam": SPAM_RULE}).check()
        self.assertEqual(code, 0, text)
        self.assertRegex(text, r"(?m)warning: \[global\] user: ")


class SocketCase(Life):
    def listens(self, written, where):
        daemon = self.daemon({"spam": SPAM_RULE}, {"socket": written}, milter=where)
        self.assert_holds(mails.spam(), where)
        self.assert_passes(mails.mail(), where)
        return daemon

    def tcp(self, host="127.0.0.1"):
        return MilterSocket(host=host, port=places.free_port(host))

    def test_inet_as_libmilter_spells_it(self):
        where = self.tcp()
        self.listens(f"inet:{where.port}@127.0.0.1", where)

    def test_inet_as_postfix_spells_it(self):
        where = self.tcp()
        self.listens(f"inet:127.0.0.1:{where.port}", where)

    def test_inet6_as_libmilter_spells_it(self):
        where = self.tcp("::1")
        self.listens(f"inet6:{where.port}@::1", where)

    def test_inet6_as_postfix_spells_it(self):
        where = self.tcp("::1")
        self.listens(f"inet:[::1]:{where.port}", where)

    def test_unix_as_postfix_spells_it(self):
        self.listens(f"unix:{self.milter.path}", self.milter)

    def test_unix_as_sendmail_spells_it(self):
        self.listens(f"local:{self.milter.path}", self.milter)

    def test_mode_and_group_of_the_socket(self):
        where = MilterSocket(path=str(self.folder.folder(mails.token()) / "sock"))
        self.daemon({"spam": SPAM_RULE}, {"socket_mode": "0660", "socket_group": "postfix"}, milter=where)
        found = os.stat(where.path)
        self.assertTrue(stat.S_ISSOCK(found.st_mode))
        self.assertEqual(stat.S_IMODE(found.st_mode), 0o660)
        self.assertEqual(found.st_gid, pwd.getpwnam("postfix").pw_gid)

    def test_a_file_in_the_sockets_place_is_not_removed(self):
        path = self.folder.folder(mails.token()) / "sock"
        path.write_text("precious", encoding="ascii")
        daemon = self.new_daemon({"spam": SPAM_RULE}, milter=MilterSocket(path=str(path)))
        daemon.launch()
        places.wait_until("it ends", lambda: not daemon.process.running())
        self.assertNotEqual(daemon.process.exit_code, 0)
        self.assertEqual(path.read_text(encoding="ascii"), "precious")

    def test_tcp_answers_are_not_delayed(self):
        where = self.tcp()
        # Two packets of ours in a row (remove a recipient, accept), and no disk that would take its time.
        self.daemon({"spam": {**SPAM_RULE, "quarantine_type": "NONE", **self.whitelist(("", "allowed@our.example"))}},
                    milter=where)
        with MilterClient(where) as client:
            client.connect()
            began = time.monotonic()
            for _ in range(50):
                verdict = client.mail(SENDER, ["allowed@our.example", "user@our.example"], mails.spam())
                self.assertEqual((verdict.letter, verdict.removed), ("a", ["<user@our.example>"]))
            # With the delays of Nagle's algorithm each mail would take 40 ms more: 2 s.
            self.assertLess(time.monotonic() - began, 1.5)


class ServiceManagerCase(Life):
    def test_ready_reloading_and_stopping_are_told(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        self.assertIn("READY=1", daemon.notify.lines())
        self.assertEqual(daemon.notify.lines().count("RELOADING=1"), 0)
        daemon.reload()
        lines = daemon.notify.lines()
        self.assertIn("RELOADING=1", lines)
        self.assertTrue(any(line.startswith("MONOTONIC_USEC=") for line in lines), lines)
        self.assertLess(lines.index("RELOADING=1"), len(lines) - 1 - lines[::-1].index("READY=1"))
        daemon.stop()
        daemon.notify.wait_for("STOPPING=1")

    def test_ready_means_that_mail_is_served(self):
        for _ in range(5):
            daemon = self.daemon({"spam": SPAM_RULE})
            self.assert_passes(mails.mail())
            daemon.stop()

    def test_the_watchdog_is_fed(self):
        daemon = self.new_daemon({"spam": SPAM_RULE})
        daemon.start(WATCHDOG_USEC="400000")
        self.addCleanup(self._stopped_well, daemon)
        daemon.notify.wait_for("WATCHDOG=1", count=3)

    def test_without_a_watchdog_nothing_is_fed(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        daemon.stop()
        self.assertNotIn("WATCHDOG=1", daemon.notify.lines())

    def test_it_never_goes_into_the_background(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        self.assertTrue(daemon.process.running())
        self.assertEqual(os.getpgid(daemon.process.pid), daemon.process.pid)
