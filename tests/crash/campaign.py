"""Kills, one after another, while mail goes on."""
import dataclasses
import time

from harness import places

import look

# The moments: half of them at random, the others when something to be hit is seen.
MOMENTS = ["random", "transaction", "random", "file", "random", "notice", "random", "answered"]
_PATIENCE = 1.5


@dataclasses.dataclass
class Kills:
    victim: str
    sights: list = dataclasses.field(default_factory=list)
    recoveries: list = dataclasses.field(default_factory=list)  #: seconds until mail was held again
    deaths: list = dataclasses.field(default_factory=list)      #: ends of the daemon that nobody asked for

    def hits(self):
        """What was hit, and by how many kills."""
        def count(what):
            return sum(1 for sight in self.sights if what(sight))
        if self.victim == "daemon":
            return {"(a) open catalog transaction": count(lambda s: s.transaction),
                    "(b) message file before its link": count(lambda s: s.unnamed),
                    "(b) message file linked, not on record": count(lambda s: s.unrecorded),
                    "(c) notice between MAIL and its answer": count(lambda s: s.sending),
                    "(c) notice answered, not yet `sent`": count(lambda s: s.unsettled)}
        if self.victim == "mailserver":
            return {"notice before its final dot": count(lambda s: any(t.step == "open" for t in s.in_flight)),
                    "notice behind the dot, not taken": count(lambda s: any(t.step == "dot" for t in s.in_flight)),
                    "notice taken, not answered": count(lambda s: any(t.step == "taken" for t in s.in_flight))}
        return {"(a) open catalog transaction": count(lambda s: s.transaction),
                "(a) commit under way": count(lambda s: s.commit),
                "(b) message file before its link": count(lambda s: s.unnamed),
                "(c) notice between MAIL and its answer": count(lambda s: s.sending)}


# How what no kill has hit yet is aimed at.
AIMS = {"(a) open catalog transaction": "transaction",
        "(a) commit under way": "commit",
        "(b) message file before its link": "file",
        "(b) message file linked, not on record": "file",
        "(c) notice between MAIL and its answer": "in flight",
        "(c) notice answered, not yet `sent`": "answered",
        "notice before its final dot": "open",
        "notice behind the dot, not taken": "dot",
        "notice taken, not answered": "taken"}
MOST_AIMED = 100


def _moments(steps, count, kills):
    """`count` moments; and some more, well aimed, while there is something that no kill has hit yet."""
    for number in range(count):
        yield steps[number % len(steps)]
    for _ in range(MOST_AIMED):
        missed = [what for what, hits in kills.hits().items() if not hits]
        if not missed:
            return
        yield AIMS[missed[0]]


def _until(condition, chance):
    """Waits at random, then until the condition is seen, though not for long."""
    time.sleep(chance.uniform(0.05, 0.4))
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.0005)


def _wait_for(world, node, moment, chance):
    pid = node.daemon.process.pid
    if moment == "transaction":
        _until(lambda: world.records.in_transaction(pid), chance)
    elif moment == "commit":
        _until(world.records.in_commit, chance)
    elif moment == "file":
        _until(lambda: look.open_files(world, node), chance)
    elif moment == "notice":
        _until(lambda: any(t.step == "dot" and t.sender == node.sender for t in world.notices.live()), chance)
    elif moment == "in flight":
        _until(lambda: any(t.step != "taken" and t.sender == node.sender for t in world.notices.live()), chance)
    elif moment == "answered":
        # The sink's event comes before the daemon has read the answer: whatever is answered now is not settled yet.
        seen = world.notices.count()
        _until(lambda: world.notices.count() > seen and not any(
            t.step == "taken" for t in world.notices.live()), chance)
    else:
        time.sleep(chance.uniform(0.02, 1.0))


def kill_daemon(world, count, progress):
    chance = world.moments()
    kills = Kills("daemon")
    watch = look.DaemonWatch(world)
    for moment in _moments(MOMENTS, count, kills):
        node = chance.choice(world.nodes)
        _wait_for(world, node, moment, chance)
        _note_death(world, kills)
        world.freeze_daemon(node)
        kills.sights.append(watch.look(moment, node))
        _kill(world, node)
        if chance.random() < 0.15:
            # Also while it takes up what the last one left.
            node.daemon.launch()
            time.sleep(chance.uniform(0.0, 0.12))
            world.freeze_daemon(node)
            kills.sights.append(watch.glance("starting", node))
            _kill(world, node)
        world.start_daemon(node)
        progress(kills)
    return kills


def _kill(world, node):
    pid = node.daemon.process.pid
    node.daemon.kill()
    set_claims_free(world, pid)


