"""A private Postfix. The one of the system is not touched."""
import json
import os
import pathlib
import shutil

from . import mta, processes

_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {spool}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
maillog_file = {log}
maillog_file_prefixes = {folder}
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtp_host_lookup = native
alias_maps =
alias_database =
smtp_tls_security_level = none
default_transport = smtp:[127.0.0.1]:{sink}
default_destination_concurrency_limit = 20
milter_default_action = tempfail
milter_connect_timeout = 10s
non_smtpd_milters =
smtpd_milters = {milter}
# Nothing between client, milter and sink may change a byte.
message_size_limit = 60000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
local_header_rewrite_clients =
always_add_missing_headers = no
cleanup_replace_stray_cr_lf = no
disable_mime_output_conversion = yes
smtp_line_length_limit = 0
smtp_skip_5xx_greeting = no
# A mail that the sink puts off is tried again at once, not after five minutes.
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""


class Postfix(mta.Mta):
    name = "Postfix"
    speaks_utf8 = True

    def __init__(self, folder, milter, sink, more=""):
        """`more`: further lines of main.cf; the last word on an option counts."""
        super().__init__(folder, milter, sink)
        self._etc = self.folder / "etc"
        self._log = self.folder / "postfix.log"
        for name in ("etc", "spool", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        settings = _MAIN_CF.format(folder=self.folder, spool=self.folder / "spool", data=self.folder / "data",
                                   log=self._log, sink=sink.port, milter=milter.for_postfix() if milter else "")
        (self._etc / "main.cf").write_text(settings + more, encoding="utf-8")
        (self._etc / "master.cf").write_text(self._services(), encoding="ascii")

    def _services(self):
        """Debian's list of services without chroot, with our two SMTP ports in place of the usual ones."""
        lines = [f"127.0.0.1:{self.port} inet n - n - - smtpd",
                 f"127.0.0.1:{self.reinjection_port} inet n - n - - smtpd -o smtpd_milters="]
        for line in pathlib.Path("/usr/share/postfix/master.cf.dist").read_text("ascii").splitlines():
            fields = line.split()
            if len(fields) < 8 or line[0] in "# \t" or fields[1] == "inet":
                continue
            fields[4] = "n"
            lines.append(" ".join(fields))
        return "\n".join(lines) + "\n"

    def start(self):
        mta.note_seen(type(self))
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}
        processes.run(["postfix", "-c", self._etc, "check"], env=environment)
        # Not "postfix start": the master process itself, in the foreground, is our child.
        environment["MAIL_CONFIG"] = str(self._etc)
        self.process = processes.Process(["/usr/lib/postfix/sbin/master", "-c", self._etc], self.folder / "output",
                                         env=environment)
        self.wait_ready()

    def set(self, **options):
        """Changes main.cf and makes the running server read it."""
        with open(self._etc / "main.cf", "a", encoding="utf-8") as file:
            file.writelines(f"{name} = {value}\n" for name, value in options.items())
        processes.run(["postfix", "-c", self._etc, "reload"])

    @classmethod
    def version(cls):
        return processes.run(["postconf", "-d", "-h", "mail_version"]).strip()

    def _listed(self):
        text = processes.run(["postqueue", "-c", self._etc, "-j"])
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def queue(self):
        return [mail for mail in self._listed() if mail["queue_name"] != "hold"]

    def on_hold(self):
        return [mta.HeldInQueue(mail["queue_id"], [r["address"] for r in mail["recipients"]])
                for mail in self._listed() if mail["queue_name"] == "hold"]

    def flush(self):
        processes.run(["postqueue", "-c", self._etc, "-f"])

    def log(self):
        text = ""
        for path in (self.folder / "output", self._log):
            if os.path.exists(path):
                text += path.read_text("utf-8", "backslashreplace")
        return text
