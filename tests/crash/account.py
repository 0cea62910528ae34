"""The books: every number and every recipient, nothing left out."""
import collections
import hashlib
import itertools
import re

from harness import store

import look
from world import identity

_NUMBER = re.compile(r"^n(\d+) ")
_BAD_WORDS = re.compile(r"assert|terminate called|Sanitizer|libmilter ended by itself|logic_error|runtime error", re.I)
_FIELD = re.compile(r'(\w+)=("(?:[^"]|"")*"|[^,]*)')
#: Deliveries that the daemon can have under way at once: a kill may make so many notices go out twice.
IN_FLIGHT = 4


class Books:
    def __init__(self, world, kills, drained):
        self.world = world
        self.kills = kills
        self.mails = {mail.number: mail for mail in world.senders.mails}
        self.violations = []   #: (number or None, what)
        self.numbers = collections.Counter()
        self.doubles = []
        self.statuses = collections.Counter()
        for trouble in drained.troubles + kills.deaths + world.started_badly:
            self._wrong(None, trouble)

    def _wrong(self, number, what):
        self.violations.append((number, what))

    def close(self):
        """Does all the counting; the daemon still runs."""
        self._read_log()
        self._read_catalog()
        self._read_files()
        self._check_answers()
        self._check_deliveries()
        self._check_held()
        self._check_notices()
        self._check_store()
        self._check_log()
        return self

    # -- what there is --------------------------------------------------------------------------------

    def _read_log(self):
        self.log = [line for node in self.world.nodes for line in node.daemon.log().splitlines()]
        self.log_of = collections.defaultdict(list)
        self.unknown = collections.Counter()  #: (id, recipient) -> logged unknown outcomes
        for line in self.log:
            fields = {name: value.strip('"') for name, value in _FIELD.findall(line)}
            if "status" in fields:
                self.statuses[fields["status"]] += 1
            if fields.get("status") == "notice-unknown":
                self.unknown[fields.get("id"), fields.get("to", "").strip("<>")] += 1
            for number in re.findall(r"from=<s(\d+)@", line):
                self.log_of[int(number)].append(line)
            if "id" in fields:
                self.log_of[fields["id"]].append(line)

    def _read_catalog(self):
        rows = self.world.records.rows
        self.held = {row["id"]: row for row in rows("SELECT id, quarantine, sender, subject, gone FROM held_message")}
        self.recipients = collections.defaultdict(list)
        for row in rows("SELECT message, address, state FROM held_recipient"):
            self.recipients[row["message"]].append(row)
        self.notice_rows = collections.defaultdict(list)
        for row in rows("SELECT message, recipient, send_to, state, attempts, message_id, reply FROM notice"):
            self.notice_rows[row["message"], row["recipient"]].append(row)
        self.ids_of = collections.defaultdict(list)
        for held_id, row in self.held.items():
            found = _NUMBER.match(row["subject"])
            if not found or int(found[1]) not in self.mails:
                self._wrong(None, f"row {held_id}: of no mail that was sent: {row['subject']!r}")
                continue
            self.ids_of[int(found[1])].append(held_id)
        self.numbers["messages on record"] = len(self.held)

    def _read_files(self):
        self.files, others = look.files(self.world)
        for path in others:
            self._wrong(None, f"temporary file: {path}")
        self.shas = {}
        for held_id, paths in self.files.items():
            for path in paths[1:]:
                self._wrong(None, f"file {path}: there is also {paths[0]}")
            try:
                stored = store.Store.read(paths[0])
            except ValueError as problem:
                self._wrong(None, f"file: {problem}")
                continue
            self.shas[held_id] = hashlib.sha256(stored.data).hexdigest()
            if held_id not in self.held:
                found = re.search(rb"(?m)^Subject: n(\d+) ", stored.data[:4000])
                number = int(found[1]) if found else None
                self._wrong(number, f"file without a row: {paths[0]}")
                self.numbers["files without a row"] += 1
        for held_id in self.held:
            if held_id not in self.files:
                self._wrong(self._number(held_id), f"row without a file: {held_id}")
                self.numbers["rows without a file"] += 1
        self.numbers["message files"] = len(self.files)

    def _number(self, held_id):
        found = _NUMBER.match(self.held[held_id]["subject"])
        return int(found[1]) if found else None

    # -- what has to be -------------------------------------------------------------------------------

    def _check_answers(self):
        for mail in self.mails.values():
            wanted = "refused" if "virus" in mail.recipients.values() else "accepted"
            if mail.outcome != wanted:
                self._wrong(mail.number, f"the sender was to hear {wanted}, and heard {mail.outcome or 'nothing'}")
            self.numbers["attempts"] += len(mail.attempts)
            self.numbers[mail.outcome or "unanswered"] += 1
            self.numbers["recipients"] += len(mail.recipients)
            self.numbers[f"mails {mail.kind}"] += 1
            if len(mail.attempts) > 1:
                self.numbers["mails offered more than once"] += 1

    def _check_deliveries(self):
        delivered = collections.defaultdict(list)
        for transaction in self.world.deliveries.taken():
            found = _NUMBER.match(transaction.subject)
            if not found or int(found[1]) not in self.mails:
                self._wrong(None, f"delivered, and never sent: {transaction.subject!r} to {transaction.to}")
                continue
            for address in transaction.to:
                delivered[int(found[1]), address].append(transaction)
        for mail in self.mails.values():
            for address, quarantine in mail.recipients.items():
                got = delivered.pop((mail.number, address), [])
                self.numbers["deliveries"] += len(got)
                if quarantine and got:
                    self._wrong(mail.number, f"{address}: delivered {len(got)} times, and was to be held in {quarantine}")
                elif not quarantine and len(got) != 1:
                    self._wrong(mail.number, f"{address}: delivered {len(got)} times, and was to get it once")
                elif got and got[0].sha != mail.attempts[-1].sha:
                    self._wrong(mail.number, f"{address}: got other bytes than the attempt that was accepted")
        for number, address in delivered:
            self._wrong(number, f"{address}: got the mail, and is none of its recipients")

    def _check_held(self):
        for mail in self.mails.values():
            found = collections.Counter()
            for held_id in self.ids_of[mail.number]:
                row = self.held[held_id]
                if row["gone"]:
                    self._wrong(mail.number, f"{held_id}: on record as gone")
                if row["sender"] != mail.sender:
                    self._wrong(mail.number, f"{held_id}: on record from {row['sender']!r}")
                if held_id in self.shas and self.shas[held_id] not in {a.sha for a in mail.attempts}:
                    self._wrong(mail.number, f"{held_id}: its file is none of the {len(mail.attempts)} sent")
                for recipient in self.recipients[held_id]:
                    found[recipient["address"], row["quarantine"]] += 1
                    if recipient["state"] != "held":
                        self._wrong(mail.number, f"{held_id}: {recipient['address']} is {recipient['state']!r}")
            wanted = collections.Counter((address, quarantine) for address, quarantine in mail.held.items())
            self.numbers["held recipients"] += sum(found.values())
            for (address, quarantine), count in (found - wanted).items():
                self._wrong(mail.number, f"{address}: on record {count} times too often as held in {quarantine}")
            for address, quarantine in (wanted - found):
                self._wrong(mail.number, f"{address}: not on record as held in {quarantine}")

    def _check_notices(self):
        taken = collections.defaultdict(list)
        for transaction in self.world.notices.taken():
            known = identity(transaction)
            if known is None or known[0] not in self.mails:
                self._wrong(None, f"a notice of nothing: {transaction.subject!r} to {transaction.to}")
                continue
            taken[known[:3]].append(transaction)
        per_kill = collections.Counter()
        for mail in self.mails.values():
            for address, quarantine in mail.held.items():
                told = taken.pop((mail.number, quarantine, address), [])
                self.numbers["notices taken"] += len(told)
                if not told:
                    self._wrong(mail.number, f"{address}: never told")
                elif len(told) > 1:
                    self._explain_double(mail, address, told, per_kill)
            for held_id in self.ids_of[mail.number]:
                for recipient in self.recipients[held_id]:
                    rows = self.notice_rows.pop((held_id, recipient["address"]), [])
                    if [row["state"] for row in rows] != ["sent"]:
                        self._wrong(mail.number, f"{held_id}: the notices of {recipient['address']} on record: {rows}")
        for number, quarantine, address in taken:
            self._wrong(number, f"{address}: told of {quarantine}, and is not held there")
        for (held_id, address), rows in self.notice_rows.items():
            self._wrong(None, f"{held_id}: a notice to {address}, who is no recipient: {rows}")
        for number, count in per_kill.items():
            if count > IN_FLIGHT:
                self._wrong(None, f"kill {number} made {count} notices go out twice; {IN_FLIGHT} can be under way")

    def _explain_double(self, mail, address, told, per_kill):
        """A second time is allowed for one that was under way at a kill, or whose outcome was logged as unknown."""
        extra = len(told) - 1
        self.numbers["notices taken twice"] += extra
        if len({t.message_id for t in told}) != 1:
            self._wrong(mail.number, f"{address}: told {len(told)} times under different Message-IDs: "
                                     f"{[(t.message_id, identity(t)[3]) for t in told]}")
            return
        reasons = []
        names = {t.name for t in told}
        for kill, sight in enumerate(self.kills.sights, 1):
            if self.kills.victim == "daemon" and names & {t.name for t in sight.in_flight}:
                reasons.append(f"under way at kill {kill}")
                per_kill[kill] += 1
        held_id = identity(told[0])[3]
        unknown = self.unknown[held_id, address]
        reasons += ["logged as unknown"] * unknown
        self.doubles.append(f"mail {mail.number} to {address}, {told[0].message_id}: {len(told)} times; "
                            f"{', '.join(reasons) or 'for no reason'}")
        if len(reasons) < extra:
            self._wrong(mail.number, f"{address}: told {len(told)} times ({held_id}), and only {len(reasons)} reasons: "
                                     f"{reasons}")

    def _check_store(self):
        said = self.world.nodes[0].daemon.ctl().run("store", "check", seconds=300)
        if said.code != 0:
            self._wrong(None, f"store check: {said}")

    def _check_log(self):
        for line in self.log:
            if _BAD_WORDS.search(line):
                self._wrong(None, f"in the log: {line}")
            left = re.search(r"\bid=(\w+).*status=leftover\b", line)
            if left and left[1] in self.files and left[1] not in self.held:
                self._wrong(None, f"a leftover that nobody took away: {line}")

    # -- for people -----------------------------------------------------------------------------------

    def told(self, number):
        """All that is known about a number."""
        mail = self.mails.get(number)
        if mail is None:
            return []
        lines = [f"  sent: {mail.kind}, {mail.size} bytes of body, from {mail.sender} to "
                 + ", ".join(f"{a} ({q or 'passes'})" for a, q in mail.recipients.items())]
        answers = [attempt.answer.splitlines()[0] for attempt in mail.attempts]
        for answer, run in itertools.groupby(answers):
            count = len(list(run))
            lines.append(f"  answer{f', {count} times' if count > 1 else ''}: {answer}")
        lines += [f"  log: {line}" for line in self.log_of[number][:30]]
        for held_id in self.ids_of[number]:
            lines += [f"  log: {line}" for line in self.log_of[held_id] if line not in self.log_of[number]][:20]
        return lines
