#!/usr/bin/env python3
"""milter_load itself: it speaks as Postfix does, and no wrong answer escapes it. test_answers.py [CLASS...]"""
import pathlib
import socket
import struct
import sys
import threading
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "soak")]

import world  # noqa: E402
from harness import daemon, mails, mta, places, postfix, sink  # noqa: E402

STEPS = 0x18C183  #: what the daemon asks for: no CONNECT, HELO, unknown; no answer to MAIL, RCPT, headers, body


def packet(letter, data=b""):
    return struct.pack(">Ic", len(data) + 1, letter.encode()) + data


class Milter:
    """One that says what the test wants. `answer(letter, mail)`: packets in return for T, N and E; `mail` has the
    arguments of RCPT and the header lines."""

    def __init__(self, where, answer, steps=STEPS):
        self._answer = answer
        self._steps = steps
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(where.path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self._converse(connection)
        except OSError:
            pass  # the load has cut the connection

    def _converse(self, connection):
        mail = {"recipients": [], "headers": []}
        with connection, connection.makefile("rb") as reader:
            while True:
                head = reader.read(5)
                if len(head) < 5:
                    return
                length, letter = struct.unpack(">Ic", head)
                data = reader.read(length - 1)
                letter = letter.decode()
                if letter == "M":
                    mail = {"recipients": [], "headers": []}
                elif letter == "R":
                    mail["recipients"].append(data.rstrip(b"\0").decode())
                elif letter == "L":
                    mail["headers"].append(b":".join(data.split(b"\0")[:2]).decode())
                if letter == "O":
                    reply = packet("O", struct.pack(">III", 6, 0x128, self._steps))
                elif letter in "TNE":
                    reply = self._answer(letter, mail)
                else:
                    reply = packet("c") if self._steps == 0 and letter in "CHMRLB" else b""
                if reply is None:
                    return
                if reply:
                    connection.sendall(reply)

    def close(self):
        self._listener.close()


def right(letter, mail):
    """What our daemon says, with a whitelist that spares the friend."""
    if letter == "T":
        return packet("c")
    flagged = world.FLAG in mail["headers"] or world.FLAG.replace(": ", ":") in mail["headers"]
    if letter == "N":
        return packet("c") if flagged else packet("a")
    held = [argument for argument in mail["recipients"] if argument != f"<{world.FRIEND}>"]
    if len(held) == len(mail["recipients"]):
        return packet("d")
    return b"".join(packet("-", argument.encode() + b"\0") for argument in held) + packet("a")


class AnswersCase(unittest.TestCase):
    def setUp(self):
        self.folder = places.TempDir("answers")
        self.addCleanup(self.folder.remove)
        self.where = mta.MilterSocket(path=str(self.folder / "sock"))

    def offer(self, answer, *options, kinds=("--clean", 1, "--held", 1, "--mixed", 1), steps=STEPS, messages=60):
        pathlib.Path(self.where.path).unlink(missing_ok=True)
        milter = Milter(self.where, answer, steps)
        self.addCleanup(milter.close)
        load = world.Load(self.folder, self.where, *kinds, "--messages", messages, "--recipients", "1-4", "--body", "100-200K",
                          "--connections", 4, "--patience", 3, *options)
        return load.result(60), load.process.exit_code

    def test_the_right_answers_are_right(self):
        result, code = self.offer(right)
        self.assertEqual((code, result["right"], result["wrong"]), (0, {"clean": 20, "held": 20, "mixed": 20}, 0), result)

    def test_they_are_right_too_where_everything_is_asked_and_answered(self):
        spellings = set()

        def answer(letter, mail):
            spellings.update(header for header in mail["headers"] if header.startswith("X-Spam-Flag"))
            return right(letter, mail)
        result, code = self.offer(answer, steps=0)
        self.assertEqual((code, result["wrong"]), (0, 0), result)
        self.assertEqual(spellings, {"X-Spam-Flag:YES"}, "the leading blank is the mail server's")

    def test_requests_to_remove_everybody_may_stand_before_discard(self):
        def answer(letter, mail):
            said = right(letter, mail)
            if letter == "E" and said == packet("d"):
                return b"".join(packet("-", a.encode() + b"\0") for a in mail["recipients"]) + said
            return said
        self.assertEqual(self.offer(answer)[1], 0)

    def test_progress_is_no_answer(self):
        result, code = self.offer(lambda letter, mail: packet("p") + right(letter, mail))
        self.assertEqual((code, result["wrong"]), (0, 0), result)

    def test_a_mail_offered_again_is_right_in_the_end(self):
        refused = set()

        def answer(letter, mail):
            key = next(header for header in mail["headers"] if header.startswith("Message-ID")) if letter != "T" else ""
            if letter == "N" and key not in refused:
                refused.add(key)
                return packet("y", b"451 4.3.0 later\0") if len(refused) % 2 else None
            return right(letter, mail)
        result, code = self.offer(answer, "--retry", "--retry-after", 10)
        self.assertEqual((code, sum(result["right"].values()), result["deferred"], result["lost"], result["wrong"]),
                         (0, 60, 30, 30, 0), result)

    def test_a_connection_is_cut_behind_the_last_byte_and_only_once_for_a_mail(self):
        ends = []

        def answer(letter, mail):
            if letter == "E":
                message_id = next(header for header in mail["headers"] if header.startswith("Message-ID"))
                ends.append(message_id)
                if ends.count(message_id) == 1:
                    return b""  # and then it is too late
            return right(letter, mail)
        result, code = self.offer(answer, "--retry", "--cut", 100, kinds=("--clean", 0, "--held", 1))
        self.assertEqual((code, result["right"]["held"], result["lost"]), (0, 60, 60), result)
        self.assertEqual([ends.count(one) for one in set(ends)], [2] * 60)

    def test_wrong_answers_are_wrong(self):
        everybody = lambda mail: b"".join(packet("-", a.encode() + b"\0") for a in mail["recipients"])
        others = lambda mail: [a for a in mail["recipients"] if a != f"<{world.FRIEND}>"]
        cases = {
            "held mail accepted": ("--held", lambda letter, mail: packet("c" if letter == "T" else "a")),
            "held mail accepted at its end": ("--held", lambda l, m: packet("a") if l == "E" else right(l, m)),
            "held mail rejected": ("--held", lambda l, m: packet("r") if l == "E" else right(l, m)),
            "clean mail whose body is asked for": ("--clean", lambda l, m: packet("a" if l == "E" else "c")),
            "clean mail discarded": ("--clean", lambda l, m: packet("d") if l == "N" else right(l, m)),
            "clean mail refused": ("--clean", lambda l, m: packet("y", b"554 5.7.0 no\0") if l == "N" else right(l, m)),
            "nobody taken out": ("--mixed", lambda l, m: packet("a") if l == "E" else right(l, m)),
            "everybody taken out": ("--mixed", lambda l, m: everybody(m) + packet("a") if l == "E" else right(l, m)),
            "discarded although somebody is left": ("--mixed", lambda l, m: packet("d") if l == "E" else right(l, m)),
            "another spelling": ("--mixed", lambda l, m: right(l, m).lower() if l == "E" else right(l, m)),
            "one taken out twice": ("--mixed", lambda l, m: packet("-", others(m)[0].encode() + b"\0") + right(l, m)
                                    if l == "E" else right(l, m)),
            "a header added": ("--mixed", lambda l, m: packet("h", b"X\0y\0") + right(l, m) if l == "E" else right(l, m)),
        }
        for name, (kind, answer) in cases.items():
            with self.subTest(name):
                kinds = [word for option in ("--clean", "--held", "--mixed") for word in (option, int(option == kind))]
                result, code = self.offer(answer, kinds=kinds)
                self.assertEqual((code, result["wrong"]), (1, 60), result)

    def test_what_is_no_answer_ends_the_connection(self):
        for name, answer in {"silence": lambda letter, mail: b"" if letter == "N" else right(letter, mail),
                             "a closed connection": lambda letter, mail: None if letter == "N" else right(letter, mail),
                             "an answer too many": lambda letter, mail: right(letter, mail) + packet("c"),
                             "no letter of the protocol": lambda letter, mail: packet("Z")}.items():
            with self.subTest(name):
                result, code = self.offer(answer, messages=4)
                self.assertEqual(code, 1, result)
                self.assertGreater(result["lost"] + result["refused"], 0, result)


class Recorder:
    """Stands between a mail server and the daemon and keeps what the mail server says."""

    def __init__(self, behind):
        self.where = mta.MilterSocket(port=places.free_port())
        self._behind = behind
        self.said = []
        self._listener = socket.create_server(("127.0.0.1", self.where.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                outside, _ = self._listener.accept()
            except OSError:
                return
            inside = self._behind.connect()
            kept = bytearray()
            self.said.append(kept)
            for source, target, keep in ((outside, inside, kept), (inside, outside, bytearray())):
                threading.Thread(target=self._hand_on, args=(source, target, keep), daemon=True).start()

    @staticmethod
    def _hand_on(source, target, keep):
        while True:
            try:
                data = source.recv(65536)
                keep += data
                target.sendall(data) if data else target.shutdown(socket.SHUT_WR)
            except OSError:
                return
            if not data:
                return

    def conversation(self, kept):
        """Packet by packet: the letter, and of macros whose they are and which; headers are all one."""
        found, at = [], 0
        while at < len(kept):
            length, letter = struct.unpack(">Ic", kept[at:at + 5])
            data, at, letter = bytes(kept[at + 5:at + 4 + length]), at + 4 + length, letter.decode()
            if letter == "D":
                letter = " ".join(["D", data[:1].decode(), *(name.decode() for name in data[1:].split(b"\0")[:-1:2])])
            elif letter == "O":
                letter = "O " + data.hex()
            if letter == "L" and len(found) > 2 and found[-2] == "L" and found[-1] == found[-3]:
                found.pop()  # one more of the same, and its macros
            else:
                found.append(letter)
        return found

    def close(self):
        self._listener.close()


class LikePostfixCase(unittest.TestCase):
    def test_it_says_what_postfix_says(self):
        folder = places.TempDir("likepostfix")
        self.addCleanup(folder.remove)
        filter_ = daemon.Daemon(folder, {"spam": {"regex": "^X-Spam-Flag: YES"}})
        self.addCleanup(filter_.close)
        filter_.start()
        recorder = Recorder(filter_.milter)
        self.addCleanup(recorder.close)
        server_sink = sink.SmtpSink()
        self.addCleanup(server_sink.close)
        server = postfix.Postfix(folder, recorder.where, server_sink)
        self.addCleanup(server.stop)
        server.start()
        for message, kind in ((mails.mail(body=b"x" * 70 + b"\r\n"), "--clean"),
                              (mails.spam(body=(b"x" * 70 + b"\r\n") * 1200), "--held")):
            del recorder.said[:]
            with server.client() as client:
                for _ in range(2):
                    self.assertEqual(client.mail("anna@shop.example", ["a@our.example", "b@our.example"], message).code, 250)
            places.wait_until("Postfix says goodbye", lambda: recorder.said and recorder.said[0].endswith(b"Q"))
            theirs = recorder.conversation(recorder.said[0])
            del recorder.said[:]
            others = [word for option in ("--clean", "--held") if option != kind for word in (option, 0)]
            size = 72 if kind == "--clean" else 72 * 1200
            result = world.Load(folder, recorder.where, *others, kind, 1, "--messages", 2, "--recipients", 2, "--body", size,
                                "--connections", 1, "--threads", 1).result(30)
            self.assertTrue(result["good"], result)
            places.wait_until("the load says goodbye", lambda: recorder.said and recorder.said[0].endswith(b"Q"))
            self.assertEqual(recorder.conversation(recorder.said[0]), theirs)


if __name__ == "__main__":
    unittest.main(verbosity=2)
