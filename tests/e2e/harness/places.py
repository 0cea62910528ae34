"""Folders, ports and waiting."""
import atexit
import os
import pathlib
import random
import shutil
import socket
import tempfile
import time

_claimed = []


class TimedOut(AssertionError):
    """Something that had to happen did not happen in time."""


def wait_until(what, condition, seconds=20.0):
    """Asks `condition` until it says something true and returns that; TimedOut names `what`."""
    end = time.monotonic() + seconds
    pause = 0.002
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= end:
            raise TimedOut(f"{what}: not within {seconds:g} s (last answer: {answer!r})")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def free_port(host="127.0.0.1"):
    """A TCP port nobody listens on, and that no other process using this function gets while we live.

    The ports lie below the range from which the kernel takes the ports of outgoing connections, so none of
    those takes it between now and the moment a server binds it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(500):
        port = random.randrange(10100, 32000)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0quarantine-milter-test-port-{port}")
        except OSError:
            claim.close()
            continue
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                claim.close()
                continue
        _claimed.append(claim)
        return port
    raise RuntimeError("no free port found")


def base_folder():
    """Where temporary folders are made. Not below /tmp when there is something better: sendmail refuses a
    milter's socket below a folder that everybody may write to."""
    told = os.environ.get("QM_E2E_FOLDER")
    if told:
        return told
    return "/run" if os.geteuid() == 0 and os.access("/run", os.W_OK) else tempfile.gettempdir()


class TempDir:
    """A folder that other users (postfix, nobody) may enter, removed at the end."""

    def __init__(self, name="e2e", below=None):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"qm-{name}-", dir=below or base_folder()))
        self.path.chmod(0o755)
        atexit.register(self.remove)

    def __truediv__(self, name):
        return self.path / name

    def folder(self, name, mode=0o755, owner=None):
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if owner is not None:
            shutil.chown(path, owner)
        return path

    def keep(self):
        """For whoever wants to look at it after the end."""
        atexit.unregister(self.remove)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
