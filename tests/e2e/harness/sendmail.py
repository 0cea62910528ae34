"""A private sendmail, unpacked from its packages and never installed (it conflicts with Postfix)."""
import os
import pathlib
import re

from . import mta, processes

_PROJECT = pathlib.Path(__file__).resolve().parents[3]

# In m4's quotes, because a comma or a name that m4 knows might stand in a path.
_MC = """\
divert(-1)dnl
include(`{cf}/m4/cf.m4')dnl
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `sm.test.example')dnl
define(`QUEUE_DIR', `{folder}/q')dnl
define(`confPID_FILE', `{folder}/sendmail.pid')dnl
define(`STATUS_FILE', `{folder}/statistics')dnl
define(`HELP_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`confTO_IDENT', `0')dnl
define(`confTO_QUEUERETURN', `1h')dnl
define(`confMIN_QUEUE_AGE', `0')dnl
define(`confTRY_NULL_MX_LIST', `True')dnl
define(`confBIND_OPTS', `')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/service.switch')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confDELIVERY_MODE', `background')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confMAX_DAEMON_CHILDREN', `0')dnl
define(`confBAD_RCPT_THROTTLE', `0')dnl
define(`confLOG_LEVEL', `14')dnl
define(`confMILTER_LOG_LEVEL', `14')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,IncludeFileInUnsafeDirPath')dnl
define(`confTRUSTED_USER', `root')dnl
define(`confMAX_HEADERS_LENGTH', `0')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`MAIL_HUB', `relay:[127.0.0.1]')dnl
define(`LOCAL_RELAY', `relay:[127.0.0.1]')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA,Family=inet,Addr=127.0.0.1,Port={port}{filters}')dnl
DAEMON_OPTIONS(`Name=Reinjection,Family=inet,Addr=127.0.0.1,Port={reinjection}')dnl
{milter}
MAILER(`smtp')dnl
"""

# With an unqualified host name sendmail sleeps for a minute at its start; so it gets names of its own, in
# namespaces of its own. Arguments: folder, then the command.
_IN_NAMESPACE = """
hostname sm.test.example
mount --bind "$1/hosts" /etc/hosts
mount --bind "$1/resolv.conf" /etc/resolv.conf
shift
exec "$@"
"""


def root():
    """The folder with the unpacked packages; scripts/install-dependencies test makes it."""
    folder = pathlib.Path(os.environ.get("QM_SENDMAIL_ROOT") or _PROJECT / "build" / "cache" / "sendmail")
    if not (folder / "usr/libexec/sendmail/sendmail").exists():
        raise RuntimeError(f"no sendmail in {folder}: run scripts/install-dependencies test")
    return folder


class Sendmail(mta.Mta):
    name = "sendmail"

    def __init__(self, folder, milter, sink, more=""):
        """`more`: further lines of sendmail.mc."""
        super().__init__(folder, milter, sink)
        self._program = root() / "usr/libexec/sendmail/sendmail"
        cf = root() / "usr/share/sendmail/cf"
        (self.folder / "q").mkdir(mode=0o700)
        filters, line = "", ""
        if milter:
            filters = ",InputMailFilters=quarantine"
            line = (f"MAIL_FILTER(`quarantine', `S={milter.for_sendmail()}, F=T, "
                    "T=C:10s;S:10s;R:30s;E:5m')dnl")
        (self.folder / "sendmail.mc").write_text(_MC.format(
            cf=cf, folder=self.folder, sink=sink.port, port=self.port, reinjection=self.reinjection_port,
            filters=filters, milter=line + more), encoding="utf-8")
        (self.folder / "service.switch").write_text("hosts files\naliases files\n", encoding="ascii")
        (self.folder / "hosts").write_text("127.0.0.1 sm.test.example sm localhost\n", encoding="ascii")
        (self.folder / "resolv.conf").write_text("", encoding="ascii")
        compiled = processes.run(["m4", f"-D_CF_DIR_={cf}/", self.folder / "sendmail.mc"])
        (self.folder / "sendmail.cf").write_text(compiled, encoding="utf-8")

    def _command(self, *args):
        return ["unshare", "--uts", "--mount", "sh", "-euc", _IN_NAMESPACE, "sh", str(self.folder),
                str(self._program), "-C", str(self.folder / "sendmail.cf"), *args]

    def start(self):
        mta.note_seen(type(self))
        traffic = self.folder / "traffic"
        self.process = processes.Process(self._command("-bD", "-L", "sm-test", "-X", str(traffic)),
                                         self.folder / "output")
        self.wait_ready()

    @classmethod
    def version(cls):
        program = (root() / "usr/libexec/sendmail/sendmail").read_bytes()
        return re.search(rb"\0(8\.\d+\.\d+(?:\.\d+)?)\0", program).group(1).decode()

    def _files(self, prefix):
        return [name for name in os.listdir(self.folder / "q") if name.startswith(prefix)]

    def queue(self):
        # df holds the body, hf is the envelope of a quarantined mail, anything else is a mail under way.
        on_hold = {name[2:] for name in self._files("hf")}
        return [name for name in os.listdir(self.folder / "q") if name[2:] not in on_hold]

    def on_hold(self):
        found = []
        for name in self._files("hf"):
            text = (self.folder / "q" / name).read_text("utf-8", "surrogateescape")
            recipients = re.findall(r"(?m)^R[^:\n]*:<?(.*?)>?$", text)
            found.append(mta.HeldInQueue(name[2:], recipients))
        return found

    def flush(self):
        processes.run(self._command("-q"))

    def log(self):
        """sendmail itself logs to syslog only; what it wrote and read is in a file."""
        text = ""
        for name in ("output", "traffic"):
            path = self.folder / name
            if path.exists():
                text += path.read_text("utf-8", "backslashreplace")[-20000:]
        return text
