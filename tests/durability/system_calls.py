"""Reads what strace wrote: the system calls of a program, with all their bytes, in the order in which they began and
ended."""
import dataclasses
import re

#: What has to be seen to know what is on a disk and what was said on a socket.
NAMES = ("open,openat,openat2,creat,close,dup,dup2,dup3,lseek,mmap,"
         "read,recvfrom,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendfile,copy_file_range,splice,"
         "fsync,fdatasync,sync_file_range,syncfs,sync,ftruncate,truncate,fallocate,"
         "link,linkat,symlink,symlinkat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,"
         "accept,accept4")

#: Longer than anything the program writes at once.
_LONGEST = 8_000_000

_LINE = re.compile(r"(\d+) +(.*)", re.S)
_CALL = re.compile(r"(\w+)\((.*)", re.S)
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)", re.S)
_RESULT = re.compile(r"(.*)\) += (-?\d+|\?)", re.S)
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_DESCRIPTOR = re.compile(r"(\d+)(?:<((?:\\x[0-9a-f]{2}|[^<>\"])*)>)?")
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")


def command(log, *program):
    """The command line that runs a program under strace."""
    return ["/usr/bin/strace", "-f", "-y", "-xx", "-s", str(_LONGEST), "--seccomp-bpf", "-e", f"trace={NAMES}",
            "-e", "signal=none", "-o", str(log), *map(str, program)]


@dataclasses.dataclass
class Call:
    name: str
    thread: int
    begin: float       #: place of its beginning among all beginnings and ends
    end: float         #: place of its end
    result: int        #: -1 for an error
    descriptor: int    #: the first argument, or None
    path: str          #: what strace says the descriptor is, "" if nothing
    strings: list      #: every quoted argument, as bytes
    rest: str          #: the arguments without the strings

    @property
    def data(self):
        """The bytes that were passed, all of them; as many as the result says."""
        return b"".join(self.strings)[:max(0, self.result)]

    def number(self, place):
        """An argument that is a number, by its place, from the end if negative."""
        return int(self.rest.split(",")[place].strip(" )"))


def _bytes(text):
    return bytes.fromhex(text.replace("\\x", ""))


def _made(name, thread, begin, end, text):
    ended = _RESULT.match(text)
    if not ended:
        raise ValueError(f"not understood: {name}({text[:200]}")
    if ended[2] == "?":
        return None  # the program ended meanwhile
    arguments = ended[1]
    strings = []

    def take(found):
        if found[2]:
            raise ValueError(f"{name}: strace has cut its bytes")
        strings.append(_bytes(found[1]))
        return "@"

    rest = _STRING.sub(take, arguments)
    first = _DESCRIPTOR.match(rest)
    path = _HEX.sub(lambda found: _bytes(found[0]).decode("utf-8", "surrogateescape"), first[2]) if first and first[2] \
        else ""
    return Call(name, thread, begin, end, int(ended[2]), int(first[1]) if first else None, path, strings, rest)


def read(log):
    """All calls that came to their end, in the order of their beginnings."""
    calls = []
    begun = {}  # thread: (name, begin, text)
    with open(log, encoding="ascii") as lines:
        for place, line in enumerate(lines):
            thread, text = _LINE.match(line).groups()
            text = text.rstrip("\n")
            if text.startswith(("---", "+++")):
                continue
            resumed = _RESUMED.match(text)
            if resumed:
                name, begin, first = begun.pop(thread)
                made = _made(name, int(thread), begin, place, first + resumed[2])
            else:
                name, arguments = _CALL.match(text).groups()
                if arguments.endswith("<unfinished ...>"):
                    begun[thread] = (name, place, arguments.removesuffix("<unfinished ...>").rstrip())
                    continue
                made = _made(name, int(thread), place, place + 0.5, arguments)
            if made:
                calls.append(made)
    return sorted(calls, key=lambda call: call.begin)


def steps(calls):
    """Beginnings and ends in their order: (place, is the end, call)."""
    found = [(call.begin, False, call) for call in calls] + [(call.end, True, call) for call in calls]
    return sorted(found, key=lambda step: step[:2])
