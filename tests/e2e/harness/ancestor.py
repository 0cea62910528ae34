"""Folders as pyquarantine-milter, whose job this project takes over, leaves them: NAME and NAME.metadata."""
import json
import pathlib

from . import mails


class Ancestor:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.count = 0

    def add(self, metadata, message=None, name=None, below=""):
        """One message; `metadata` is what is written as JSON, or its bytes. The bytes of the message."""
        self.count += 1
        message = mails.spam() if message is None else message
        place = self.folder / below
        place.mkdir(parents=True, exist_ok=True)
        path = place / (name or f"20240301120000_{self.count:08X}")
        # The ancestor wrote line ends as it got them from its library: bare LF.
        path.write_bytes(message.replace(b"\r\n", b"\n"))
        data = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
        path.with_name(path.name + ".metadata").write_bytes(data)
        return message

    def add_many(self, count, begin, step, recipient="user@our.example", size=200):
        """`count` messages, held every `step` seconds from `begin` (seconds since 1970) on."""
        for number in range(count):
            self.add({"mailfrom": "anna@shop.example", "recipients": [recipient], "timestamp": begin + number * step,
                      "queue_id": f"4OLD{number}", "vars": {}},
                     mails.spam(body=b"x" * 70 + b"\r\n" + b"y" * size + b"\r\n"), below=str(number % 7))
