"""program.py QUARANTINECTL   the program as a whole: exit codes, rights, signals, terminals."""
import json
import os
import pathlib
import pty
import pwd
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

MAIL = b"From: Anna <anna@shop.example>\nTo: u@our.example\nSubject: Hello\nX-Spam: Yes\n\nText\n"
AS_ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")
PATIENCE = 60


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Where another user may enter, whatever the build folder is.
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="qm-ctl-"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.place.chmod(0o755)
        cls.program = cls.place / "quarantinectl"
        shutil.copy(sys.argv[1], cls.program)
        shutil.copy(pathlib.Path(sys.argv[1]).with_name("quarantine-preview"), cls.program.parent)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.place))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        (self.data / "spam").mkdir(parents=True)
        if AS_ROOT:
            for path in (self.data, self.data / "spam"):
                os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        self.conf = self.folder / "test.conf"
        self.configure()

    def configure(self, more=""):
        self.conf.write_text(f"""[global]
quarantines = spam
preferred_quarantine_action = first
catalog = sqlite:///{self.data}/catalog.db
spool_directory = {self.data}/spool
log = syslog
user = {"nobody" if AS_ROOT else pwd.getpwuid(os.geteuid()).pw_name}
{more}
[spam]
regex = ^X-Spam: Yes
quarantine_type = FILE
quarantine_directory = {self.data}/spam
action = DISCARD
notification_type = NONE
whitelist_type = DB
whitelist_db_connection = sqlite:///{self.data}/whitelist.db
whitelist_db_table = whitelist
""", encoding="ascii")

    def run_it(self, *words, user=None, **more):
        """CompletedProcess; as another user where `user` says so."""
        environment = {**os.environ, **more.pop("environment", {})}
        return subprocess.run([self.program, *map(str, words)], capture_output=True, timeout=PATIENCE, env=environment,
                              stdin=subprocess.DEVNULL, user=user, extra_groups=[] if user else None, check=False, **more)

    def with_conf(self, *words, **more):
        return self.run_it("-c", self.conf, *words, **more)

    def import_old(self, count=1):
        old = self.folder / "old"
        old.mkdir(mode=0o700, exist_ok=True)
        for number in range(count):
            (old / f"mail{number:05}").write_bytes(MAIL + b"%d\n" % number)
            (old / f"mail{number:05}.metadata").write_text(json.dumps(
                {"mailfrom": "anna@shop.example", "recipients": ["u@our.example"], "date": 1785849792 + number}), "ascii")
        return old

    def in_terminal(self, *words, environment=None):
        """Exit code and what a terminal got, standard output and error together."""
        child, terminal = pty.fork()
        if child == 0:
            os.execve(self.program, [str(self.program), *map(str, words)], {**os.environ, **(environment or {})})
        seen = b""
        while True:
            try:
                if not select.select([terminal], [], [], PATIENCE)[0]:
                    os.kill(child, signal.SIGKILL)
                    break
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        _, status = os.waitpid(child, 0)
        os.close(terminal)
        return os.waitstatus_to_exitcode(status), seen


