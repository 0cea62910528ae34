#!/usr/bin/env python3
"""starttls_server.py [CERTIFICATE]   a mail server that speaks STARTTLS with a certificate that nobody vouches for, and
that it copies to the given file. Serves one connection, then ends.

Prints its port, then each command with "tls" or "plain" in front. Ends by itself after 30 seconds at most.
"""
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

signal.alarm(30)
with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder + "/key", "-out", folder + "/cert", "-days", "2", "-subj", "/CN=localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    if len(sys.argv) > 1:
        shutil.copyfile(folder + "/cert", sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/cert", folder + "/key")

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.sendall(b"220 sink.example ESMTP\r\n")
how = "plain"
lines = connection.makefile("rb")
while line := lines.readline():
    command = line.decode().strip()
    print(how, command, flush=True)
    verb = command.split()[0].upper()
    if verb == "EHLO":
        # What was said before TLS does not count behind it: SMTPUTF8 is only offered there.
        connection.sendall(b"250-sink.example\r\n250 " + (b"SMTPUTF8" if how == "tls" else b"STARTTLS") + b"\r\n")
    elif verb == "STARTTLS":
        connection.sendall(b"220 go on\r\n")
        try:
            connection = context.wrap_socket(connection, server_side=True)
        except (ssl.SSLError, OSError):
            print("plain TLS failed", flush=True)
            sys.exit(0)
        lines = connection.makefile("rb")
        how = "tls"
    elif verb == "DATA":
        connection.sendall(b"354 go on\r\n")
        while lines.readline() not in (b".\r\n", b""):
            pass
        connection.sendall(b"250 2.0.0 queued\r\n")
    elif verb == "QUIT":
        connection.sendall(b"221 2.0.0 Bye\r\n")
        break
    else:
        connection.sendall(b"250 2.0.0 Ok\r\n")
