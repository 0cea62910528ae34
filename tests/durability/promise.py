"""The promise about every held mail, checked against what a program really did. Each check returns its complaints, one
line each; none: the promise was kept."""
import dataclasses
import pathlib
import sqlite3
import tempfile

from harness import store

from disk import File, Folder


@dataclasses.dataclass
class Offered:
    """A mail that the load has offered."""
    word: str           #: in its subject, and in no other's
    message: bytes
    quarantines: set    #: in which it has to be
    recipients: set
    notices: set        #: who has to be told about it


# -- the order of the calls -----------------------------------------------------------------------------

def complaints_about_the_order(disk, answers, held):
    """For every (id, queue id) of `held`: its file is fsynced, then linked, then its folder fsynced, then its row
    written to the catalog's log, then the log fsynced, then the mail server answered. `disk` has taken every step up
    to the last answer."""
    answered = {answer.queue_id: answer.place for answer in answers}
    log = disk.find(disk.root / "catalog.db-wal")
    found = []
    for held_id, queue_id in held:
        place = answered.get(queue_id)
        problem = "nobody was answered" if place is None else _disorder(disk, log, held_id, place)
        if problem:
            found.append(f"{held_id}: {problem}")
    return found


def _disorder(disk, log, held_id, answer):
    day, message = _file_of(disk, held_id)
    if message is None or not message.links:
        return "its file has no name"
    written = max(end for _, end, _ in message.writes)
    synced = _next(message.syncs, written)
    linked = message.links[0]
    if synced is None or synced > linked[0]:
        return "its file got its name before it was fsynced"
    day_synced = _next(day.syncs, linked[1])
    if day_synced is None:
        return "the folder was not fsynced after its file got its name"
    row = next(((begin, end) for begin, end, data in log.writes if held_id.encode() in data), None)
    if row is None:
        return "its row was not written to the log"
    if row[0] < day_synced:
        return "its row was written before its file was durable"
    log_synced = _next(log.syncs, row[1])
    if log_synced is None or log_synced > answer:
        return "the answer was given before the log was fsynced"
    return None


def _next(syncs, place):
    """Where the first fsync ended that began after this place."""
    return next((end for begin, end in syncs if begin > place), None)


def _file_of(disk, held_id):
    """The folder and the file of a held message."""
    def search(folder):
        for name, node in folder.entries.items():
            if isinstance(node, Folder):
                yield from search(node)
            elif name == f"{held_id}.eml" and isinstance(node, File):
                yield folder, node
    return next(search(disk.find(disk.root)), (None, None))


# -- after a power cut ----------------------------------------------------------------------------------

def complaints_after_power_cuts(disk, steps, answers, offered):
    """The power goes out at the moment of every answer. `offered`: queue id -> Offered. Returns the complaints and
    how often the power went out."""
    awaited = sorted((answer.place, answer.queue_id) for answer in answers)
    answered = {}
    found = []
    cuts = 0
    for place, is_end, call in steps:
        while awaited and awaited[0][0] <= place:
            _, queue_id = awaited.pop(0)
            answered[queue_id] = offered[queue_id]
            found += _losses(disk.after_a_power_cut(), answered.values(), offered.values(), queue_id)
            cuts += 1
        if not awaited:
            break
        disk.step(is_end, call)
    return found, cuts


def _losses(image, answered, offered, moment):
    """What is wrong with the files that are there after a power cut."""
    try:
        rows = _rows(image)
    except (sqlite3.Error, KeyError) as problem:
        return [f"at {moment}: the catalog cannot be read: {problem!r}"]
    files = {pathlib.PurePath(path).stem: data for path, data in image.items() if path.endswith(".eml")}
    messages = {mail.word: mail.message for mail in offered}
    found = []
    for row in rows:
        data = files.get(row["id"])
        if data is None:
            found.append(f"at {moment}: {row['id']} is on record without a file")
        elif _message(data) != messages[row["word"]]:
            found.append(f"at {moment}: {row['id']} has the wrong bytes")
    for mail in answered:
        own = [row for row in rows if row["word"] == mail.word]
        if sorted(row["quarantine"] for row in own) != sorted(mail.quarantines):
            found.append(f"at {moment}: {mail.word} was answered, and is on record {len(own)} times")
        for row in own:
            if row["recipients"] != mail.recipients:
                found.append(f"at {moment}: {mail.word} has lost recipients")
            if row["quarantine"] == "spam" and row["notices"] != mail.notices:
                found.append(f"at {moment}: {mail.word} has lost notices")
    return found


def _message(data):
    try:
        return store.Store.parsed(pathlib.Path(), data).data
    except ValueError:
        return None


def _rows(image):
    """What is on record, read by SQLite itself from the files that are left."""
    with tempfile.TemporaryDirectory(prefix="qm-image-") as folder:
        for name in ("catalog.db", "catalog.db-wal", "catalog.db-journal"):
            if name in image:
                pathlib.Path(folder, name).write_bytes(image[name])
        if "catalog.db" not in image:
            raise KeyError("catalog.db")
        connection = sqlite3.connect(f"{folder}/catalog.db")
        try:
            rows = []
            for held_id, quarantine, subject in connection.execute("SELECT id, quarantine, subject FROM held_message"):
                recipients = connection.execute("SELECT address FROM held_recipient WHERE message = ?", (held_id,))
                notices = connection.execute("SELECT send_to FROM notice WHERE message = ?", (held_id,))
                rows.append({"id": held_id, "quarantine": quarantine, "word": subject.split()[-1],
                             "recipients": {row[0] for row in recipients}, "notices": {row[0] for row in notices}})
            return rows
        finally:
            connection.close()
