"""Rows measured in the milter protocol, with milter_load in the place of a mail server."""
import statistics

import milters
import regexes
import world
from figures import ratio

BODY = "10K"


class Runs:
    """Runs of milter_load against several milters, in turn, round by round."""

    def __init__(self, bench):
        self._bench = bench
        self._number = 0

    def one(self, milter, *options, seconds=0.0, messages=0):
        """One run: its result with the CPU time of the milter, in microseconds a mail."""
        self._number += 1
        limit = ["--messages", messages] if messages else ["--duration", seconds]
        before = milters.cpu_seconds(milter.pid)
        load = world.Load(self._bench.folder, milter.milter, *limit, "--body", BODY, *options, name=f"load-{self._number}")
        try:
            result = load.result(600)
        finally:
            load.stop()
        if not result["good"]:
            raise AssertionError(f"{milter.name}: {result['failure']} {result['complaints']}")
        result["cpu_us"] = (milters.cpu_seconds(milter.pid) - before) * 1e6 / max(result["offers"], 1)
        return result

    def rounds(self, candidates, *options, **limits):
        """A list of results for each name of `candidates`; every round asks all of them, forwards and backwards in turn."""
        found = {name: [] for name in candidates}
        for number in range(self._bench.rounds):
            names = list(candidates)
            for name in names if number % 2 == 0 else reversed(names):
                found[name].append(self.one(candidates[name], *options, **limits))
        return found


def _of(results, field):
    return [result[field] for result in results]


def _pairs(found, ours, floor, field):
    return list(zip(_of(found[ours], field), _of(found[floor], field)))


def _us(found, *names):
    return ", ".join(f"{name} {statistics.median(_of(found[name], 'cpu_us')):.0f} us" for name in names)


def _rate(found, *names):
    return ", ".join(f"{name} {statistics.median(_of(found[name], 'mails_a_second')):.0f}/s" for name in names)


def _connections(bench):
    return (1, 4, 16, 100) if not bench.short else (4,)


TRANSPORTS = ("unix", "tcp")


def clean(bench):
    """CPU of a clean mail, and how many a second over TCP and over a unix socket."""
    candidates = {f"{name} {transport}": make(transport) for transport in TRANSPORTS for name, make in (
        ("floor", lambda transport: milters.clean_floor(bench.folder, transport)),
        ("quiet", lambda transport: milters.clean_floor(bench.folder, transport, "quiet_floor")),
        ("ours", lambda transport: milters.Ours(bench.folder, transport)))}
    last = []
    with bench.closing(**candidates):
        for connections in _connections(bench):
            found = Runs(bench).rounds(
                candidates, "--held", 0, "--connections", connections, "--threads", min(connections, 2),
                "--per-connection", 20, seconds=bench.seconds(3))
            for transport in TRANSPORTS:
                ours, floor, quiet = (f"{name} {transport}" for name in ("ours", "floor", "quiet"))
                where = f"{transport}, {connections} connections"
                yield ratio("CPU per clean mail, against the accepting floor", where,
                            _pairs(found, ours, floor, "cpu_us"), goal=1.05, detail=_us(found, ours, floor))
                yield ratio("CPU per clean mail, against a floor that does not trouble the system log", where,
                            _pairs(found, ours, quiet, "cpu_us"), detail=_us(found, ours, quiet))
            last.append(_transports("clean mail a second, TCP / unix, against the floor's", connections, found, "floor"))
            last.append(_transports("clean mail a second, TCP / unix, against the quiet floor's", connections, found, "quiet",
                                    goal=None))
    yield from last


def _transports(name, connections, found, floor, goal=0.95):
    rates = {key: _of(found[key], "mails_a_second") for key in ("ours tcp", "ours unix", f"{floor} tcp", f"{floor} unix")}
    pairs = [(ours_tcp / ours_unix, floor_tcp / floor_unix) for ours_tcp, ours_unix, floor_tcp, floor_unix in zip(*rates.values())]
    return ratio(name, f"{connections} connections", pairs, goal=goal, at_least=True, detail=_rate(found, *rates))