class ExitCodes(Case):
    def test_usage(self):
        for words in ([], ["nosuch"], ["release"], ["whitelist"], ["show", "../x"], ["list", "--since", "soon"]):
            done = self.with_conf(*words) if words else self.run_it()
            if words[:1] in (["show"], ["list"]):
                self.import_and_forget()
                done = self.with_conf(*words)
            self.assertEqual(done.returncode, 64, (words, done.stderr))
            self.assertTrue(done.stderr.startswith(b"quarantinectl: "), done.stderr)
            self.assertEqual(done.stdout, b"")

    def import_and_forget(self):
        self.assertEqual(self.with_conf("import", "pyquarantine", self.import_old()).returncode, 0)

    def test_help_and_version(self):
        for words in (["--help"], ["list", "--help"], ["whitelist", "add", "-h"], ["-V"]):
            done = self.run_it(*words)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertIn(b"quarantinectl", done.stdout)

    def test_configuration(self):
        done = self.run_it("-c", self.folder / "missing.conf", "status")
        self.assertEqual(done.returncode, 78)
        self.configure("nosuch = 1")
        done = self.with_conf("status")
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, rb"test\.conf:\d+: \[global\] nosuch: ")
        self.assertEqual(self.with_conf("config", "check").returncode, 78)
        self.assertFalse(json.loads(self.with_conf("config", "check", "--json").stdout)["ok"])

    def test_config_check(self):
        self.assertEqual(self.with_conf("config", "check").returncode, 0)
        self.assertTrue(json.loads(self.with_conf("config", "check", "--json").stdout)["ok"])
        self.assertFalse((self.data / "catalog.db").exists())
        (self.data / "spam").rmdir()
        self.assertEqual(self.with_conf("config", "check").returncode, 78)

    def test_unavailable(self):
        done = self.with_conf("status")
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertFalse((self.data / "catalog.db").exists(), "looking has created a catalog")

    def test_nothing_matched(self):
        self.import_and_forget()
        self.assertEqual(self.with_conf("show", "zzz").returncode, 2)
        self.assertEqual(self.with_conf("list", "--to", "nobody@our.example").returncode, 2)

    def test_json_is_one_document(self):
        self.import_and_forget()
        for words in (["status"], ["list"], ["expire", "--dry-run"], ["store", "check"], ["config", "show"],
                      ["whitelist", "check"]):
            done = self.with_conf(*words, "--json")
            self.assertEqual(done.returncode, 0, (words, done.stderr))
            json.loads(done.stdout)


