"""quarantinectl preview: what a notice would show; for anybody, of any bytes, without a configuration."""
import base64
import os
import random
import shutil
import subprocess
import time

from harness import ctl, mails
from harness.case import DaemonCase
from harness.daemon import program

KEYS = {"subject", "from", "text", "html", "charset", "filenames", "attachments"}
RUNS = 40


class PreviewCase(DaemonCase):
    """Everything runs as nobody, from a folder with nothing in it but the program and its worker."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls.folder / "quarantinectl"
        shutil.copy(program("quarantinectl"), cls.program)
        cls.program.chmod(0o755)
        shutil.copy(program("quarantine-preview"), cls.folder / "quarantine-preview")
        (cls.folder / "quarantine-preview").chmod(0o755)
        cls.nobodys = ctl.Ctl(cls.program)

    def preview(self, data, *arguments, code=0, **more):
        said = self.nobodys.run("preview", *arguments, "-", stdin=data, user="nobody", **more)
        self.assertEqual(said.code, code, said)
        # That would be an answer, too: of a worker that has died.
        self.assertNotIn(b"This message cannot be shown", said.out)
        return said

    def json(self, data, **more):
        said = self.preview(data, "--json", **more).json
        self.assertEqual(set(said), KEYS)
        return said

    def test_json_says_what_a_notice_would_show(self):
        said = self.json(mails.with_attachment(size=1000))
        self.assertEqual(said["filenames"], ["invoice.pdf"])
        attachment, = said["attachments"]
        self.assertEqual((attachment["name"], attachment["type"]), ("invoice.pdf", "application/pdf"))
        self.assertIn("The attachment.", said["text"])
        self.assertIn("<b>attachment</b>", said["html"])
        self.assertEqual(said["charset"].lower(), "utf-8")
        self.assertIn("anna@shop.example", said["from"])

    def test_a_file_does_as_well_as_standard_input(self):
        path = self.folder / "mail.eml"
        path.write_bytes(mails.mail(subject="from a file"))
        path.chmod(0o644)
        said = self.nobodys.run("preview", path, user="nobody")
        self.assertEqual((said.code, said.out), (0, self.preview(path.read_bytes()).out))
        self.assertIn("from a file", said.text)
        path.chmod(0o600)
        self.assertEqual(self.nobodys.run("preview", path, user="nobody").code, 77)
        path.unlink()
        said = self.nobodys.run("preview", path, user="nobody")
        self.assertNotEqual(said.code, 0)
        self.assertIn(str(path), said.errors)

    def test_no_configuration_is_read(self):
        for file in ("/nonexistent/configuration", self.folder):
            said = ctl.Ctl(self.program, file).run("preview", "-", stdin=mails.mail(), user="nobody")
            self.assertEqual(said.code, 0, said)

    def test_charsets(self):
        for charset, text in (("windows-1251", "Съешь ещё"), ("utf-16", "Grüße 東京"), ("utf-16le", "Grüße"),
                              ("iso-2022-jp", "東京"), ("gb18030", "你好"), ("koi8-r", "мягких"), ("iso-8859-15", "10 €"),
                              ("utf-8", "😀 Grüße"), ("shift_jis", "テスト"), ("big5", "中文"), ("cp437", "é")):
            with self.subTest(charset):
                body = base64.encodebytes(text.encode(charset)).replace(b"\n", b"\r\n")
                message = mails.mail(f"Content-Type: text/plain; charset={charset}",
                                     "Content-Transfer-Encoding: base64",
                                     body=body)
                self.assertEqual(self.json(message)["text"].strip(), text)

    def test_headers_are_decoded(self):
        said = self.json(mails.mail("Content-Type: application/x; name*=utf-8''r%C3%A9sum%C3%A9.pdf",
                                    subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?windows-1251?b?0fro+Pw=?="))
        self.assertEqual(said["subject"], "Grüße" + b"\xd1\xfa\xe8\xf8\xfc".decode("cp1251"))
        self.assertEqual(said["filenames"], ["résumé.pdf"])

    def test_html_alone_is_sanitized_to_a_fragment(self):
        said = self.preview(b'<p onclick="x()">Hello <b>you</b><script>alert(1)</script><img src="http://t.example/x">'
                            b'<a href="javascript:alert(2)">here</a><style>x</style></p><iframe src=x></iframe>',
                            "--html")
        for never in ("<script", "alert", "onclick", "<iframe", "<style", "http://t.example/x\"", "javascript:",
                      "<html",
                      "<body"):
            self.assertNotIn(never, said.text.lower())
        self.assertIn("<b>you</b>", said.text)
        # What comes out needs no second cleaning.
        again = self.preview(said.out, "--html")
        self.assertEqual(again.text.strip(), said.text.strip())
        self.assertEqual(self.preview(b"<b>x</b>", "--html", "--json").json["html"].strip(), "<b>x</b>")

    def test_random_bytes_give_an_answer(self):
        for number in range(RUNS):
            data = os.urandom(random.choice((0, 1, 2, 100, 5000, 100_000)))
            for arguments in ((), ("--json",), ("--html",)):
                self.preview(data, *arguments)
            if number % 4 == 0:
                self.json(data)

    def test_broken_mails_give_an_answer(self):
        whole = [mails.with_attachment(size=3000),
                 mails.mail("Content-Type: text/html; charset=utf-7", body=b"+ADw-b+AD4-x"),
                 mails.mail("Content-Type: multipart/mixed; boundary=x", body=b"--x\r\n" * 300),
                 mails.mail("Content-Type: message/rfc822", body=mails.mail("Content-Type: text/html",
                                                                            body=b"<div>" * 500))]
        for number in range(RUNS):
            data = bytearray(random.choice(whole))
            for _ in range(random.randrange(1, 30)):
                place = random.randrange(len(data) + 1)
                data[place:place + random.choice((0, 1, 1, 1, 50))] = os.urandom(random.choice((0, 1, 1, 2)))
            self.json(bytes(data[:random.choice((len(data), random.randrange(len(data) + 1)))]))

    def test_no_mail_takes_long(self):
        for what, data in (
                ("nested", mails.mail("Content-Type: text/html", body=b"<div>" * 100_000)),
                ("attributes", mails.mail("Content-Type: text/html", body=b"<p " + b"".join(
                    b"a%d=1 " % n for n in range(20_000)) + b">x</p>")),
                ("parts", mails.mail("Content-Type: multipart/mixed; boundary=x", body=b"--x\r\n\r\nx\r\n" * 50_000)),
                ("nested parts", b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
                                          for n in range(2000))),
                ("one line", mails.mail(body=b"x" * 30_000_000)),
                ("headers", b"X: " + b"y" * 10_000_000 + b"\r\n\r\nHello\r\n"),
                ("many headers", b"X-A: b\r\n" * 500_000 + b"\r\nHello\r\n")):
            with self.subTest(what):
                began = time.monotonic()
                self.json(data)
                self.assertLess(time.monotonic() - began, 20)

    def test_the_daemons_configuration_decides_nothing_for_root_either(self):
        made = self.new_daemon({"spam": {"regex": "^X: "}}, {"user": "no-such-user"})
        said = made.ctl().run("preview", "-", stdin=mails.mail())
        self.assertEqual(said.code, 0, said)

    def test_a_program_that_reads_no_more_is_no_trouble(self):
        data = mails.mail(body=b"line of text\r\n" * 20_000)
        done = subprocess.run(["sh", "-c", f"{self.program} preview - | head -c 10 >/dev/null"], input=data,
                              stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.stderr, b"")
