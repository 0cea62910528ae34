"""Reads the daemon's message store, without the daemon."""
import dataclasses
import pathlib
import re

_FIRST = re.compile(rb"X-Quarantine-Trace: 1 (\d+)\r\n")


@dataclasses.dataclass
class StoredMail:
    path: pathlib.Path
    trace: list   #: the lines of the counted block in front, as text
    data: bytes   #: the message as the mail server handed it over

    @property
    def id(self):
        return self.path.stem


class Store:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def files(self):
        """Every file in the store, temporary ones included; only the daemon's lock file is not counted."""
        return sorted(path for path in self.folder.rglob("*") if not path.is_dir() and path.name != ".lock")

    def mails(self):
        """The stored mails, oldest first."""
        return [self.read(path) for path in self.files() if path.suffix == ".eml"]

    def mail(self, held_id):
        for path in self.files():
            if path.name == f"{held_id}.eml":
                return self.read(path)
        raise KeyError(held_id)

    @classmethod
    def read(cls, path):
        return cls.parsed(path, path.read_bytes())

    @staticmethod
    def parsed(path, data):
        """The bytes of a file; ValueError when its trace block is not whole."""
        first = _FIRST.match(data)
        if not first:
            raise ValueError(f"{path} does not begin with a trace block: {data[:60]!r}")
        count = int(first.group(1))
        lines = data.split(b"\r\n", count)
        if len(lines) != count + 1 or not lines[count - 1].startswith(b"X-Quarantine-End: "):
            raise ValueError(f"{path}: its trace block has no end")
        return StoredMail(path, [line.decode("utf-8", "backslashreplace") for line in lines[:count]], lines[count])
