"""What surrounds the daemon: its user, its sockets, and the service manager."""
import os
import pwd
import shutil
import stat
import time

from harness import mails, places
from harness.case import MilterCase
from harness.milter import MilterClient
from harness.mta import MilterSocket

SENDER = "anna@shop.example"
SPAM_RULE = {"regex": "^X-Spam-Flag: YES"}


class UserCase(MilterCase):
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


class SocketCase(MilterCase):
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


class ServiceManagerCase(MilterCase):
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