def kill_mail_server(world, count, progress):
    chance = world.moments()
    kills = Kills("mailserver")
    steps = ["random", "dot", "taken", "random", "open"]
    for moment in _moments(steps, count, kills):
        if moment == "random":
            time.sleep(chance.uniform(0.05, 0.8))
        else:
            _until(lambda step=moment: any(t.step == step for t in world.notices.live()), chance)
        _note_death(world, kills)
        world.notices.freeze()
        sight = look.Sight(moment)
        sight.in_flight = world.notices.live()
        sight.sending = len(sight.in_flight)
        kills.sights.append(sight)
        world.notices.kill()
        time.sleep(chance.uniform(0.0, 0.2))
        world.notices.start()
        make_due(world)
        progress(kills)
    return kills


def kill_database(world, count, progress):
    chance = world.moments()
    kills = Kills("database")
    node = world.nodes[0]
    steps = ["commit", "transaction", "file", "commit", "notice", "random"]
    for moment in _moments(steps, count, kills):
        _wait_for(world, node, moment, chance)
        _note_death(world, kills)
        sight = look.Sight(moment)
        sight.unnamed = look.open_files(world, node)
        sight.in_flight = world.notices.live()
        sight.sending = len(sight.in_flight)
        # Last, because these do not take long.
        sight.commit = world.records.in_commit()
        sight.transaction = sight.commit or world.records.in_transaction()
        kills.sights.append(sight)
        world.records.database.kill()
        world.records.forget()
        time.sleep(chance.uniform(0.0, 0.5))
        world.records.database.start()
        began = time.monotonic()
        make_due(world)
        kills.recoveries.append(_goes_on(world, began))
        progress(kills)
    return kills


def _goes_on(world, began):
    """Seconds until the daemon keeps mail again."""
    def kept():
        return len(world.records.rows("SELECT id FROM held_message"))
    before = kept()
    places.wait_until("mail is held again", lambda: kept() > before or world.backlog() >= world.most_backlog, 60)
    return time.monotonic() - began


KILLERS = {"daemon": kill_daemon, "mailserver": kill_mail_server, "database": kill_database}


def make_due(world):
    """What the daemon would wait for 20 seconds and more is due now."""
    world.records.execute("UPDATE notice SET next_attempt = 0 WHERE state = 'due' AND attempts > 0")


def set_claims_free(world, pid):
    """The daemon with this pid is dead. In a catalog that several may share, what it has claimed is its own for 15
    minutes: they are over now. In SQLite the next start does it."""
    if world.records.database is not None:
        world.records.execute("UPDATE notice SET claimed_until = 0 WHERE state = 'due' AND claimed_until > 0"
                              f" AND claimed_by ~ '(^|:){pid}($|:)'")


def _note_death(world, kills):
    for node in world.nodes:
        if not node.daemon.process.running():
            kills.deaths.append(f"the daemon ended by itself before kill {len(kills.sights) + 1}, exit "
                                f"{node.daemon.process.exit_code}")
            world.start_daemon(node)


@dataclasses.dataclass
class Drained:
    troubles: list
    seconds: float = 0.0


def drain(world, seconds=180):
    """No more kills: waits until nothing is under way. What does not come to an end is told."""
    began = time.monotonic()
    result = Drained([])
    world.senders.stop_new_mail()
    for mail in world.senders.wait(seconds):
        result.troubles.append(f"mail {mail.number}: no answer yet after {len(mail.attempts)} attempts, the last: "
                               f"{mail.attempts[-1].answer}")
    result.troubles += world.senders.troubles
    try:
        world.mta.wait_idle(seconds)
    except places.TimedOut as problem:
        result.troubles.append(str(problem))
    if world.records.database is not None:
        _go_on_later(world)
    try:
        places.wait_until("no notice is due", lambda: make_due(world) or not _due(world), seconds)
        # What the last one left may be taken up still, and with it come notices.
        places.wait_until("no file is without a row", lambda: not look.unrecorded(world), 15)
        places.wait_until("no notice is due", lambda: make_due(world) or not _due(world), seconds)
        # A delivery whose mark is made may still be on the sink's way to its own.
        places.wait_until("the sink is idle", lambda: all(t.step == "open" for t in world.notices.live()), 20)
    except places.TimedOut as problem:
        result.troubles.append(str(problem))
    result.troubles += [f"notice still due: {row}" for row in _due(world)]
    result.seconds = time.monotonic() - began
    return result


def _due(world):
    return world.records.rows("SELECT message, recipient, attempts, claimed_by, reply FROM notice WHERE state = 'due'")


def _go_on_later(world):
    """On a server's catalog there might be another daemon: what may be its work is left alone, a file for ten minutes,
    a notice for fifteen. These are over now: all daemons start again, with a clock that is ahead."""
    for node in world.nodes:
        node.daemon.stop()
    for node in world.nodes:
        world.start_daemon(node, ahead="+20m")
