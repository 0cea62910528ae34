"""A terminal at which an administrator types."""
import dataclasses
import os
import pty
import select
import struct
import subprocess
import fcntl
import termios
import time

COLUMNS = 100


@dataclasses.dataclass
class Printed:
    code: int
    lines: list


def _open_terminal():
    outside, inside = pty.openpty()
    modes = termios.tcgetattr(inside)
    modes[1] &= ~termios.OPOST
    termios.tcsetattr(inside, termios.TCSANOW, modes)
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    return outside, inside


def _read_all(outside, deadline):
    pieces = []
    while True:
        if not select.select([outside], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        try:
            piece = os.read(outside, 65536)
        except OSError:  # nobody has the other end open any more
            piece = b""
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def _left_to_see(line):
    """What stays of a line on which progress was shown."""
    return line.rpartition("\r\x1b[K")[2]


class Console:
    """Runs one command line after the other, as a shell does: $? is the exit code of the one before."""

    def __init__(self, folder, environment):
        self._folder = folder
        self._environment = environment
        self._last = 0

    def run(self, command, seconds=60):
        outside, inside = _open_terminal()
        try:
            running = subprocess.Popen(["/bin/sh", "-c", f"(exit {self._last}); {command}"], stdin=subprocess.DEVNULL,
                                       stdout=inside, stderr=inside, cwd=self._folder, env=self._environment,
                                       start_new_session=True)
            os.close(inside)
            try:
                text = _read_all(outside, time.monotonic() + seconds).decode("utf-8", "backslashreplace")
                self._last = running.wait(seconds)
            except TimeoutError:
                raise RuntimeError(f"{command}: did not end within {seconds} s") from None
            finally:
                running.kill()
                running.wait()
        finally:
            os.close(outside)
        lines = [_left_to_see(line) for line in text.split("\n")]
        return Printed(self._last, lines[:-1] if lines[-1] == "" else lines)
