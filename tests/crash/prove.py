"""That the books can find something: the world is spoiled in one way after another, and each time they must say so."""
import collections
import contextlib
import dataclasses
import os
import re

import account
import campaign
import load


@dataclasses.dataclass
class Way:
    """One way to spoil the world, and what the books have to say then."""
    name: str
    says: str           #: regular expression
    spoil: object       #: a context manager over (world, books)


def ways():
    return [
        Way("a file is gone", "row without a file", _file_gone),
        Way("a byte of a file is another", "its file is none of the", _byte_changed),
        Way("the trace lines of a file have no end", "trace block|its file is none of the", _cut_short),
        Way("a file without a row", "file without a row", _file_added),
        Way("a temporary file", "temporary file", _temporary_file),
        Way("a recipient is not on record", "not on record as held", _recipient_renamed),
        Way("a message is held in the wrong quarantine", "not on record as held", _other_quarantine),
        Way("a recipient is released", "is 'released'", _released),
        Way("a notice is refused", "the notices of .* on record", _notice_refused),
        Way("a mail is delivered twice", "delivered 2 times, and was to get it once", _delivered_twice),
        Way("a mail is not delivered", "delivered 0 times", _not_delivered),
        Way("a held mail is delivered", "delivered 1 times, and was to be held", _held_and_delivered),
        Way("other bytes are delivered", "got other bytes", _other_bytes),
        Way("a notice is not sent", "never told", _not_told),
        Way("a notice is sent twice for no reason", "and only", _told_twice),
        Way("a notice is sent twice as two mails", "under different Message-IDs", _told_as_two),
        Way("the sender heard another answer", "the sender was to hear", _other_answer),
        Way("an assertion failed", "in the log", _assertion),
    ]


def prove(world, kills, plain):
    """What the books did not notice. The daemon is stopped; `plain` is what they say of the world as it is."""
    silent = []
    before = collections.Counter(what for _, what in plain.violations)
    for way in ways():
        with way.spoil(world, plain):
            books = account.Books(world, kills, campaign.Drained([])).close()
        found = collections.Counter(what for _, what in books.violations) - before
        if not any(re.search(way.says, what) for what in found):
            silent.append(f"the books did not notice: {way.name}")
    return silent


# -- files ------------------------------------------------------------------------------------------------------------


def _some_file(books):
    held_id = next(held_id for held_id in sorted(books.files) if held_id in books.held)
    return books.files[held_id][0]


@contextlib.contextmanager
def _file_gone(world, books):
    path = _some_file(books)
    aside = world.folder.path / "aside"
    path.rename(aside)
    yield
    aside.rename(path)


@contextlib.contextmanager
def _written(path, data):
    before = path.read_bytes()
    path.write_bytes(data(before))
    yield
    path.write_bytes(before)


def _byte_changed(world, books):
    return _written(_some_file(books), lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])


def _cut_short(world, books):
    return _written(_some_file(books), lambda data: data[:100])


@contextlib.contextmanager
def _added(path, data):
    path.write_bytes(data)
    yield
    path.unlink()


def _file_added(world, books):
    path = _some_file(books)
    return _added(path.with_name("0" + path.name[1:-5] + ("0" if path.name[-5] != "0" else "1") + ".eml"),
                  path.read_bytes())


def _temporary_file(world, books):
    path = _some_file(books)
    return _added(path.with_name(".new-" + path.stem), b"")


# -- rows -------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _row(world, there, back):
    world.records.execute(there)
    yield
    world.records.execute(back)


def _some_recipient(books):
    held_id = next(held_id for held_id in sorted(books.held) if books.recipients[held_id])
    address = books.recipients[held_id][0]["address"]
    return held_id, address, f"WHERE message = '{held_id}' AND address = '{address}'"


def _recipient_renamed(world, books):
    held_id, address, _ = _some_recipient(books)
    return _row(world, f"UPDATE held_recipient SET address = 'x' WHERE message = '{held_id}' AND address = '{address}'",
                f"UPDATE held_recipient SET address = '{address}' WHERE message = '{held_id}' AND address = 'x'")


def _other_quarantine(world, books):
    held_id, row = next((held_id, row) for held_id, row in books.held.items() if row["quarantine"] == "spam")
    return _row(world, f"UPDATE held_message SET quarantine = 'virus' WHERE id = '{held_id}'",
                f"UPDATE held_message SET quarantine = 'spam' WHERE id = '{held_id}'")


def _released(world, books):
    _, _, where = _some_recipient(books)
    return _row(world, f"UPDATE held_recipient SET state = 'released' {where}",
                f"UPDATE held_recipient SET state = 'held' {where}")


def _notice_refused(world, books):
    held_id, address, _ = _some_recipient(books)
    where = f"WHERE message = '{held_id}' AND recipient = '{address}'"
    return _row(world, f"UPDATE notice SET state = 'refused' {where}", f"UPDATE notice SET state = 'sent' {where}")


# -- what the sinks saw -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _seen(sink, change):
    before = sink.taken()
    with sink.pretending(change(list(before))):
        yield


def _some_delivery(world):
    return world.deliveries.taken()[0]


def _delivered_twice(world, books):
    return _seen(world.deliveries, lambda taken: [*taken, taken[0]])


def _not_delivered(world, books):
    return _seen(world.deliveries, lambda taken: taken[1:])


def _other_bytes(world, books):
    return _seen(world.deliveries, lambda taken: [dataclasses.replace(taken[0], sha="0"), *taken[1:]])


def _held_and_delivered(world, books):
    mail = next(mail for mail in books.mails.values() if mail.kind == "held")
    stray = dataclasses.replace(_some_delivery(world), subject=mail.subject, to=(next(iter(mail.held)),))
    return _seen(world.deliveries, lambda taken: [*taken, stray])


def _once(world, books):
    """A notice that was sent once only."""
    count = collections.Counter((t.subject, t.to) for t in world.notices.taken())
    return next(t for t in world.notices.taken() if count[t.subject, t.to] == 1)


def _not_told(world, books):
    once = _once(world, books)
    return _seen(world.notices, lambda taken: [t for t in taken if t is not once])


def _told_twice(world, books):
    once = dataclasses.replace(_once(world, books), name="pretended")
    # More often than there could be reasons.
    return _seen(world.notices, lambda taken: [*taken, *[once] * 20])


def _told_as_two(world, books):
    other = dataclasses.replace(_once(world, books), name="pretended", message_id="<other@our.example>")
    return _seen(world.notices, lambda taken: [*taken, other])


# -- answers and words ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _other_answer(world, books):
    mail: load.Mail = next(iter(books.mails.values()))
    before = mail.outcome
    mail.outcome = "refused" if before == "accepted" else "accepted"
    yield
    mail.outcome = before


@contextlib.contextmanager
def _assertion(world, books):
    path = world.nodes[0].daemon.log_file
    size = path.stat().st_size
    with open(path, "a", encoding="ascii") as file:
        file.write("quarantine-milter: holding.cpp:1: Assertion `false' failed.\n")
    yield
    os.truncate(path, size)
