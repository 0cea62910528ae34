"""Postfix, the daemon and what happens to them in the course of the manual."""
import configparser
import datetime
import json
import os
import pathlib
import pwd
import re
import shutil
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(PROJECT / "tests" / "e2e"), str(PROJECT / "scripts")]

from harness import catalog, daemon, mta, places, postfix, sink, smtp  # noqa: E402
from quickstart import adapted  # noqa: E402

from . import mails, stand_ins  # noqa: E402

_STATE = "/var/lib/quarantine-milter"
_CONFIGURATION = "/etc/quarantine-milter/quarantine-milter.conf"
_TEMPLATES = "/usr/share/quarantine-milter/templates"
_SOCKET = "unix:/var/spool/postfix/quarantine-milter/milter.sock"
_ANCESTOR = "/var/lib/pyquarantine"
# Who plays the user quarantine-milter, whom not every machine has.
_USER = "nobody"

_WRAPPER = """\
#!/bin/sh
# The program with the configuration of this run, unless another one is named.
case "$1" in
-c) exec {program} "$@" ;;
setup) exec {program} -c {documented} "$@" ;;
*) exec {program} -c {configuration} "$@" ;;
esac
"""


class MailServer(postfix.Postfix):
    """Takes mail of strangers, and has two more ports at which mail is not taken."""

    def __init__(self, *arguments):
        self.full_port = places.free_port()
        self.refusing_port = places.free_port()
        # No option twice: each process would log that, and postlogd, which logs to itself, can come to a halt of it.
        super().__init__(*arguments, more="smtpd_authorized_xclient_hosts = 127.0.0.1\n"
                                          "everything = check_recipient_access static:OK, reject\n"
                                          "full_mailbox = check_recipient_access static:{452 4.2.2 Mailbox full},"
                                          " reject\n")

    def _services(self):
        first, _, others = super()._services().partition("\n")
        return "\n".join((
            f"{first} -o smtpd_relay_restrictions=$everything", others.rstrip("\n"),
            self._without_milters(self.full_port, "smtpd_recipient_restrictions=$full_mailbox"),
            self._without_milters(self.refusing_port, "smtpd_relay_restrictions=reject_unauth_destination"), ""))

    @staticmethod
    def _without_milters(port, option):
        return f"127.0.0.1:{port} inet n - n - - smtpd -o smtpd_milters= -o {option}"


