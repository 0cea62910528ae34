"""The rules for logcheck know the lines of a normal day and no others."""
import pathlib
import subprocess
import sys

RULES = pathlib.Path(__file__).resolve().parents[2] / "conf/logcheck/quarantine-milter"
ID = "01m7y7e3gwrt0vpnzepphnx4es"
NORMAL = [
    f"3A3E110C961: quarantine=spam, id={ID}, from=<a@b.example>, to=<u@our.example>, size=285, action=DISCARD, delay=0.054, status=quarantined",
    f"3A3E110C961: quarantine=spam, id={ID}, from=<>, to=<u@our.example>, subject=\"a, b\", size=285, action=DISCARD, delay=0.054, status=quarantined-before",
    "3A3E110C961: quarantine=spam, id=none, from=\"<\\\"a,b\\\"@b.example>\", to=<u@our.example>, size=285, action=ACCEPT, delay=0.054, status=observed",
    f"3A3E110C961: quarantine=spam, id={ID}, from=\"<prvs=1x2y3z=a@b.example>\", to=<u@our.example>, subject=\"1=2\", size=285, action=DISCARD, delay=0.054, status=quarantined",
    f"6AL4xKeM005012: quarantine=h, id={ID}, from=<a@b.example>, to=<u@our.example>, size=1, action=HOLD, delay=0.054, status=mta-hold",
    "3A3E110C961: quarantine=spam, from=<a@b.example>, to=<u@our.example>, row=1, status=whitelisted",
    f"3A3E110C961: quarantine=spam, id={ID}, to=<u@our.example>, attempt=1, reply=250 2.0.0 Ok: queued as 4F4F310C562, status=told",
    "3A3E110C961: from=<>, to=<u@our.example>, kind=notice, status=own-mail-passed",
    "3A3E110C961: from=<a@b.example>, action=TEMPFAIL, status=deferred",
    "daemon: version=0.1.0, socket=unix:/run/quarantine-milter/milter.sock, catalog=sqlite:////var/lib/quarantine-milter/catalog.db, quarantines=2, status=ready",
    "daemon: version=0.1.0, socket=inet:1@127.0.0.1, catalog=\"postgresql://q@/q?host=/run/postgresql\", quarantines=2, status=ready",
    "daemon: quarantines=2, status=reloaded",
    "daemon: status=stopped",
    "postman: notices=3, status=taken-up-again",
    f"postman: id={ID}, status=spool-leftover-removed",
    "expire: quarantine=spam, messages=12, bytes=48211, untold=0, why=older than 30 days, status=expired",
    "expire: whitelist=sqlite:////var/lib/quarantine-milter/whitelist.db whitelist, rows=2, status=expired",
    f"3A3E110C961: quarantine=spam, id={ID}, from=<a@b.example>, to=<u@our.example>, reply=250 2.0.0 Ok: queued as 4F4F310C562, status=released",
    f"NOQUEUE: quarantine=spam, id={ID}, to=<u@our.example>, status=deleted",
    f"3A3E110C961: quarantine=spam, id={ID}, to=<u@our.example>, status=notice-due-again",
    "whitelist: quarantine=spam, row=17, from=<@shop.example>, to=<>, status=whitelist-added",
]
WORTH_A_LOOK = [
    "3A3E110C961: at=end of message, error=store: write x: No space left on device, action=TEMPFAIL, status=deferred",
    f"3A3E110C961: quarantine=spam, id={ID}, to=<u@our.example>, attempt=1, reply=550 5.1.1 no such user, status=notice-refused",
    f"3A3E110C961: quarantine=spam, id={ID}, to=<u@our.example>, attempt=1, reply=connection refused, status=notice-deferred",
    "3A3E110C961: quarantine=spam, header=Subject, size=60000, status=regex-gave-up",
    "daemon: error=the configuration has mistakes, status=\"not reloaded, the old configuration stays\"",
    "daemon: error=the listener or the postman does not answer, status=no-pulse",
    "daemon: status=stopped with work under way",
    f"3A3E110C961: quarantine=spam, id={ID}, from=<a@b.example>, to=<u@our.example>, reply=554 5.7.1 no, status=release-refused",
    "whitelist: status=last_used not written, reason=read only",
    "postman: error=catalog x: busy for 20000 ms, status=paused",
]
BEGINNINGS = ["Nov 21 04:59:17 mx quarantine-milter[4752]: ", "2026-11-21T04:59:17.810123+00:00 mx quarantine-milter[4752]: "]


def is_normal(line):
    return subprocess.run(["grep", "-E", "-q", "-f", RULES], input=line + "\n", text=True, check=False).returncode == 0


wrong = [line for text in NORMAL for line in (begin + text for begin in BEGINNINGS) if not is_normal(line)]
wrong += [line for text in WORTH_A_LOOK for line in (begin + text for begin in BEGINNINGS) if is_normal(line)]
print("\n".join(wrong) or "the rules hold")
sys.exit(1 if wrong else 0)