class Rights(Case):
    @unittest.skipUnless(AS_ROOT, "needs root")
    def test_root_becomes_the_daemons_user(self):
        """What is made belongs to that user, though the files it came from are readable by root only."""
        old = self.import_old(2)
        done = self.with_conf("import", "pyquarantine", old)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.with_conf("whitelist", "add", "--from", "a@x.example").returncode, 0)
        made = [path for path in self.data.rglob("*") if path.is_file()]
        self.assertGreaterEqual(len(made), 4)
        for path in made:
            self.assertEqual(path.stat().st_uid, NOBODY.pw_uid, path)
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    @unittest.skipUnless(AS_ROOT, "needs root")
    def test_a_file_of_roots_is_explained(self):
        secret = self.folder / "secret"
        secret.mkdir(mode=0o700)
        (secret / "mail.eml").write_bytes(MAIL)
        (secret / "mail.eml").chmod(0o600)
        self.import_old()
        self.with_conf("import", "pyquarantine", self.folder / "old")
        self.assertEqual(self.with_conf("explain", secret / "mail.eml").returncode, 10)
        done = self.with_conf("explain", secret)
        self.assertEqual(done.returncode, 10)
        self.assertIn(b"of 1 mail 1 would be held: spam 1", done.stdout)
        # A link in the folder leads nowhere, whoever asks.
        (secret / "link").symlink_to("/etc/shadow")
        done = self.with_conf("explain", secret)
        self.assertIn(b"link: skipped: a symbolic link", done.stderr)

    @unittest.skipUnless(AS_ROOT, "needs root")
    def test_others_are_told_that_they_may_not(self):
        self.with_conf("import", "pyquarantine", self.import_old())
        other = 54321
        done = self.with_conf("list", user=other)
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn(b"run it as root or as nobody", done.stderr)
        self.conf.chmod(0o640)
        done = self.with_conf("list", user=other)
        self.assertEqual(done.returncode, 77, done.stderr)
        # As the daemon's user: the file must be readable then.
        self.conf.chmod(0o644)
        self.assertEqual(self.with_conf("list", user=NOBODY.pw_uid).returncode, 0)

    def test_preview_needs_nothing(self):
        (self.folder / "mail.eml").write_bytes(MAIL)
        for user in {None, NOBODY.pw_uid if AS_ROOT else None}:
            done = self.run_it("-c", "/nonexistent", "preview", self.folder / "mail.eml", "--json", user=user)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["subject"], "Hello")
        done = subprocess.run([self.program, "preview", "--html", "-"], input=b"<b onclick=x>y</b>\xff", capture_output=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertNotIn(b"onclick", done.stdout)
        done.stdout.decode("utf-8")


class Signals(Case):
    def test_stopped_between_two_messages(self):
        old = self.import_old(2500)
        with subprocess.Popen([self.program, "-c", self.conf, "import", "pyquarantine", old], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + PATIENCE
            while self.imported() < 3:
                self.assertIsNone(process.poll(), "it ended before it was stopped")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn(b"stopped by a signal", errors)
        # Nothing is half done.
        self.assertEqual(len(list((self.data / "spam").rglob("*.eml"))), self.imported())
        self.assertEqual(self.with_conf("store", "check").returncode, 0)

    def imported(self):
        try:
            with sqlite3.connect(f"file:{self.data}/catalog.db?mode=ro", uri=True) as connection:
                return connection.execute("SELECT count(*) FROM held_message").fetchone()[0]
        except sqlite3.OperationalError:
            return 0

    def test_children_are_its_own_though_its_parent_ignored_them(self):
        """Else the kernel takes them away, and their numbers may be somebody else's when they are to be ended."""
        with subprocess.Popen(["/usr/bin/env", "--ignore-signal=CHLD", self.program, "preview", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + PATIENCE
            while not self.ignored(process.pid) >> (signal.SIGPIPE - 1) & 1:  # one of the first things it does
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            seen = self.ignored(process.pid)
            while seen >> (signal.SIGCHLD - 1) & 1 and time.monotonic() < deadline - PATIENCE + 2:
                time.sleep(0.01)
                seen = self.ignored(process.pid)
            self.assertFalse(seen >> (signal.SIGCHLD - 1) & 1)
            process.communicate(MAIL, timeout=PATIENCE)

    @staticmethod
    def ignored(pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text("ascii", "replace")
        return int(re.search(r"SigIgn:\s*([0-9a-f]+)", status)[1], 16)

    def test_a_reader_that_goes_away(self):
        with subprocess.Popen([self.program, "config", "reference"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdout.close()
            errors = process.stderr.read()
            self.assertEqual((process.wait(PATIENCE), errors), (1, b""))

    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([self.program, "config", "reference"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left on device", done.stderr)


class Terminals(Case):
    def setUp(self):
        super().setUp()
        self.with_conf("import", "pyquarantine", self.import_old())
        self.id = self.with_conf("list", "--ids").stdout.decode("ascii").strip()

    def test_bytes_never_reach_one(self):
        code, seen = self.in_terminal("-c", self.conf, "cat", self.id, "--eml")
        self.assertEqual(code, 64)
        self.assertNotIn(b"Subject: Hello", seen)
        self.assertIn(b"Subject: Hello", self.with_conf("cat", self.id, "--eml").stdout)

    def test_colours(self):
        escape = b"\x1b[1m"
        code, seen = self.in_terminal("-c", self.conf, "list", environment={"NO_COLOR": ""})
        self.assertEqual(code, 0)
        self.assertIn(escape, seen)
        self.assertNotIn(escape, self.in_terminal("-c", self.conf, "list", environment={"NO_COLOR": "1"})[1])
        self.assertNotIn(escape, self.with_conf("list").stdout)

    def test_progress_is_wiped_away(self):
        _, seen = self.in_terminal("-c", self.conf, "explain", self.folder / "old", environment={"NO_COLOR": "1"})
        self.assertIn(b"\r\x1b[Kexplained: ", seen)
        self.assertNotIn(b"explained: ", self.with_conf("explain", self.folder / "old").stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
