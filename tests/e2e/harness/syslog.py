"""A log socket of our own (see mounts.mount_log_sockets)."""
import os
import socket
import threading

from . import places


class Receiver:
    """A datagram socket that remembers what it was told."""

    def __init__(self, path):
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._lines = []
        self._reader = threading.Thread(target=self._receive, daemon=True)
        self._reader.start()

    def _receive(self):
        while True:
            data = self._socket.recv(65536)
            if not data:
                return
            self._lines.append(data.decode("utf-8", "backslashreplace"))

    def wait_for(self, *parts):
        return places.wait_until(f"a log line with {parts}",
                                 lambda: next((line for line in self.lines() if all(p in line for p in parts)), None),
                                 20)

    def lines(self):
        return list(self._lines)

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as poke:
            poke.sendto(b"", self._path)
        self._reader.join(20)
        self._socket.close()
        os.unlink(self._path)
