"""File systems of our own: a small one that is soon full."""
import ctypes
import os

from . import processes

_CLONE_NEWNS = 0x00020000


def leave_for_private_mounts():
    """From here on this process and its children see mounts that nobody else sees, and that vanish with them.

    To be called before any thread is started.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNS): " + os.strerror(ctypes.get_errno()))
    processes.run(["mount", "--make-rprivate", "/"])


def mount_small(folder, size):
    """A memory file system of `size` bytes on `folder`."""
    processes.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", folder])


def mount_read_only(folder):
    """The folder itself, once more, as if its disk had become read-only."""
    processes.run(["mount", "--bind", folder, folder])
    processes.run(["mount", "-o", "remount,bind,ro", folder])


def mount_memory(folder):
    """A memory file system on `folder`, where thousands of durable writes cost nothing."""
    processes.run(["mount", "-t", "tmpfs", "-o", "size=512M,mode=0755", "none", folder])


def unmount(folder):
    processes.run(["umount", "--lazy", folder])


def mount_log_sockets():
    """A /dev with the usual nodes and no syslog, and a /run/systemd without a journal: the test puts its own
    sockets there."""
    nodes = "/run/qm-nodes-%d" % os.getpid()
    os.mkdir(nodes)
    processes.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "none", nodes])
    for name in ("null", "zero", "random", "urandom"):
        processes.run(["cp", "-a", "/dev/" + name, nodes])
    processes.run(["mount", "--move", nodes, "/dev"])
    os.rmdir(nodes)
    os.makedirs("/run/systemd", exist_ok=True)
    processes.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "none", "/run/systemd"])
    os.makedirs("/run/systemd/journal")
