"""quarantinectl setup: what it prints works in a real mail server, as it stands."""
import os
import re
import shutil

from harness import mails, mounts, places, postfix, sendmail
from harness.case import DaemonCase, without_top_field
from harness.mta import MilterSocket

SENDER = "anna@shop.example"
RULES = {"spam": {"regex": "^X-Spam-Flag: YES"}}


class SetupBase(DaemonCase):
    def printed(self, server, listening, **options):
        """A configured daemon with this socket, and what is printed for it: (daemon, text)."""
        self.desk = self.new_daemon(RULES, {"smtp_port": str(places.free_port()), "log_level": "info", **options},
                                    milter=listening)
        return self.ctl(self.desk, "setup", server).text

    def works(self, server):
        """Mail is held through it, and released past the milter."""
        self.addCleanup(server.stop)
        self.desk.start()
        self.addCleanup(self._stopped_well, self.desk)
        server.start()
        recipient, allowed, message = f"{mails.token()}@our.example", f"{mails.token()}@our.example", mails.spam()
        self.assertEqual(server.send(SENDER, allowed, mails.mail()).code, 250)
        self.assertEqual(server.send(SENDER, recipient, message).code, 250)
        self.sink.wait_for(allowed)
        server.wait_idle()
        self.assertEqual(self.sink.mails(recipient), [])
        held, = self.desk.catalog().held()
        return held, recipient, message


class SetupForPostfixCase(SetupBase):
    @classmethod
    def setUpClass(cls):
        mounts.leave_for_private_mounts()
        super().setUpClass()

    def parts(self, text):
        """What belongs into main.cf and what into master.cf, each as it stands."""
        main, master = re.split(r"(?m)^# /etc/postfix/master\.cf", text)
        return main, "# " + master

    def with_postfix(self, text, **more):
        main, master = self.parts(text)
        folder = places.TempDir("setup", below=self.folder.path)
        server = postfix.Postfix(folder, None, self.sink, more=main, services=master, **more)
        self.assertEqual(server.complaints(), "")
        return server

    def passes_the_reinjection_port(self, server, held, recipient, message):
        self.ctl(self.desk, "release", held.id)
        self.assertEqual(without_top_field(self.sink.wait_for(recipient).data, b"Received"), message)
        self.assertIn("postfix/reinject/smtpd", server.log())
        self.assertNotIn("own-mail-passed", self.desk.log())

    def test_debians_postfix_shut_in_its_spool(self):
        mounts.mount_memory("/var/spool/postfix")
        self.addCleanup(mounts.unmount, "/var/spool/postfix")
        path = "/var/spool/postfix/quarantine-milter/milter.sock"
        text = self.printed("postfix", MilterSocket(path=path), socket_group="postfix", socket_mode="0660")
        self.assertIn("unix:quarantine-milter/milter.sock", text)
        server = self.with_postfix(text, spool="/var/spool/postfix", shut_in=True)
        # The folder as the text says, but for the user, who is not on this machine.
        command = re.search(r"install -d -o (\S+) -g (\S+) -m (\d+) (\S+)", text)
        self.assertEqual((command[2], command[4]), ("postfix", os.path.dirname(path)))
        os.mkdir(command[4])
        shutil.chown(command[4], "root", command[2])
        os.chmod(command[4], int(command[3], 8))
        held, recipient, message = self.works(server)
        self.passes_the_reinjection_port(server, held, recipient, message)

    def test_a_socket_elsewhere_for_a_postfix_that_is_not_shut_in(self):
        socket = MilterSocket(path=str(self.folder.folder(mails.token()) / "sock"))
        text = self.printed("postfix", socket)
        self.assertIn(f"unix:{socket.path}", text)
        self.assertIn("chroot", text)
        server = self.with_postfix(text)
        self.passes_the_reinjection_port(server, *self.works(server))

    def test_tcp(self):
        for host, written in (("127.0.0.1", "inet:127.0.0.1:{port}"), ("::1", "inet6:{port}@::1")):
            with self.subTest(written):
                self.sink.reset()
                socket = MilterSocket(host=host, port=places.free_port(host))
                text = self.printed("postfix", socket, socket=written.format(port=socket.port))
                server = self.with_postfix(text)
                server.write(inet_protocols="all")
                self.works(server)
                server.stop()
                self.desk.stop()

    def test_the_default_configuration_names_a_port_of_its_own(self):
        text = self.printed("postfix", MilterSocket(path="/var/spool/postfix/quarantine-milter/milter.sock"),
                            smtp_port="25")
        self.assertIn("smtp_port = 10027", text)
        self.assertIn("127.0.0.1:10027 inet n ", text)


class SetupForSendmailCase(SetupBase):
    def test_the_snippet_builds_and_works(self):
        socket = MilterSocket(path=str(self.folder.folder(mails.token()) / "sock"))
        text = self.printed("sendmail", socket)
        server = sendmail.Sendmail(self.folder, None, self.sink, more=text)
        self.assertIn("quarantine-milter", (server.folder / "sendmail.cf").read_text("utf-8"))
        # Released through the port for everybody: it is known as ours.
        self.desk.configure(RULES, {"smtp_port": str(server.port), "log_level": "info"})
        held, recipient, message = self.works(server)
        self.ctl(self.desk, "release", held.id)
        self.sink.wait_for(recipient)
        self.assertIn("own-mail-passed", self.desk.log())
        self.assertIn(message, self.sink.mails(recipient)[0].data)

    def test_the_ports_that_it_proposes_build_and_work(self):
        """The other way that the text names: filters at one port, another port without."""
        socket = MilterSocket(path=str(self.folder.folder(mails.token()) / "sock"))
        text = self.printed("sendmail", socket)
        proposed = re.findall(r"(?m)^dnl\s+((?:MAIL_FILTER|DAEMON_OPTIONS)\(.*)$", text)
        self.assertEqual(len(proposed), 3)
        smtp_port = places.free_port()
        lines = "\n".join(proposed).replace("Port=smtp,", f"Addr=127.0.0.1, Port={smtp_port},")
        server = sendmail.Sendmail(places.TempDir("ports", below=self.folder.path), None, self.sink, more=lines)
        server.port = smtp_port
        held, recipient, message = self.works(server)
        self.ctl(self.desk, "release", held.id)
        self.assertIn(message, self.sink.wait_for(recipient).data)
        self.assertNotIn("own-mail-passed", self.desk.log())

    def test_the_shipped_line_is_printed_for_the_usual_socket(self):
        text = self.printed("sendmail", MilterSocket(path="/run/quarantine-milter/milter.sock"))
        self.assertIn("INPUT_MAIL_FILTER(`quarantine-milter', `S=local:/run/quarantine-milter/milter.sock, F=T, "
                      "T=C:30s;S:4m;R:4m;E:10m')dnl", text)
