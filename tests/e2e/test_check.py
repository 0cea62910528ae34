"""quarantine-milter -t: what is wrong, all of it, where it stands; and the exit code for scripts."""
import os
import shutil
import subprocess

from harness import ctl, daemon, mails, places
from harness.case import DaemonCase

SPAM_RULE = {"regex": "^X-Spam-Flag: YES"}


class CheckCase(DaemonCase):
    def checked(self, quarantines, options=None):
        return self.new_daemon(quarantines, options).check()

    def test_a_good_configuration_is_0_and_creates_nothing(self):
        made = self.new_daemon({"spam": SPAM_RULE})
        before = sorted(path.name for path in made.folder.rglob("*"))
        code, text = made.check()
        self.assertEqual(code, 0, text)
        self.assertEqual(sorted(path.name for path in made.folder.rglob("*")), before)
        self.assertFalse(os.path.exists(self.milter.path))

    def test_every_mistake_is_found_in_one_run(self):
        made = self.new_daemon({"spam": SPAM_RULE})
        made.write("[global]\nquarantines = spam\npreferred_quarantine_action = middle\nuser = root\nno_such = 1\n"
                   "[spam]\nregex = (\naction = EXPLODE\nquarantine_type = FILE\nnotification_type = NONE\n"
                   "whitelist_type = NONE\nquarantine_directory = /nonexistent/folder\naction = DISCARD\n")
        code, text = made.check()
        self.assertEqual(code, 78, text)
        for line, where in ((3, "[global] preferred_quarantine_action"), (5, "[global] no_such"), (7, "[spam] regex"),
                            (8, "[spam] action"), (13, "[spam] action")):
            self.assertIn(f"{made.file}:{line}: {where}: ", text)

    def test_a_missing_file_is_78(self):
        made = self.new_daemon({"spam": SPAM_RULE})
        made.file.unlink()
        code, text = made.check()
        self.assertEqual(code, 78)
        self.assertIn(str(made.file), text)
        made.file.touch()

    def test_a_missing_folder_is_78_and_named(self):
        made = self.new_daemon({"spam": SPAM_RULE})
        shutil.rmtree(made.folder / "spam")
        code, text = made.check()
        self.assertEqual(code, 78, text)
        self.assertIn(str(made.folder / "spam"), text)

    def test_what_the_configuration_says_moves_no_terminal(self):
        for folder in ("/nonexistent/\x1b[31mred", "/nonexistent/\u202eder", "/nonexistent/\x9b31m"):
            made = self.new_daemon({"spam": SPAM_RULE})
            made.write(made.file.read_text("utf-8").replace(str(made.folder / "spam"), folder))
            code, text = made.check()
            self.assertEqual(code, 78, text)
            self.assertIn("/nonexistent/\\", text)
            self.assertIsNone(ctl.harm_in(text.encode("utf-8")))

    def test_a_folder_that_its_user_may_not_write_is_78(self):
        made = self.new_daemon({"spam": SPAM_RULE}, {"user": "nobody"})
        made.file.chmod(0o644)
        for path in (made.folder, made.folder / "spool", self.folder / "milter"):
            shutil.chown(path, "nobody")
        self.addCleanup(os.chown, self.folder / "milter", 0, 0)
        code, text = made.check()
        self.assertEqual(code, 78, text)
        self.assertIn(str(made.folder / "spam"), text)
        shutil.chown(made.folder / "spam", "nobody")
        self.assertEqual(made.check()[0], 0)

    def test_a_database_that_is_away_is_69(self):
        code, text = self.checked({"spam": {
            **SPAM_RULE, "whitelist_type": "DB", "whitelist_db_table": "whitelist",
            "whitelist_db_connection": f"postgresql://qm:s3cr3t@127.0.0.1:{places.free_port()}/qm"}})
        self.assertEqual(code, 69, text)
        self.assertNotIn("s3cr3t", text)

    def test_a_mistake_beside_a_database_that_is_away_is_78(self):
        code, text = self.checked({"spam": {
            **SPAM_RULE, "action": "EXPLODE", "whitelist_type": "DB", "whitelist_db_table": "whitelist",
            "whitelist_db_connection": f"postgresql://qm:qm@127.0.0.1:{places.free_port()}/qm"}})
        self.assertEqual(code, 78, text)

    def test_an_sqlite_file_that_does_not_exist_yet_is_fine(self):
        path = self.folder / f"{mails.token()}.db"
        code, text = self.checked({"spam": {**SPAM_RULE, "whitelist_type": "DB", "whitelist_db_table": "whitelist",
                                            "whitelist_db_connection": f"sqlite:///{path}"}})
        self.assertEqual(code, 0, text)
        self.assertFalse(path.exists())

    def test_a_template_with_an_unknown_name_is_78(self):
        template = self.folder / f"{mails.token()}.html"
        template.write_text("<p>{NO_SUCH_NAME}</p>", encoding="ascii")
        code, text = self.checked({"spam": {
            **SPAM_RULE, "notification_type": "EMAIL", "notification_email_from": "q@our.example",
            "notification_email_subject": "held", "notification_email_template": str(template),
            "notification_email_replacement_img": "", "notification_email_embedded_imgs": ""}})
        self.assertEqual(code, 78, text)
        self.assertIn("NO_SUCH_NAME", text)

    def test_an_accept_that_stores_is_a_warning(self):
        code, text = self.checked({"watch": {**SPAM_RULE, "action": "ACCEPT"}})
        self.assertEqual(code, 0, text)
        self.assertRegex(text, r"warning: \[watch\] action: ")

    def test_a_daemon_with_mistakes_does_not_start(self):
        made = self.new_daemon({"spam": {**SPAM_RULE, "action": "EXPLODE"}})
        made.launch()
        places.wait_until("it ends", lambda: not made.process.running())
        self.assertEqual(made.process.exit_code, 78)
        self.assertIn(f"{made.file}:", made.log())

    def test_version_and_help(self):
        for option, said in (("-V", "quarantine-milter"), ("--help", "--check-config")):
            done = subprocess.run([daemon.program(), option], stdout=subprocess.PIPE, timeout=20, check=True)
            self.assertIn(said, done.stdout.decode())

    def test_an_unknown_option_is_64(self):
        done = subprocess.run([daemon.program(), "--no-such-option"], stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE, timeout=20)
        self.assertEqual(done.returncode, 64)
