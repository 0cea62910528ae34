"""What a kill hits, seen from outside while the victim stands still."""
import dataclasses
import os
import pathlib
import re
import sqlite3
import time

import load
from world import identity

_SECRET = re.compile(r"/#\d+ \(deleted\)$")


@dataclasses.dataclass
class Sight:
    """What was going on at one kill."""
    moment: str                   #: how it was chosen
    transaction: bool = False     #: (a) a transaction of the catalog was open
    commit: bool = False          #: (a) and it was being committed
    unnamed: int = 0              #: (b) message files that were being written
    unrecorded: int = 0           #: (b) message files with a name and without a row
    sending: int = 0              #: (c) notices between MAIL and the final answer
    unsettled: int = 0            #: (c) notices answered for, and not `sent` in the catalog
    in_flight: list = dataclasses.field(default_factory=list)  #: those notices: the sink's transactions
    note: str = ""


def open_files(world, node):
    """How many files without a name this daemon has open below its quarantines."""
    found = 0
    folders = tuple(f"{world.folder_of(quarantine)}/" for quarantine in load.QUARANTINES)
    base = f"/proc/{node.daemon.process.pid}/fd"
    try:
        numbers = os.listdir(base)
    except OSError:
        return 0
    for number in numbers:
        try:
            target = os.readlink(f"{base}/{number}")
            if target.startswith(folders) and _SECRET.search(target) and os.stat(f"{base}/{number}").st_nlink == 0:
                found += 1
        except OSError:
            continue
    return found


def files(world):
    """id -> path of every message file; and the paths of whatever else lies there."""
    named, others = {}, []
    for quarantine in load.QUARANTINES:
        folder = world.folder_of(quarantine)
        for place, _, names in os.walk(folder):
            for name in names:
                path = pathlib.Path(place) / name
                if name.endswith(".eml") and not name.startswith("."):
                    named.setdefault(name[:-4], []).append(path)
                elif name != ".lock":
                    others.append(path)
    return named, others


def unrecorded(world):
    """The ids of message files that have their name and no row yet. The files first: a row is never before its file."""
    named, _ = files(world)
    on_record = {row["id"] for row in world.records.rows("SELECT id FROM held_message")}
    return set(named) - on_record


class DaemonWatch:
    """Looks at a daemon at each kill, while it stands still. Remembers what an earlier kill has hit: a notice is
    under way at one kill only."""

    def __init__(self, world):
        self._world = world
        self._over = set()  # notices of an earlier kill, or settled
        self._left = set()  # files of an earlier kill

    def look(self, moment, node):
        sight = Sight(moment)
        sight.transaction = self._world.records.in_transaction(node.daemon.process.pid)
        sight.unnamed = open_files(self._world, node)
        left = unrecorded(self._world)
        if len(self._world.nodes) > 1:
            time.sleep(0.05)  # the other daemons go on: what is theirs gets its row
            left &= unrecorded(self._world)
        sight.unrecorded = len(left - self._left)
        self._left |= left
        return self._with_notices(sight, node)

    def glance(self, moment, node):
        """At a daemon that is not ready yet: the catalog may not be readable."""
        return self._with_notices(Sight(moment), node)

    def _with_notices(self, sight, node):
        taken = [t for t in self._world.notices.taken()[-500:] if t.sender == node.sender]
        # Behind `taken`: what is answered in between counts as live.
        live = [t for t in self._world.notices.live() if t.name not in self._over and t.sender == node.sender]
        sent = self._sent()
        unsettled = []
        for transaction in taken:
            if transaction.name in self._over or transaction in live:
                continue
            known = identity(transaction)
            if not known or (known[3], known[2]) not in sent:
                unsettled.append(transaction)
            else:
                self._over.add(transaction.name)
        sight.sending, sight.unsettled = len(live), len(unsettled)
        sight.in_flight = live + unsettled
        self._over.update(transaction.name for transaction in sight.in_flight)
        return sight

    def _sent(self):
        try:
            return {(row["message"], row["recipient"]) for row in self._world.records.rows(
                "SELECT message, recipient FROM notice WHERE state = 'sent'")}
        except sqlite3.OperationalError:  # the daemon recovers its log, or brings the schema up to date
            return set()
