"""What a disk would hold after a power cut, from the system calls of the only program that writes to it.

The worst that the rules allow is taken for granted: every write to a file is lost that had not ended before an fsync
of this file began which succeeded, and every change of a folder (a file created, linked, renamed or removed, a folder
made) that had not ended before such an fsync of the folder.
"""
import copy
import dataclasses
import os
import pathlib


#: Calls on paths that this model would have to learn first.
_BY_PATH = {"openat2", "creat", "truncate", "symlink", "symlinkat", "rename", "renameat", "renameat2", "unlinkat",
            "mkdirat"}


class NotUnderstood(Exception):
    """A call that changes what the disk holds in a way that this model does not know."""


class _Node:
    """What files and folders have in common: what they are now, and what of it is durable."""

    def __init__(self, current, durable):
        self.durable = durable
        self.syncs = []      #: (begin, end) of those that succeeded
        self._current = current
        self._pending = {}   # call: what it makes durable, if it succeeds
        self._since = -1     # when that began which made it as durable as it is

    def sync_begins(self, call):
        self._pending[id(call)] = type(self.durable)(self._current)

    def sync_ends(self, call):
        snapshot = self._pending.pop(id(call))
        if call.result == 0:
            self.syncs.append((call.begin, call.end))
            if call.begin > self._since:  # of two at once the later one saw more
                self.durable, self._since = snapshot, call.begin


class File(_Node):
    def __init__(self, data=b""):
        self.content = bytearray(data)
        self.writes = []     #: (begin, end, bytes)
        self.links = []      #: (begin, end, path)
        super().__init__(self.content, data)

    def write(self, offset, data, begin, end):
        if len(self.content) < offset:
            self.content.extend(bytes(offset - len(self.content)))
        self.content[offset:offset + len(data)] = data
        self.writes.append((begin, end, data))


class Folder(_Node):
    def __init__(self, entries=()):
        self.entries = dict(entries)
        super().__init__(self.entries, dict(self.entries))


@dataclasses.dataclass
class _Open:
    node: object
    offset: int = 0


class Disk:
    """One folder of the disk, as it was when the program began, and what has become of it since."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self._top = self._found(self.root)
        self._open = {}  # descriptor: _Open; of files below the root

    def _found(self, path):
        entries = {}
        for entry in os.scandir(path):
            if entry.is_dir(follow_symlinks=False):
                entries[entry.name] = self._found(entry.path)
            elif entry.is_file(follow_symlinks=False):
                entries[entry.name] = File(pathlib.Path(entry.path).read_bytes())
        return Folder(entries)

    def copy(self):
        """The same disk once more, before anything has been done to it."""
        return copy.deepcopy(self)

    # -- what is there ----------------------------------------------------------------------------------

    def find(self, path):
        """File or folder as the running program sees it, or None."""
        node = self._top
        for name in self._names(path):
            node = node.entries.get(name) if isinstance(node, Folder) else None
        return node

    def after_a_power_cut(self):
        """Every file that would be there: relative path -> bytes."""
        found = {}

        def gather(folder, path):
            for name, node in folder.durable.items():
                if isinstance(node, Folder):
                    gather(node, path / name)
                else:
                    found[str(path / name)] = node.durable
        gather(self._top, pathlib.PurePath())
        return found

    def _names(self, path):
        return pathlib.PurePath(path).relative_to(self.root).parts

    def _is_below(self, path):
        return path.startswith(f"{self.root}/") or path == str(self.root)

    def _parent(self, path):
        return self.find(pathlib.PurePath(path).parent), pathlib.PurePath(path).name

    # -- what the program does --------------------------------------------------------------------------

    def step(self, is_end, call):
        """The next beginning or end of a call. Calls on other files change nothing."""
        opened = self._open.get(call.descriptor)
        if not is_end:
            if call.name == "close":
                self._open.pop(call.descriptor, None)  # another thread may get its number before the close has ended
            elif call.name in ("fsync", "fdatasync") and opened:
                opened.node.sync_begins(call)
            return
        if call.name in ("fsync", "fdatasync") and opened:
            opened.node.sync_ends(call)
        elif call.result >= 0:
            handler = self._HANDLERS.get(call.name)
            if handler:
                handler(self, call, opened)
            elif opened and call.name not in ("close", "read"):
                raise NotUnderstood(f"{call.name} of {call.path}: {call.rest}")
            elif call.name in _BY_PATH and any(self._may_be_below(_text(path)) for path in call.strings):
                raise NotUnderstood(f"{call.name} {call.strings}")

    def _may_be_below(self, path):
        return not path.startswith("/") or self._is_below(path)

    def _opened(self, call, _):
        path = _text(call.strings[0])
        if not self._is_below(path):
            return
        flags = call.rest
        if "O_TMPFILE" in flags:
            node = File()
        else:
            node = self.find(path)
            if node is None:
                if "O_CREAT" not in flags:
                    raise NotUnderstood(f"open {path}: where does it come from?")
                parent, name = self._parent(path)
                node = parent.entries[name] = File()
            if "O_TRUNC" in flags or "O_APPEND" in flags:
                raise NotUnderstood(f"open {path} with {flags}")
        self._open[call.result] = _Open(node)

    def _moved(self, call, opened):
        if opened:
            opened.offset = call.result

    def _written(self, call, opened):
        if opened:
            opened.node.write(opened.offset, call.data, call.begin, call.end)
            opened.offset += call.result

    def _written_at(self, call, opened):
        if opened:
            opened.node.write(call.number(-1), call.data, call.begin, call.end)

    def _cut(self, call, opened):
        if opened:
            size = call.number(1)
            content = opened.node.content
            del content[size:]
            content.extend(bytes(size - len(content)))

    def _mapped(self, call, _):
        # The index of SQLite's log, which is made anew after a crash, is written through memory; nothing else may be.
        descriptor = call.rest.split(",")[4].strip().split("<")[0]
        opened = self._open.get(int(descriptor)) if descriptor.isdigit() else None
        if opened and "MAP_SHARED" in call.rest and "PROT_WRITE" in call.rest:
            if opened.node is not self.find(self.root / "catalog.db-shm"):
                raise NotUnderstood(f"mmap({call.rest})")

    def _linked(self, call, _):
        source, path = _text(call.strings[0]), _text(call.strings[1])
        if not self._is_below(path):
            return
        own = "/proc/self/fd/"
        node = self._open[int(source.removeprefix(own))].node if source.startswith(own) else self.find(source)
        parent, name = self._parent(path)
        parent.entries[name] = node
        node.links.append((call.begin, call.end, path))

    def _removed(self, call, _):
        path = _text(call.strings[0])
        if self._is_below(path):
            parent, name = self._parent(path)
            del parent.entries[name]

    def _folder_made(self, call, _):
        path = _text(call.strings[0])
        if self._is_below(path):
            parent, name = self._parent(path)
            parent.entries[name] = Folder()

    _HANDLERS = {"open": _opened, "openat": _opened, "lseek": _moved, "write": _written, "pwrite64": _written_at,
                 "ftruncate": _cut, "mmap": _mapped, "link": _linked, "linkat": _linked, "unlink": _removed,
                 "rmdir": _removed, "mkdir": _folder_made}


def _text(data):
    return data.decode("utf-8", "surrogateescape")
