"""What the systemd unit takes away is not missed."""
import email
import email.policy
import os
import pathlib
import shutil

from harness import daemon, mails, milter, processes
from harness.case import DaemonCase

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_UNIT = _ROOT / "systemd/quarantine-milter.service"
_WRAPPER = pathlib.Path(__file__).with_name("under_unit_filter.py")


class ShutInDaemon(daemon.Daemon):
    """Started as nobody, with the system calls that the unit allows and no others."""

    def launch(self, *more, before=(), **environment):
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        for name in ("quarantine-milter", "quarantine-preview"):
            shutil.copy(daemon.program(name), programs)
        for path in (self.folder, *self.folder.rglob("*")):
            shutil.chown(path, "nobody", "nogroup")
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "NOTIFY_SOCKET": self._notify.path,
               **environment}
        self.process = processes.Process(
            [*before, "/usr/bin/python3", _WRAPPER, _UNIT, programs / "quarantine-milter", "-c", self.file, *self.arguments],
            self._log, env=env)


class UnitFilterCase(DaemonCase):
    def test_a_mail_is_held_and_told_with_its_text(self):
        template = self.folder / "notice.html"
        template.write_text("<html><body>{EMAIL_HTML_TEXT}</body></html>", encoding="utf-8")
        made = ShutInDaemon(
            self.folder, {"spam": {"regex": "^X-Spam-Flag: YES", "notification_type": "EMAIL",
                                   "smtp_port": str(self.sink.port),
                                   "notification_email_from": "quarantine@our.example",
                                   "notification_email_subject": "Held",
                                   "notification_email_template": str(template)}}, {"user": None})
        self._started.append(made)
        self.addCleanup(made.close)
        made.start()
        self.assertEqual(os.stat(f"/proc/{made.process.pid}").st_uid, 65534)

        word = mails.token()
        message = mails.spam("Content-Type: text/html", body=f"<p>{word}</p>".encode())
        verdict = milter.judge(made.milter, "anna@shop.example", "user@our.example", message)
        self.assertEqual(verdict.letter, milter.DISCARD, verdict)
        notice = self.sink.wait_for("user@our.example")
        self.assertIn(word, email.message_from_bytes(notice.data, policy=email.policy.default)
                      .get_body(("html",)).get_content())
        self.assertNotIn("preview worker", made.log())
        self.assertEqual(made.stop()[0], 0)
