"""Programs with another time of day (libfaketime). The clock that measures how long things take stays true."""
import pathlib


def _environment():
    found = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise RuntimeError("no libfaketime: run scripts/install-dependencies test")
    return {"LD_PRELOAD": str(found[0]), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def ahead(by):
    """The environment of a program whose clock is ahead ("+20m")."""
    return {**_environment(), "FAKETIME": by}


class Movable:
    """A clock that can be put forward while the program runs."""

    def __init__(self, file):
        self._file = file
        self._ahead = 0
        self.advance(0)

    @property
    def environment(self):
        return {**_environment(), "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_NO_CACHE": "1"}

    def advance(self, seconds):
        self._ahead += seconds
        new = self._file.with_suffix(".new")
        new.write_text(f"+{self._ahead}\n", "ascii")
        new.rename(self._file)
