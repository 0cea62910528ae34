"""Builds the mails that the tests send: CRLF line ends, exactly the bytes asked for."""
import base64
import itertools
import os

_number = itertools.count(1)


def token():
    """A word that no other mail of this run contains."""
    return f"tkn{os.getpid()}x{next(_number)}y"


def mail(*headers, body=b"Hello.\r\n", sender="anna@shop.example", to="user@our.example", subject=None, word=None):
    """A well-formed mail with further header lines (str or bytes, without CRLF, may hold folds)."""
    word = word or token()
    lines = [f"From: Anna <{sender}>", f"To: {to}", f"Subject: {subject or 'Invoice ' + word}",
             "Date: Sat, 21 Nov 2026 10:00:00 +0000", f"Message-ID: <{word}@shop.example>"]
    if b"charset" not in body and not any(_text(h).lower().startswith("content-type") for h in headers):
        lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    raw = b"".join(_bytes(line) + b"\r\n" for line in [*lines, *headers])
    return raw + b"\r\n" + body


SPAM = "X-Spam-Flag: YES"


def spam(*headers, **more):
    """A mail that the rule of most tests holds."""
    return mail(SPAM, *headers, **more)


def with_attachment(size=200_000, word=None):
    """A multipart mail of text, HTML and an attachment of `size` bytes, flagged as spam."""
    content = base64.encodebytes(bytes(i * 7 % 256 for i in range(size))).replace(b"\n", b"\r\n")
    body = (b"This is a message in MIME format.\r\n"
            b"--=_outer\r\nContent-Type: multipart/alternative; boundary=\"=_inner\"\r\n\r\n"
            b"--=_inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSee the attachment.\r\n"
            b"--=_inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>The <b>attachment</b>.</p>\r\n"
            b"--=_inner--\r\n"
            b"--=_outer\r\nContent-Type: application/pdf; name=\"invoice.pdf\"\r\n"
            b"Content-Transfer-Encoding: base64\r\n"
            b"Content-Disposition: attachment;\r\n\tfilename=\"invoice.pdf\"\r\n\r\n"
            + content + b"--=_outer--\r\n")
    return spam("MIME-Version: 1.0", 'Content-Type: multipart/mixed;\r\n boundary="=_outer"', body=body, word=word)


def _bytes(line):
    return line if isinstance(line, bytes) else line.encode("utf-8")


def _text(line):
    return line if isinstance(line, str) else line.decode("utf-8", "backslashreplace")
