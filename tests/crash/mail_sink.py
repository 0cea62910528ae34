#!/usr/bin/python3
"""mail_sink.py PORT EVENTS [BEFORE AFTER SEED]: a mail server that takes everything, and writes down what happens.

One process, so that it can be killed. Each event is one line of JSON, appended to the file EVENTS with one write, so
whatever was written before a kill is there: `open` (MAIL was taken), `dot` (all bytes are here), `taken` (it answers for
the mail), `answered` (the 250 is on its way) or `unheard` (the client has left); `gone`: it left before the final dot. BEFORE and AFTER: the longest wait, in seconds, before and
behind `taken`.
"""
import asyncio
import hashlib
import json
import os
import random
import re
import sys

_PATH = re.compile(rb"<([^>]*)>")
_RECEIVED = re.compile(rb"\A(?:Received:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+")


class Events:
    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, what, transaction, **more):
        os.write(self._file, json.dumps({"what": what, "transaction": transaction, **more}).encode() + b"\n")


def field(head, name):
    """The value of this header field, unfolded."""
    found = re.search(rb"(?im)^" + name + rb":((?:[^\r\n]|\r\n[ \t])*)", head)
    return re.sub(rb"\r\n", b"", found[1]).strip().decode("utf-8", "backslashreplace") if found else ""


class Session(asyncio.Protocol):
    count = 0

    def __init__(self, server):
        self._server = server
        self._buffer = bytearray()
        self._searched = 0
        self._in_data = False
        self._busy = False
        self._transaction = None
        self._to = []

    def connection_made(self, transport):
        self._transport = transport
        self._say(b"220 sink.test.example ESMTP")

    def connection_lost(self, _):
        self._transport = None
        if self._transaction is not None and not self._busy:
            self._server.events.write("gone", self._transaction)

    def data_received(self, data):
        self._buffer += data
        self._go_on()

    def _say(self, text):
        if self._transport is not None:
            self._transport.write(text + b"\r\n")

    def _go_on(self):
        while not self._busy:
            if self._in_data:
                if not self._take_data():
                    return
                continue
            end = self._buffer.find(b"\r\n")
            if end < 0:
                return
            line = bytes(self._buffer[:end])
            del self._buffer[:end + 2]
            self._command(line)

    def _command(self, line):
        verb = line[:4].upper()
        if verb == b"EHLO":
            self._say(b"250-sink.test.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000")
        elif verb == b"MAIL":
            Session.count += 1
            self._transaction = f"{os.getpid()}.{Session.count}"
            self._to = []
            self._server.events.write("open", self._transaction, sender=_PATH.search(line)[1].decode())
            self._say(b"250 2.1.0 Ok")
        elif verb == b"RCPT":
            self._to.append(_PATH.search(line)[1].decode("utf-8", "surrogateescape"))
            self._say(b"250 2.1.5 Ok")
        elif verb == b"DATA":
            self._in_data = True
            self._searched = 0
            self._say(b"354 End data with <CR><LF>.<CR><LF>")
        elif verb == b"QUIT":
            self._say(b"221 2.0.0 Bye")
            if self._transport is not None:
                self._transport.close()
        else:
            self._say(b"250 2.0.0 Ok")

    def _take_data(self):
        end = self._buffer.find(b"\r\n.\r\n", max(0, self._searched - 4))
        if end < 0:
            self._searched = len(self._buffer)
            return False
        data = bytes(self._buffer[:end + 2])
        del self._buffer[:end + 5]
        self._in_data = False
        self._busy = True
        if b"\r\n.." in data:
            data = data.replace(b"\r\n..", b"\r\n.")
        data = _RECEIVED.sub(b"", data)
        head = data[:data.find(b"\r\n\r\n") + 2]
        self._server.events.write("dot", self._transaction, to=self._to, subject=field(head, b"Subject"),
                                  message_id=field(head, b"Message-ID"), sha=hashlib.sha256(data).hexdigest())
        asyncio.get_running_loop().call_later(self._server.before(), self._taken, self._transaction)
        return True

    def _taken(self, transaction):
        # Whether or not the client is still there: a mail server that has got the final dot has the mail.
        self._server.events.write("taken", transaction)
        asyncio.get_running_loop().call_later(self._server.after(), self._answer, transaction)

    def _answer(self, transaction):
        self._server.events.write("unheard" if self._transport is None else "answered", transaction)
        self._say(b"250 2.0.0 Ok: queued as " + transaction.encode())
        self._busy = False
        self._transaction = None
        self._go_on()


class Server:
    def __init__(self, events, before, after, seed):
        self.events = Events(events)
        self._random = random.Random(seed)
        self._before = before
        self._after = after

    def before(self):
        return self._random.random() * self._before

    def after(self):
        return self._random.random() * self._after

    async def serve(self, port):
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: Session(self), "127.0.0.1", port, backlog=512)
        await listener.serve_forever()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    before, after, seed = (float(word) for word in (*sys.argv[3:], 0, 0, 0)[:3])
    asyncio.run(Server(sys.argv[2], before, after, seed).serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
