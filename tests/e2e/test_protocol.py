"""Corners of the milter protocol, driven by miltertest."""
import pathlib
import subprocess

from harness import mails
from harness.case import DaemonCase

SCRIPTS = pathlib.Path(__file__).resolve().parent / "miltertest"


class ProtocolCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.quarantine = self.daemon({
            "spam": {"regex": "^X-Spam-Flag: YES", **self.whitelist(("", "allowed@our.example"))},
            "nothing": {"regex": "^X-Nothing: 1", "quarantine_type": "NONE"}})

    def runs(self, script, held):
        """Runs it; afterwards `held` messages must be in the catalog and in the store."""
        both = f"{self.folder / mails.token()}.lua"
        # miltertest knows no way to include a file that works everywhere, so the script is put together here.
        with open(both, "w", encoding="ascii") as file:
            for part in ("common.lua", script):
                file.write((SCRIPTS / part).read_text(encoding="ascii"))
        done = subprocess.run(["miltertest", "-D", f"socket={self.milter.for_libmilter()}", "-s", both],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual((done.returncode, done.stdout.decode("utf-8", "backslashreplace")), (0, ""))
        self.assertEqual(len(self.quarantine.catalog().held("spam")), held)
        self.assertEqual(len(self.quarantine.store("spam").files()), held)

    def test_whole_mails(self):
        # The third mail is the first one offered again.
        self.runs("whole_mail.lua", held=1)

    def test_a_client_of_unspecified_address(self):
        self.runs("unspecified_address.lua", held=1)

    def test_an_unknown_command(self):
        self.runs("unknown_command.lua", held=1)

    def test_abort_at_each_step(self):
        self.runs("abort_at_each_step.lua", held=1)

    def test_quit_at_each_step(self):
        self.runs("quit_at_each_step.lua", held=1)

    def test_skip_only_where_it_is_offered(self):
        self.runs("skipped_body.lua", held=0)

    def test_a_mail_server_without_newer_features(self):
        self.runs("old_mail_server.lua", held=1)

    def test_a_mail_server_that_lets_us_do_nothing(self):
        self.runs("no_mail_action.lua", held=1)

    def test_a_removed_recipient(self):
        self.runs("removed_recipient.lua", held=1)
