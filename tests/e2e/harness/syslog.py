"""A log socket of our own (see mounts.mount_log_sockets)."""
import os
import socket
import threading

from . import places

FILLING = b"filling"


class Receiver:
    """A datagram socket that remembers what it was told."""

    def __init__(self, path):
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._lines = []
        self._reads = threading.Event()
        self._reads.set()
        self._hangs = threading.Event()
        self._reader = threading.Thread(target=self._receive, daemon=True)
        self._reader.start()

    def _receive(self):
        while True:
            if not self._reads.is_set():
                self._hangs.set()
                self._reads.wait()
            data = self._socket.recv(65536)
            if not data:
                return
            if data != FILLING:
                self._lines.append(data.decode("utf-8", "backslashreplace"))

    def hang(self):
        """Reads nothing, and has no room for anything, until go_on()."""
        self._hangs.clear()
        self._reads.clear()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as filler:
            filler.sendto(FILLING, self._path)  # for the recv() that waits already
            places.wait_until("the log is not read", self._hangs.is_set, 20)
            while self._takes(filler):
                pass

    def _takes(self, filler):
        try:
            filler.sendto(FILLING, self._path)
        except BlockingIOError:
            return False
        return True

    def go_on(self):
        self._reads.set()

    def wait_for(self, *parts):
        return places.wait_until(f"a log line with {parts}",
                                 lambda: next((line for line in self.lines() if all(p in line for p in parts)), None),
                                 20)

    def lines(self):
        return list(self._lines)

    def close(self):
        self.go_on()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as poke:
            poke.sendto(b"", self._path)
        self._reader.join(20)
        self._socket.close()
        os.unlink(self._path)
