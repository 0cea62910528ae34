"""Rows measured through a real Postfix, with its own smtp-source as the client."""
import statistics
import subprocess
import time

import milters
from figures import ratio
from harness import places, postfix

SESSIONS = 8
class NoSink:
    """Where Postfix would deliver to: everything is discarded inside it."""
    port = 25


class PostfixWith:
    """One Postfix, with an SMTP port for each milter."""

    def __init__(self, bench, candidates):
        self._bench = bench
        self.ports = {name: places.free_port() for name in candidates}
        services = "".join(
            f"127.0.0.1:{self.ports[name]} inet n - n - - smtpd -o smtpd_milters={milter.milter.for_postfix()}\n"
            for name, milter in candidates.items())
        # smtp-source writes no header of ours; what a check puts in front is seen by the milters.
        checks = bench.folder / "header_checks"
        checks.write_text("/^Subject: held/ PREPEND X-Spam-Flag: YES\n", encoding="ascii")
        self._postfix = postfix.Postfix(
            bench.folder, None, NoSink(), services=services,
            more=f"header_checks = regexp:{checks}\n"
                 "default_transport = discard:\nrelay_transport = discard:\nsmtpd_client_message_rate_limit = 0\n"
                 "in_flow_delay = 0\nqmgr_message_active_limit = 50000\n")
        self._postfix.start()

    def rate(self, name, messages, held):
        """Mails a second that this port takes."""
        began = time.monotonic()
        # A Message-ID of its own for each mail, and a recipient with a number.
        done = subprocess.run(
            ["/usr/sbin/smtp-source", "-N", "-s", str(SESSIONS), "-m", str(messages), "-l", "10240", "-S", "held" if held else "clean",
             "-f", "anna@shop.example", "-t", "somebody@our.example", f"127.0.0.1:{self.ports[name]}"],
            capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            raise AssertionError(f"smtp-source: {done.stderr}")
        return messages / (time.monotonic() - began)

    def idle(self):
        self._postfix.wait_idle(120)

    def close(self):
        self._postfix.stop()


def _rates(bench, behind, names, messages, held):
    found = {name: [] for name in names}
    for number in range(bench.rounds):
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(behind.rate(name, messages, held))
            behind.idle()
    return found


def through_postfix(bench):
    """Clean and held mail, over a unix socket and over TCP."""
    messages = 2000 if not bench.short else 50
    deaf = milters.DeafServer()
    quarantines = {"spam": {"regex": milters.REGEX, **milters.notices(bench.folder, deaf.port)}}
    with bench.closing(**{
            "ours unix": milters.Ours(bench.folder, "unix", quarantines, name="behind"),
            "ours tcp": milters.Ours(bench.folder, "tcp", quarantines, name="behind"),
            "clean floor unix": milters.clean_floor(bench.folder, "unix"),
            "clean floor tcp": milters.clean_floor(bench.folder, "tcp"),
            "held floor unix": milters.held_floor(bench.folder, "unix"),
            "held floor tcp": milters.held_floor(bench.folder, "tcp")}) as candidates:
        behind = PostfixWith(bench, candidates)
        try:
            for kind in ("clean", "held"):
                names = ["ours unix", "ours tcp", f"{kind} floor unix", f"{kind} floor tcp"]
                stored = {name: candidates[name].stored() for name in names if kind == "held"}
                found = _rates(bench, behind, names, messages, kind == "held")
                numbers = ", ".join(f"{name} {statistics.median(found[name]):.0f}/s" for name in names)
                ours, floor = zip(found["ours unix"], found["ours tcp"]), zip(found[names[2]], found[names[3]])
                yield ratio(f"through Postfix: {kind} mail a second, TCP / unix, against the floor's",
                            f"{SESSIONS} sessions", [(o[1] / o[0], f[1] / f[0]) for o, f in zip(ours, floor)],
                            goal=0.95, at_least=True, detail=numbers)
                if kind == "clean":
                    yield ratio("through Postfix: clean mail a second, against the accepting floor", f"unix, {SESSIONS} sessions",
                                list(zip(found["ours unix"], found["clean floor unix"])), goal=0.97, at_least=True,
                                detail=numbers)
                for name, before in stored.items():
                    kept = candidates[name].stored() - before
                    expected = messages * bench.rounds
                    bench.expect(kept == expected, f"{name} stored {kept} of {expected} through Postfix")
        finally:
            behind.close()
            deaf.close()