class World:
    """What the commands of the manual meet. Scenes are its methods scene_*."""

    def __init__(self):
        self.folder = places.TempDir("manual")
        self.home = self.folder.folder("home")
        self.names = stand_ins.StandIns(datetime.datetime.now(datetime.timezone.utc))
        self._state = self.folder.folder("quarantine-milter")
        self._sink = sink.SmtpSink()
        self._silent = sink.SmtpSink()
        self._silent.answer("message", sink.DROP)
        self._nobody_port = places.free_port()
        milter = mta.MilterSocket(path=str(self.folder.folder("run") / "milter.sock"))
        self._postfix = MailServer(self.folder, milter, self._sink)
        self._daemon = daemon.Daemon(self.folder, {}, milter=milter, name="etc")
        self._daemon.catalog_file = self._state / "catalog.db"
        self._programs = places.TempDir("manual-bin", below=tempfile.gettempdir())  # /run may be mounted noexec
        self._wrapper = self._programs / "quarantinectl"
        # The project, and with it the programs, may lie where the daemon's user must not go.
        self._templates = self.folder.folder("templates")
        shutil.copytree(PROJECT / "templates", self._templates, dirs_exist_ok=True)
        self._documented = self._daemon.folder / "documented.conf"
        self._smtp_port = self._postfix.reinjection_port
        self._files = {}

    def begin(self):
        for name in ("virus", "spam", "spool"):
            self._make(self._state / name)
        for path in (self._state, pathlib.Path(self._daemon.milter.path).parent):
            shutil.chown(path, _USER)
        self._configure(self._smtp_port)
        self._documented.write_text(self._configuration({"global": {"socket": _SOCKET, "smtp_port": "10027"}}), "utf-8")
        programs = self._programs.folder("programs")
        for name in ("quarantine-milter", "quarantinectl", "quarantine-preview"):
            shutil.copy(daemon.program(name), programs / name)
        self._daemon.program = programs / "quarantine-milter"
        self._wrapper.write_text(_WRAPPER.format(program=programs / "quarantinectl", documented=self._documented,
                                                 configuration=self._daemon.file), "ascii")
        self._wrapper.chmod(0o755)
        self._name_things()
        self._daemon.start()
        self._postfix.start()
        self._night()

    @staticmethod
    def _make(path):
        path.mkdir(mode=0o700)
        shutil.chown(path, _USER)

    def end(self):
        self._postfix.stop()
        if self._daemon.process is not None:
            self._daemon.stop()
        self._daemon.close()
        self._sink.close()
        self._silent.close()
        self._programs.remove()
        self.folder.remove()

    def evidence(self):
        """For a run that came to an end too early."""
        return f"{self._daemon.log()[-4000:]}\n{self._postfix.log()[-4000:]}"

    def environment(self):
        return {"PATH": f"{self._wrapper.parent}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.home),
                "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1", "TZ": stand_ins.ZONE_NAME,
                **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}}

    # -- configuration --------------------------------------------------------------------------------

    def _configuration(self, more):
        """The one that the package installs, with its places moved into our folder."""
        text = (PROJECT / "conf" / "quarantine-milter.conf").read_text("utf-8")
        text = text.replace(_TEMPLATES, str(self._templates)).replace(_STATE, str(self._state))
        changes = {"global": {"socket": self._daemon.milter.for_libmilter(), "socket_mode": "0666", "socket_group": "",
                              "user": _USER, "smtp_host": "127.0.0.1",
                              "notification_email_from": "Mail quarantine <quarantine@our.example>",
                              "notification_domains": "our.example"},
                   "virus": {"action": "REJECT", "reject_reason": "A virus was found in this mail"}}
        for section, options in more.items():
            changes.setdefault(section, {}).update(options)
        return adapted(text, changes)

    def _configure(self, smtp_port):
        """For the program; the daemon keeps what it began with."""
        self._smtp_port = smtp_port
        self._daemon.write(self._configuration({"global": {"smtp_port": str(smtp_port)}}))
        shutil.chown(self._daemon.file, "root", pwd.getpwnam(_USER).pw_gid)

    def write_file(self, name, lines):
        """The administrator's copy of the configuration, with the options of the block and of those before it."""
        changed = self._files.setdefault(name, configparser.RawConfigParser())
        changed.read_string("\n".join(lines))
        sections = {section: dict(changed.items(section)) for section in changed.sections()}
        sections.setdefault("global", {}).setdefault("smtp_port", str(self._smtp_port))
        text = self.names.real(self._configuration(sections))
        (self.home / name).write_text(text, "utf-8")

    def _name_things(self):
        names = self.names
        names.add_text(self._daemon.file, _CONFIGURATION)
        names.add_text(self._documented, _CONFIGURATION)
        names.add_text(self._state, _STATE)
        names.add_text(self._templates, _TEMPLATES)
        names.add_text(self._daemon.milter.for_libmilter(), _SOCKET)
        names.add_text(self.folder / "pyquarantine", _ANCESTOR)
        names.add_text(f"user = {_USER}", "user = quarantine-milter")
        names.add_text(f"run it as root or as {_USER}", "run it as root or as quarantine-milter")
        names.add_text(f"that {_USER} may write: install -d -o {_USER} ",
                       "that quarantine-milter may write: install -d -o quarantine-milter ")
        for port in (self._postfix.reinjection_port, self._postfix.full_port, self._postfix.refusing_port,
                     self._silent.port, self._nobody_port):
            names.add_number(port, "10027")

    # -- mail -----------------------------------------------------------------------------------------

    def _night(self):
        known = set()
        for mail in mails.NIGHT:
            self._send(mail)
            new = [held for held in self._daemon.catalog().held() if held.id not in known]
            if len(new) != mail.held:
                raise RuntimeError(f"{mail.name}: held {len(new)} times")
            for held in new:
                known.add(held.id)
                self._note(mail, held)
        self.scene_notices_have_gone_out()

    def _note(self, mail, held):
        """From now on it is a message that came when the manual says."""
        self.names.add_id(held.id, mail.id or stand_ins.an_id(mail.minutes, mail.name))
        self.names.add_queue_id(held.queue_id)
        received = int(self.names.begun_minutes_ago(mail.minutes).timestamp()) * 1_000_000
        self._daemon.catalog().execute("UPDATE held_message SET received = ? WHERE id = ?", received, held.id)
        self._daemon.catalog().execute("UPDATE held_recipient SET changed = ? WHERE message = ?", received, held.id)

    def _send(self, mail):
        with smtp.Client(self._postfix.port) as client:
            name, address = mail.client
            client.command(f"XCLIENT NAME={'[UNAVAILABLE]' if name == 'unknown' else name} ADDR={address}")
            client.command(f"EHLO {name}")
            client.mail(mail.sender, mail.recipients, mail.data())

    def _named(self, mail):
        return next(held.id for held in self._daemon.catalog().held() if mail.sender == held.sender)

    def _import(self, old, quarantine="spam"):
        """Takes up a message of another time: its id."""
        name, metadata, data = old
        folder = self.folder.folder(name)
        (folder / name).write_bytes(data)
        (folder / f"{name}.metadata").write_text(json.dumps(metadata), "ascii")
        said = self._daemon.ctl().run("import", "pyquarantine", folder, "-q", quarantine, "--json")
        return said.json["imported"][0]["id"]

    # -- scenes ---------------------------------------------------------------------------------------

    def play(self, name):
        scene = getattr(self, "scene_" + re.sub(r"\W+", "_", name), None)
        if scene is None:
            raise RuntimeError(f"no scene is called {name!r}")
        scene()

    def scene_the_mail_server_is_well(self):
        self._configure(self._postfix.reinjection_port)

    def scene_the_mailbox_is_full(self):
        self._configure(self._postfix.full_port)

    def scene_relaying_is_refused(self):
        self._configure(self._postfix.refusing_port)

    def scene_the_mail_server_is_away(self):
        self._configure(self._nobody_port)

    def scene_the_connection_breaks_behind_the_last_byte(self):
        self._configure(self._silent.port)

    def scene_the_user_s_mailbox(self):
        for name, data in mails.in_a_mailbox():
            path = self.home / "Maildir" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def scene_the_folder_is_made(self):
        self._make(self._state / "invoices")

    def scene_mail_of_last_month(self):
        for days in (31, 33):
            self._import(mails.old(days))

    def scene_mail_of_the_ancestor(self):
        folder = self.folder.folder("pyquarantine")
        for name, metadata, data in mails.of_the_ancestor():
            (folder / name).write_bytes(data)
            (folder / f"{name}.metadata").write_text(json.dumps(metadata), "ascii")
        (folder / "20240301120900_4TmbZ92k1Zz").write_bytes(b"Subject: alone\n\n")

    def scene_rows_of_the_ancestor(self):
        catalog.add_whitelist(self._state / "whitelist.db", "whitelist", ("Ben@Partner.example", ""))

    def scene_the_disk_is_not_mounted(self):
        (self._state / "spam").rename(self._state / "spam.mounted")

    def scene_the_disk_is_mounted(self):
        (self._state / "spam.mounted").rename(self._state / "spam")

    def scene_a_file_is_deleted_and_a_row_is_missing(self):
        held = self._named(mails.VIRUS)
        self._import(mails.old(21), "virus")  # a folder with nothing left in it would be taken for one that is away
        next(self._state.rglob(f"{held}.eml")).unlink()
        lost = self._import(mails.old(20))
        self.names.add_id(lost, stand_ins.an_id(20 * 24 * 60, "lost"))
        self._daemon.catalog().execute("DELETE FROM held_recipient WHERE message = ?", lost)
        self._daemon.catalog().execute("DELETE FROM held_message WHERE id = ?", lost)

    def scene_notices_were_refused(self):
        self._daemon.catalog().execute("UPDATE notice SET state = 'refused', reply = '554 5.7.1 Relay access denied'")

    def scene_notices_have_gone_out(self):
        places.wait_until("the notices are sent", lambda: all(
            notice["state"] != "due" for notice in self._daemon.catalog().notices()), 30)
