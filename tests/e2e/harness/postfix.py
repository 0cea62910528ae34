"""A private Postfix. The one of the system is not touched."""
import json
import os
import pathlib
import shutil
import subprocess

from . import mta, places, processes

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


# For loopback clients Postfix adds what a mail lacks and completes addresses, unless it is told not to. These
# lines take that back: the mail is edited as in a fresh installation.
EDITS = """\
local_header_rewrite_clients = permit_inet_interfaces
myorigin = edited.test.example
"""

_SUBMISSION = """\
127.0.0.1:{port} inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_milters=
  -o smtpd_tls_security_level=may
  -o smtpd_tls_cert_file={certificate}
  -o smtpd_tls_key_file={key}
  -o smtpd_tls_auth_only=yes
  -o smtpd_tls_loglevel=1
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_local_domain=mx.test.example
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""


class Postfix(mta.Mta):
    name = "Postfix"
    speaks_utf8 = True

    def __init__(self, folder, milter, sink, more="", services="", spool=None, shut_in=False, certificate=None,
                 logins=None):
        """`more`: further lines of main.cf; the last word on an option counts. `services`: further lines of
        master.cf. `spool`: the queue directory; with `shut_in` the SMTP server on `port` sees nothing but it. With
        a `certificate` (file, file of its key) there is a submission port too, without milters: it takes mail of
        the `logins` (user: password) only, and passwords over TLS only."""
        super().__init__(folder, milter, sink)
        self._more_services = services
        self._shut_in = shut_in
        self.submission_port = places.free_port() if certificate else None
        self._certificate = certificate
        self._etc = self.folder / "etc"
        self._log = self.folder / "postfix.log"
        for name in ("etc", "spool", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        settings = _MAIN_CF.format(folder=self.folder, spool=spool or self.folder / "spool", data=self.folder / "data",
                                   log=self._log, sink=sink.port)
        if milter:
            settings += f"smtpd_milters = {milter.for_postfix()}\n"
        if certificate:
            more += self._with_logins(logins or {})
        self._write_main_cf(settings + more)
        (self._etc / "master.cf").write_text(self._services(), encoding="ascii")

    def _write_main_cf(self, text):
        """One line for each option, the last word on it. Of an option that stands twice, every program of Postfix
        warns at its start, and the service that writes the log has been seen to hang on that."""
        lines = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name = line.split("=", 1)[0].strip()
                lines.pop(name, None)
                lines[name] = line
        # In one step: a program of Postfix that starts at this moment reads the one or the other.
        draft = self._etc / "main.cf.new"
        draft.write_text("\n".join(lines.values()) + "\n", encoding="utf-8")
        draft.rename(self._etc / "main.cf")

    def _with_logins(self, logins):
        """Passwords in a database of their own, where Cyrus SASL looks them up. Debian's Postfix reads smtpd.conf in
        the folder `sasl` beside main.cf, others where cyrus_sasl_config_path says."""
        sasl = self._etc / "sasl"
        sasl.mkdir()
        database = self.folder / "sasldb2"
        (sasl / "smtpd.conf").write_text(f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {database}\n"
                                         "mech_list: PLAIN LOGIN\n", encoding="ascii")
        for user, password in logins.items():
            processes.run(["saslpasswd2", "-p", "-c", "-f", database, "-u", "mx.test.example", user],
                          stdin=password.encode())
            shutil.chown(database, "postfix")
        return f"cyrus_sasl_config_path = {sasl}\n"

    def _services(self):
        """Debian's list of services without chroot, with our SMTP ports in place of the usual ones."""
        lines = [f"127.0.0.1:{self.port} inet n - {'y' if self._shut_in else 'n'} - - smtpd",
                 f"127.0.0.1:{self.reinjection_port} inet n - n - - smtpd -o smtpd_milters="]
        for line in pathlib.Path("/usr/share/postfix/master.cf.dist").read_text("ascii").splitlines():
            fields = line.split()
            if len(fields) < 8 or line[0] in "# \t" or fields[1] == "inet":
                continue
            fields[4] = "n"
            lines.append(" ".join(fields))
        if self._certificate:
            certificate, key = self._certificate
            lines.append(_SUBMISSION.format(port=self.submission_port, certificate=certificate, key=key).rstrip())
        return "\n".join(lines) + "\n" + self._more_services

    def start(self):
        mta.note_seen(type(self))
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}
        processes.run(["postfix", "-c", self._etc, "check"], env=environment)
        # Not "postfix start": the master process itself, in the foreground, is our child.
        environment["MAIL_CONFIG"] = str(self._etc)
        self.process = processes.Process(["/usr/lib/postfix/sbin/master", "-c", self._etc], self.folder / "output",
                                         env=environment)
        self.wait_ready()

    def complaints(self):
        """What its own programs have to say against its configuration."""
        text = ""
        for command in (["postfix", "-c", self._etc, "check"], ["postconf", "-c", self._etc, "-n"],
                        ["postconf", "-c", self._etc, "-M"], ["postconf", "-c", self._etc, "-P"]):
            done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, timeout=60)
            text += done.stderr.decode("utf-8", "backslashreplace")
        return text

    def write(self, **options):
        """Changes main.cf, for the next start."""
        text = (self._etc / "main.cf").read_text("utf-8")
        self._write_main_cf(text + "".join(f"{name} = {value}\n" for name, value in options.items()))

    def set(self, **options):
        """Changes main.cf and makes the running server read it."""
        self.write(**options)
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
