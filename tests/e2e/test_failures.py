"""The world fails: the mail stays with the mail server, nothing half-done stays with us, and it heals."""
import concurrent.futures
import os
import pathlib
import shutil

from harness import catalog, mails, mounts, places
from harness.case import PostfixCase, SendmailCase
from harness.mariadb import MariaDb
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

    def small_disk(self, size):
        folder = self.folder.folder(f"small-{mails.token()}")
        mounts.mount_small(folder, size)
        self.addCleanup(mounts.unmount, folder)
        return folder

    @staticmethod
    def fill(folder):
        """A file that takes all there is."""
        filler = folder / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        return filler

    def test_a_full_store(self):
        folder = self.small_disk(256 * 1024)
        daemon = self.holding_in(folder, reserve_space="0")
        filler = self.fill(folder)
        self.assert_refused_for_now(daemon, "No space left on device")
        filler.unlink()
        self.assert_holds(daemon)

    def holding_in(self, folder, **options):
        """A daemon whose one quarantine keeps its mail in this folder, and does."""
        daemon = self.daemon({"spam": {**SPAM_RULE, "quarantine_directory": str(folder)}}, options)
        store = daemon.store("spam")
        store.folder = folder
        daemon.store = lambda _: store
        self.assert_holds(daemon)
        return daemon

    def test_a_disk_that_is_soon_full(self):
        folder = self.small_disk(150 << 20)
        daemon = self.holding_in(folder)
        filler = folder / "filler"
        with open(filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 60 << 20)
        self.assert_refused_for_now(daemon, "only .* free, and reserve_space is 100.0M")
        clean, message = self.address(), mails.mail()
        self.assertEqual(self.send(SENDER, clean, message).code, 250)
        self.assert_delivered(clean, message)
        filler.unlink()
        self.assert_holds(daemon)

    def test_a_disk_that_becomes_read_only(self):
        daemon = self.daemon({"spam": SPAM_RULE})
        self.assert_holds(daemon)
        day = daemon.store("spam").files()[-1].parent
        mounts.mount_read_only(day)
        self.assert_refused_for_now(daemon, "Read-only file system")
        mounts.unmount(day)
        self.assert_holds(daemon)

    def test_a_full_disk_below_the_catalog(self):
        folder = self.small_disk(1 << 20)
        daemon = self.new_daemon({"spam": SPAM_RULE}, {"reserve_space": "0"})
        daemon.catalog_file = folder / "catalog.db"
        daemon.configure({"spam": SPAM_RULE}, {"reserve_space": "0", "catalog": f"sqlite:///{daemon.catalog_file}"})
        daemon.start()
        self.addCleanup(self._stopped_well, daemon)
        self.assert_holds(daemon)
        filler = self.fill(folder)
        self.assert_refused_for_now(daemon, "disk is full|disk I/O error")
        filler.unlink()
        self.assert_holds(daemon)

    def test_a_catalog_server_that_stops_and_one_that_hangs(self):
        server = Postgres(places.TempDir("server", below=self.folder.path))
        self.addCleanup(server.stop)
        server.start()
        daemon = self.daemon({"spam": SPAM_RULE}, {"catalog": server.url})
        threads = pathlib.Path(f"/proc/{daemon.process.pid}/task")

        def held():
            return int(server.execute("SELECT count(*) FROM held_message"))

        def holds():
            message, before = mails.spam(), held()
            places.wait_until("mail is held again",
                              lambda: self.send(SENDER, self.address(), message).code == 250, 60)
            self.assertEqual(held(), before + 1)
        holds()
        usual = len(list(threads.iterdir()))
        for trouble, end in ((server.stop, server.start), (server.freeze, server.thaw)):
            files, log = daemon.store("spam").files(), len(daemon.log())
            trouble()
            for _ in range(5):
                answer = self.send(SENDER, self.address(), mails.spam())
                self.assertEqual(answer.final.text[:9], "451 4.3.0", answer.final)
                clean, message = self.address(), mails.mail()
                self.assertEqual(self.send(SENDER, clean, message).code, 250)
                self.assert_delivered(clean, message)
            self.assertEqual(daemon.store("spam").files(), files)
            end()
            holds()
            self.assertEqual(len(daemon.store("spam").files()), len(files) + 1)
            self.assertNotIn("qm:qm@", daemon.log()[log:])  # the password
        self.assertLessEqual(len(list(threads.iterdir())), usual + 8)

    def test_a_stop_while_the_catalog_hangs(self):
        """It ends by itself, before systemd would kill it, and whoever waits keeps the mail."""
        server = Postgres(places.TempDir("server", below=self.folder.path))
        self.addCleanup(server.stop)
        server.start()
        daemon = self.daemon({"spam": SPAM_RULE}, {"catalog": server.url})
        self.assertEqual(self.send(SENDER, self.address(), mails.spam()).code, 250)
        server.freeze()
        with concurrent.futures.ThreadPoolExecutor(4) as senders:
            answers = [senders.submit(self.send, SENDER, self.address(), mails.spam()) for _ in range(4)]
            code, _ = daemon.stop(45)
            self.assertEqual(code, 0, daemon.log())
            self.assertEqual({answer.result().code for answer in answers}, {451})
        server.thaw()
        daemon.start()
        self.assertEqual(self.send(SENDER, self.address(), mails.spam()).code, 250)

    def test_a_name_server_that_knows_nothing(self):
        """A notice that cannot be sent delays no mail; it goes when its server is found."""
        template = self.folder / f"{mails.token()}.html"
        template.write_text("<p>{EMAIL_SUBJECT}</p>", encoding="ascii")
        rules = {"spam": {**SPAM_RULE, "notification_type": "EMAIL", "notification_email_subject": "Held",
                          "notification_email_from": "quarantine@our.example",
                          "notification_email_template": str(template)}}
        daemon = self.daemon(rules, {"smtp_host": "mail.no-such-place.invalid", "smtp_port": "25"})
        self.assert_holds(daemon)
        daemon.wait_for_log("status=notice-deferred")
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

    def test_a_whitelist_in_postgresql_that_stops_and_hangs(self):
        self.whitelist_server_away(Postgres)

    def test_a_whitelist_in_mariadb_that_stops_and_hangs(self):
        self.whitelist_server_away(MariaDb)

    def whitelist_server_away(self, kind):
        server = kind(places.TempDir("server", below=self.folder.path))
        self.addCleanup(server.stop)
        server.start()
        daemon = self.daemon({"spam": {**SPAM_RULE, "whitelist_type": "DB", "whitelist_db_connection": server.url,
                                       "whitelist_db_table": "whitelist"}})
        self.assert_holds(daemon)
        for trouble, end in ((server.stop, server.start), (server.freeze, server.thaw)):
            allowed = self.address()
            server.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment, permanent) VALUES "
                           f"('', '{allowed}', now(), now(), '', false)")
            trouble()
            for _ in range(3):
                self.assert_refused_for_now(daemon, f"://.*127.0.0.1:{server.port}")
            self.assertNotIn("qm:qm@", daemon.log())  # the password
            clean, message = self.address(), mails.mail()
            self.assertEqual(self.send(SENDER, clean, message).code, 250)
            self.assert_delivered(clean, message)
            end()
            message = mails.spam()
            # A thread of the daemon's tries the server now and then.
            places.wait_until("the whitelist is back", lambda: self.send(SENDER, allowed, message).code == 250, 60)
            self.assert_delivered(allowed, message)
            self.assert_holds(daemon)


class FailuresBehindPostfix(FailureScenarios, PostfixCase):
    pass


class FailuresBehindSendmail(FailureScenarios, SendmailCase):
    pass
