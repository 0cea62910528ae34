#!/usr/bin/env python3
"""Reads a mail with Python's own parser and prints what it says, one fact a line. Usage: read_mail.py FILE

The C++ test prints the same facts as GMime sees them; two parsers that agree leave little room for a third opinion.
"""
import email
import email.policy
import hashlib
import sys

with open(sys.argv[1], "rb") as file:
    mail = email.message_from_binary_file(file, policy=email.policy.default)

for sender in mail["from"].addresses:
    print(f"from {sender.display_name} <{sender.addr_spec}>")
for group in mail["to"].groups:
    if group.display_name is None:
        print("to " + group.addresses[0].addr_spec)
    else:
        print("to group " + group.display_name)
print("subject " + mail["subject"])
print("id " + mail["message-id"])
for part in mail.walk():
    line = "part " + part.get_content_type()
    if not part.is_multipart():
        if part.get_content_maintype() == "text":
            line += " " + part.get_content_charset()
        if part["content-id"]:
            line += " " + part["content-id"].strip("<>") + " " + part.get_content_disposition()
        line += " " + hashlib.sha256(part.get_payload(decode=True).replace(b"\r\n", b"\n")).hexdigest()
    print(line)
