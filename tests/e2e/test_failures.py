"""The world fails: the mail stays with the mail server, nothing half-done stays with us, and it heals."""
import os
import shutil

from harness import catalog, mails, mounts, places
from harness.case import PostfixCase, SendmailCase
from harness.postgres import Postgres

SENDER = "anna@shop.example"
SPAM_RULE = {"regex": "^X-Spam-Flag: YES"}


class FailureScenarios:
    @classmethod
    def setUpClass(cls):
        mounts.leave_for_private_mounts()
        super().setUpClass()

    def address(self):
        return f"{mails.token()}@our.example"

    def assert_refused_for_now(self, daemon, said, quarantine="spam"):
        """451, nothing kept, nothing delivered; the log says which thing failed."""
        before = [path.name for path in daemon.store(quarantine).files()]
        rows = len(daemon.catalog().held())
        log = len(daemon.log())
        recipient = self.address()
        answer = self.send(SENDER, recipient, mails.spam(body=b"x" * 70 + b"\r\n" * 1000))
        self.assertEqual(answer.final.text[:9], "451 4.3.0", answer.final)
        daemon.wait_for_log(said, after=log)
        self.assertEqual([path.name for path in daemon.store(quarantine).files()], before)
        self.assertEqual(len(daemon.catalog().held()), rows)
        self.assert_not_delivered(recipient)

    def assert_holds(self, daemon, quarantine="spam"):
        before = len(daemon.store(quarantine).mails())
        recipient, message = self.address(), mails.spam()
        answer = self.send(SENDER, recipient, message)
        self.assertEqual(answer.code, 250, answer.final)
        self.assertEqual(len(daemon.store(quarantine).mails()), before + 1)
        self.assertEqual(daemon.store(quarantine).mails()[-1].data, message)
        self.assert_not_delivered(recipient)

    def test_a_store_folder_that_may_not_be_written(self):
        daemon = self.new_daemon({"spam": SPAM_RULE}, {"user": "nobody"})
        for path in (daemon.folder, daemon.folder / "spam", daemon.folder / "spool"):
            shutil.chown(path, "nobody")
        daemon.file.chmod(0o644)
        self.milter_folder_for("nobody")
        daemon.start()
        self.addCleanup(self._stopped_well, daemon)
        self.assert_holds(daemon)
        folders = [daemon.folder / "spam", *(p for p in (daemon.folder / "spam").rglob("*") if p.is_dir())]
        for path in folders:
            os.chown(path, 0, 0)
            path.chmod(0o755)
        self.assert_refused_for_now(daemon, "spam.*Permission denied")
        for path in folders:
            shutil.chown(path, "nobody")
        self.assert_holds(daemon)

    def milter_folder_for(self, user):
        folder = self.folder / "milter"
        shutil.chown(folder, user)
        self.addCleanup(os.chown, folder, 0, 0)

    def test_a_full_store(self):
        folder = self.folder.folder(f"small-{mails.token()}")
        mounts.mount_small(folder, 256 * 1024)
        self.addCleanup(mounts.unmount, folder)
        daemon = self.daemon({"spam": {**SPAM_RULE, "quarantine_directory": str(folder)}})
        store = daemon.store("spam")
        store.folder = folder
        daemon.store = lambda _: store
        self.assert_holds(daemon)
        filler = folder / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        self.assert_refused_for_now(daemon, "No space left on device")
        filler.unlink()
        self.assert_holds(daemon)

    def test_a_store_folder_that_is_gone(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        shutil.rmtree(daemon.folder / "spam")
        self.assert_refused_for_now(daemon, "spam.*No such file or directory")
        (daemon.folder / "spam").mkdir(mode=0o700)
        self.assert_holds(daemon)

    def test_a_locked_catalog(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        self.assert_holds(daemon)
        with catalog.Lock(daemon.catalog_file):
            self.assert_refused_for_now(daemon, "catalog.*locked")
        self.assert_holds(daemon)

    def test_clean_mail_passes_while_the_catalog_is_locked(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        recipient, message = self.address(), mails.mail()
        with catalog.Lock(daemon.catalog_file):
            self.assertEqual(self.send(SENDER, recipient, message).code, 250)
        self.assert_delivered(recipient, message)

    def test_one_broken_quarantine_of_two_keeps_nothing_at_all(self):
        allowed = self.address()
        daemon = self.daemon({"virus": {"regex": "^X-Virus: ", **self.whitelist(("", allowed))}, "spam": SPAM_RULE})
        shutil.rmtree(daemon.folder / "spam")
        answer = self.send(SENDER, [allowed, self.address()], mails.spam("X-Virus: Eicar"))
        self.assertEqual(answer.code, 451, answer.final)
        self.assertEqual(daemon.store("virus").files(), [])
        self.assertEqual(daemon.catalog().held(), [])

    def test_a_whitelist_database_that_is_away(self):
        server = Postgres(self.folder)
        self.addCleanup(server.stop)
        server.start()
        daemon = self.daemon({"spam": {**SPAM_RULE, "whitelist_type": "DB", "whitelist_db_connection": server.url,
                                       "whitelist_db_table": "whitelist"}})
        self.assert_holds(daemon)
        allowed = self.address()
        server.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment, permanent) VALUES "
                       f"('', '{allowed}', now(), now(), '', false)")
        server.stop()
        self.assert_refused_for_now(daemon, f"postgresql://.*127.0.0.1:{server.port}")
        self.assertNotIn("qm:qm@", daemon.log())  # the password
        clean, message = self.address(), mails.mail()
        self.assertEqual(self.send(SENDER, clean, message).code, 250)
        self.assert_delivered(clean, message)
        server.start()
        message = mails.spam()
        # The daemon may leave a database alone for some seconds after it failed.
        places.wait_until("the whitelist is back", lambda: self.send(SENDER, allowed, message).code == 250, 60)
        self.assert_delivered(allowed, message)
        self.assert_holds(daemon)


class FailuresBehindPostfix(FailureScenarios, PostfixCase):
    pass


class FailuresBehindSendmail(FailureScenarios, SendmailCase):
    pass
