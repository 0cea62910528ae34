#!/usr/bin/env python3
"""Reads the notices about hostile mail with Python's email package and compares them with what GMime reads and with
what went into them. Usage: compare_notices.py WRITE_NOTICES [FOLDER]; exit 1 and a line for each difference."""
import base64
import binascii
import email
import email.header
import email.policy
import email.utils
import json
import pathlib
import re
import subprocess
import sys
import tempfile

FIELDS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
          "Content-Type"]
PART_FIELDS = {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-Id"}
MULTIPARTS = ("multipart/alternative", "multipart/related")
ENCODINGS = {"text": ("quoted-printable", "base64"), "image": ("base64",)}
QUOTED = re.compile(rb"(?:[\t\x20-\x3C\x3E-\x7E]|=[0-9A-F]{2})*=?")
ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[QBqb]\?[^?\s]*\?=")
LINE = 998
HEADER_LINE = 78
ENCODED_WORD_LENGTH = 75


def wire_problems(data: bytes):
    """RFC 5321, section 4.5.3.1.6, and RFC 5322, section 2.1.1."""
    if any(byte > 126 or (byte < 32 and byte not in b"\t\r\n") for byte in data):
        yield "a byte that is not printable ASCII"
    if not data.endswith(b"\r\n"):
        yield "no line end at the end"
    if b"\r" in data.replace(b"\r\n", b"") or b"\n" in data.replace(b"\r\n", b""):
        yield "a bare CR or LF"
    lines = data.split(b"\r\n")
    header = lines[:lines.index(b"")]
    yield from (f"a line of {len(line)} bytes" for line in lines if len(line) > LINE)
    for line in header:
        # What has no blank inside cannot be folded.
        if len(line) > HEADER_LINE and b" " in line.strip().split(b": ", 1)[-1]:
            yield f"a header line of {len(line)} bytes: {line[:100]!r}"
        if line.strip() == b"":
            yield "a header line of blanks"
        for word in ENCODED_WORD.findall(line.decode("latin-1")):
            if len(word) > ENCODED_WORD_LENGTH:
                yield f"an encoded word of {len(word)} characters"


def field_problems(mail):
    names = [name for name in mail.keys()]
    if sorted(names) != sorted(FIELDS):
        yield f"has the fields {names}"
    if mail["MIME-Version"] != "1.0" or mail["Auto-Submitted"] != "auto-generated":
        yield "an automatic field has another value"
    for part in mail.walk():
        yield from (f"{part.get_content_type()}: {defect!r}" for defect in part.defects)
        for name, value in part.items():
            yield from (f"{name}: {defect!r}" for defect in getattr(value, "defects", []))
        if part is not mail and (set(part.keys()) - PART_FIELDS or len(part.keys()) != len(set(part.keys()))):
            yield f"{part.get_content_type()} has the fields {part.keys()}"


def encoding_problems(part):
    encoding = part["Content-Transfer-Encoding"]
    if part.is_multipart():
        if encoding is not None or part.get_content_type() not in MULTIPARTS:
            yield f"{part.get_content_type()} is encoded as {encoding}"
        return
    if str(encoding) not in ENCODINGS[part.get_content_maintype()]:
        yield f"{part.get_content_type()} is encoded as {encoding}"
    raw = part.get_payload().encode("ascii")
    if encoding == "base64":
        try:
            base64.b64decode(raw.replace(b"\r\n", b""), validate=True)
        except binascii.Error as error:
            yield f"base64: {error}"
    else:
        for line in raw.split(b"\r\n"):
            if not QUOTED.fullmatch(line) or line.endswith((b" ", b"\t")):
                yield f"no quoted-printable: {line[:100]!r}"
    limit = 76
    yield from (f"an encoded line of {len(line)}" for line in raw.split(b"\r\n") if len(line) > limit)


def facts_of_part(part, depth):
    facts = {"type": part.get_content_type(), "depth": depth}
    if part.is_multipart():
        return facts
    data = part.get_payload(decode=True)
    facts["charset"] = part.get_content_charset("")
    facts["encoding"] = str(part["Content-Transfer-Encoding"])
    facts["disposition"] = part.get_content_disposition() or ""
    facts["filename"] = part.get_filename("")
    facts["content_id"] = str(part["Content-Id"] or "").strip("<>")
    if part.get_content_maintype() == "text":
        facts["text"] = data.replace(b"\r\n", b"\n").decode("utf-8")
    else:
        # As the program writes it: bytes are signed there.
        facts["bytes"] = [byte - 256 if byte > 127 else byte for byte in data]
    return facts


def facts_of_parts(part, depth=0):
    yield facts_of_part(part, depth)
    if part.is_multipart():
        for inner in part.iter_parts():
            yield from facts_of_parts(inner, depth + 1)


def name_of(name: str, field: str, phrase: str) -> str:
    """The display name as the package reads it. Python before 3.11.10 keeps the blank between two encoded words of a
    name (RFC 2047, section 6.2: it is not shown), so where there are two its older reader is asked as well."""
    if len(ENCODED_WORD.findall(field)) < 2:
        return name
    shown = str(email.header.make_header(email.header.decode_header(phrase)))
    if name.replace(" ", "") != shown.replace(" ", ""):
        raise ValueError(f"Python reads {name!r} and {shown!r}")
    return shown


def facts_of(mail, old):
    sender, = mail["From"].addresses
    recipient, = mail["To"].groups
    named = recipient.display_name is not None
    sender_name = name_of(sender.display_name, old["From"], email.utils.parseaddr(old["From"])[0])
    return {
        "from": [sender_name, sender.addr_spec],
        "to": "" if named else recipient.addresses[0].addr_spec,
        "to_group": name_of(recipient.display_name, old["To"], old["To"].removesuffix(" :;")) if named else "",
        "subject": str(mail["Subject"]),
        "date": int(mail["Date"].datetime.timestamp()),
        "message_id": str(mail["Message-ID"]).strip("<>"),
        "parts": list(facts_of_parts(mail)),
    }


def shorten(value):
    text = repr(value)
    return text if len(text) < 400 else text[:300] + "..."


def differences(ours, theirs, what):
    for key, value in theirs.items():
        if key in ours and ours[key] != value:
            yield f"{key} is {shorten(ours[key])}, {what}: {shorten(value)}"


def problems(data: bytes, facts: dict):
    yield from wire_problems(data)
    if "error" in facts["gmime"]:
        yield f"GMime: {facts['gmime']['error']}"
        return
    for policy in (email.policy.default, email.policy.SMTP):
        mail = email.message_from_bytes(data, policy=policy)
        yield from field_problems(mail)
        for part in mail.walk():
            yield from encoding_problems(part)
        ours = facts_of(mail, email.message_from_bytes(data, policy=email.policy.compat32))
        for number, (here, there) in enumerate(zip(ours["parts"], facts["gmime"]["parts"])):
            yield from differences(here, there, f"part {number} by GMime")
        yield from differences(ours, facts["gmime"], "by GMime")
        expected = facts["expected"]
        yield from differences(ours, expected, "expected")
        for part in ours["parts"]:
            if part["type"].startswith("text/") and "text" in expected and part["text"] != expected["text"]:
                yield f"{part['type']} is {shorten(part['text'])}, expected: {shorten(expected['text'])}"


def main() -> int:
    program = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="qm-test-") as temporary:
        folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else temporary)
        print(subprocess.run([program, folder], check=True, stdout=subprocess.PIPE, text=True).stdout, end="")
        wrong = 0
        mails = sorted(folder.glob("*.eml"))
        for path in mails:
            facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            try:
                found = list(dict.fromkeys(problems(path.read_bytes(), facts)))
            except Exception as error:  # a parser that fails is a finding too
                found = [f"{type(error).__name__}: {error}"]
            wrong += 1 if found else 0
            for problem in found:
                print(f"{path.name} ({facts['name']}): {problem}")
        print(f"{len(mails)} notices, {wrong} of them wrong")
        return 1 if wrong or len(mails) < 120 else 0


if __name__ == "__main__":
    sys.exit(main())
