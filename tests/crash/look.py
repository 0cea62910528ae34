"""What a kill hits, seen from outside while the victim stands still."""
import dataclasses
import os
import pathlib
import re

import load
from world import identity

_SECRET = re.compile(r"/#\d+ \(deleted\)$")


@dataclasses.dataclass
class Sight:
    """What was going on at one kill."""
    moment: str                   #: how it was chosen
    transaction: bool = False     #: (a) a transaction of the catalog was open
    unnamed: int = 0              #: (b) message files that were being written
    unrecorded: int = 0           #: (b) message files with a name and without a row
    sending: int = 0              #: (c) notices between MAIL and the final answer
    unsettled: int = 0            #: (c) notices answered for, and not `sent` in the catalog
    in_flight: list = dataclasses.field(default_factory=list)  #: those notices: the sink's transactions
    note: str = ""


def folder_of(world, quarantine):
    return world.daemon.folder / quarantine


def open_files(world):
    """How many files without a name the daemon has open below its quarantines."""
    found = 0
    folders = tuple(f"{folder_of(world, quarantine)}/" for quarantine in load.QUARANTINES)
    base = f"/proc/{world.daemon.process.pid}/fd"
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
        folder = folder_of(world, quarantine)
        for place, _, names in os.walk(folder):
            for name in names:
                path = pathlib.Path(place) / name
                if name.endswith(".eml") and not name.startswith("."):
                    named.setdefault(name[:-4], []).append(path)
                elif name != ".lock":
                    others.append(path)
    return named, others


def unrecorded(world):
    named, _ = files(world)
    on_record = {row["id"] for row in world.records.rows("SELECT id FROM held_message")}
    return len(set(named) - on_record)


def open_notices(world, remembered):
    """Of what the sink sees: transactions without a final answer, and those answered that the catalog does not know
    as sent yet. `remembered`: transactions that were settled at an earlier look."""
    live = world.notices.live()
    answered = [t for t in world.notices.taken()[-200:] if t.name not in remembered]
    if not answered:
        return live, []
    sent = {(row["message"], row["recipient"]) for row in world.records.rows(
        "SELECT message, recipient FROM notice WHERE state = 'sent'")}
    unsettled = []
    for transaction in answered:
        known = identity(transaction)
        if known and (known[3], known[2]) in sent:
            remembered.add(transaction.name)
        elif transaction not in live:
            unsettled.append(transaction)
    return live, unsettled


def at_daemon(world, moment, remembered):
    """The daemon stands still."""
    sight = Sight(moment)
    sight.transaction = world.records.in_transaction(world.daemon.process.pid)
    sight.unnamed = open_files(world)
    sight.unrecorded = unrecorded(world)
    live, unsettled = open_notices(world, remembered)
    sight.sending, sight.unsettled = len(live), len(unsettled)
    sight.in_flight = live + unsettled
    return sight