def many_rules(bench):
    """A thousand quarantines against one."""
    with bench.closing(
            one=milters.Ours(bench.folder, "unix", name="one"),
            thousand=milters.Ours(bench.folder, "unix", regexes.quarantines(1000), regexes.OPTIONS, name="thousand")) as both:
        for connections in _connections(bench):
            found = Runs(bench).rounds(both, "--held", 0, "--connections", connections, "--threads", min(connections, 2),
                                       "--per-connection", 20, seconds=bench.seconds(3))
            yield ratio("CPU per clean mail, 1 000 quarantines against one", f"unix, {connections} connections",
                        _pairs(found, "thousand", "one", "cpu_us"), goal=1.5, detail=_us(found, "thousand", "one"))


def held(bench):
    """Held mail: stored, on record, notice queued, everything durable."""
    deaf = milters.DeafServer()
    quarantines = {"spam": {"regex": milters.REGEX, **milters.notices(bench.folder, deaf.port)}}
    candidates = {f"{name} {transport}": make(transport) for transport in TRANSPORTS for name, make in (
        ("floor", lambda transport: milters.held_floor(bench.folder, transport)),
        ("ours", lambda transport: milters.Ours(bench.folder, transport, quarantines, name="holding")))}
    last = []
    with bench.closing(**candidates):
        count = {name: 0 for name in candidates}
        for connections in _connections(bench):
            found = Runs(bench).rounds(candidates, "--clean", 0, "--held", 1, "--connections", connections, "--threads",
                                       min(connections, 2), "--per-connection", 20, seconds=bench.seconds(4))
            for transport in TRANSPORTS:
                ours, floor = f"ours {transport}", f"floor {transport}"
                yield ratio("held mail a second, against the fsyncing floor", f"{transport}, {connections} connections",
                            _pairs(found, ours, floor, "mails_a_second"),
                            goal=0.8 if connections == 16 or bench.short else None, at_least=True,
                            detail=f"{_rate(found, ours, floor)}; CPU {_us(found, ours, floor)}")
            for name, candidate in candidates.items():
                count[name] += sum(_of(found[name], "offered"))
                bench.expect(candidate.stored() == count[name], f"{name} stored {candidate.stored()} of {count[name]}")
            last.append(_transports("held mail a second, TCP / unix, against the floor's", connections, found, "floor"))
    yield from last
    deaf.close()


def many_recipients(bench):
    """Fifty recipients, three quarantines, a whitelist of 100 000 rows."""
    rows = 100_000 if not bench.short else 2_000
    deaf = milters.DeafServer()
    quarantines = {}
    for number, spared in enumerate((1000, 500, 0)):
        path = bench.folder / f"whitelist-{number}.db"
        regexes.fill_whitelist(path, rows, spared)
        quarantines[f"q{number}"] = {
            "regex": milters.REGEX, "whitelist_type": "DB", "whitelist_db_connection": f"sqlite:///{path}",
            "whitelist_db_table": "whitelist", **milters.notices(bench.folder, deaf.port)}
    with bench.closing(floor=milters.held_floor(bench.folder, "unix"),
                       ours=milters.Ours(bench.folder, "unix", quarantines, name="crowd")) as both:
        found = Runs(bench).rounds(both, "--clean", 0, "--held", 1, "--connections", 16, "--threads", 2, "--per-connection", 20,
                                   "--recipients", 50, seconds=bench.seconds(4))
        yield ratio("held mail a second, 50 recipients in 3 quarantines, whitelists of 100 000 rows", "unix, 16 connections",
                    _pairs(found, "ours", "floor", "mails_a_second"), goal=0.5, at_least=True,
                    detail=f"{_rate(found, 'ours', 'floor')}; CPU {_us(found, 'ours', 'floor')}")
        mails = sum(_of(found["ours"], "offered"))
        files = both["ours"].stored()
        bench.expect(mails < files <= 3 * mails, f"{files} files of {mails} mails in three quarantines")
    deaf.close()
