"""Numbered mails, and senders that do with them what a mail server does: again until there is an answer."""
import dataclasses
import hashlib
import random
import threading
import time

from harness import smtp

# What happens to a recipient is decided by its domain and the flags of the mail: the whitelist of `phish` has
# @trusting.example and @both.example, that of `spam` has @fond.example, @both.example and everything of
# @friend.example; `virus` has none.
OUR, FOND, TRUSTING, BOTH = "our.example", "fond.example", "trusting.example", "both.example"
FLAGS = {"phish": "X-Phish: YES", "spam": "X-Spam-Flag: YES", "virus": "X-Virus: YES"}
WHITELISTED = {"phish": {TRUSTING, BOTH}, "spam": {FOND, BOTH}, "virus": set()}
WHITELISTED_SENDERS = {"phish": set(), "spam": {"friend.example"}, "virus": set()}
QUARANTINES = list(FLAGS)

# kind: (how often, flags, domains of the recipients, domain of the sender)
KINDS = {
    "clean": (14, [], [OUR, FOND], "shop.example"),
    "held": (36, ["spam"], [OUR], "shop.example"),
    "mixed": (16, ["spam"], [OUR, FOND], "shop.example"),
    "rejected": (12, ["virus"], [OUR, FOND, TRUSTING], "shop.example"),
    "double": (16, ["phish", "spam"], [OUR, TRUSTING, BOTH], "shop.example"),
    "friend": (6, ["spam"], [OUR], "friend.example"),
}
SMALL, MIDDLE, LARGE, HUGE = (1_000, 8_000), (8_000, 128_000), (128_000, 1_000_000), (5_000_000, 5_000_000)
SIZES = [(70, SMALL), (20, MIDDLE), (7, LARGE), (3, HUGE)]

_FILLER = b"".join(hashlib.sha512(b"%d" % i).hexdigest()[:76].encode() + b"\r\n" for i in range(5_200_000 // 78))


@dataclasses.dataclass
class Attempt:
    sha: str
    answer: str


@dataclasses.dataclass
class Mail:
    number: int
    kind: str
    sender: str
    recipients: dict       #: address -> the quarantine it has to end in, or None: it gets the mail
    size: int
    offset: int
    relabelled: bool       #: other X- headers at each attempt
    deaf: bool             #: the sender leaves behind the first final dot, before the answer
    attempts: list = dataclasses.field(default_factory=list)
    outcome: str = ""      #: "accepted", "refused", or nothing yet

    @property
    def subject(self):
        return f"n{self.number:07d} {self.kind}"

    @property
    def held(self):
        return {address: quarantine for address, quarantine in self.recipients.items() if quarantine}

    @property
    def passing(self):
        return [address for address, quarantine in self.recipients.items() if not quarantine]

    def message(self):
        """The bytes of the next attempt."""
        head = [f"From: Anna <{self.sender}>", f"To: {next(iter(self.recipients))}", f"Subject: {self.subject}",
                "Date: Sat, 21 Nov 2026 10:00:00 +0000", f"Message-ID: <n{self.number}@shop.example>",
                "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
        head += [FLAGS[quarantine] for quarantine in KINDS[self.kind][1]]
        run = len(self.attempts) + 1 if self.relabelled else 1
        head += [f"X-Scanner: scan.example; run {run}"] + ["X-Scanner-Seen: before"] * (run > 1)
        body = _FILLER[self.offset:self.offset + self.size]
        return "\r\n".join(head).encode() + f"\r\n\r\nMail {self.number}.\r\n".encode() + body


def made(seed, number):
    """Mail `number`: the same for the same seed."""
    chance = random.Random(f"{seed}/{number}")
    kind = chance.choices(list(KINDS), [row[0] for row in KINDS.values()])[0]
    _, flags, domains, from_domain = KINDS[kind]
    smallest, largest = chance.choices([size for _, size in SIZES], [often for often, _ in SIZES])[0]
    size = chance.randint(smallest, largest) // 78 * 78
    most = 3 if size > LARGE[0] else chance.choice([1, 1, 1, 2, 3, 5, 20])
    count = chance.randint(max(1, most // 2), most)
    recipients = {}
    for position in range(count):
        domain = domains[position % len(domains)] if position < len(domains) else chance.choice(domains)
        # Now and then an address with capitals: it has to come through as it was spelled.
        name = chance.choice(["r", "r", "r", "Recipient.", "R+tag"])
        recipients[f"{name}{position}@{domain.title() if chance.random() < 0.1 else domain}"] = _end(
            flags, domain, from_domain)
    all_held = all(recipients.values())
    return Mail(number, kind, f"s{number}@{from_domain}", recipients, size,
                chance.randrange(0, (len(_FILLER) - size) // 78 + 1) * 78,
                relabelled=chance.random() < 0.3, deaf=all_held and chance.random() < 0.04)


def _end(flags, domain, from_domain):
    for quarantine in QUARANTINES:
        if (quarantine in flags and domain not in WHITELISTED[quarantine]
                and from_domain not in WHITELISTED_SENDERS[quarantine]):
            return quarantine
    return None


class Senders:
    """Threads that send. `ports`: any of them will do. `may_go_on()`: false while no new mail is to be begun."""

    def __init__(self, ports, seed, count, may_go_on):
        self._ports = ports
        self._seed = seed
        self._may_go_on = may_go_on
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.mails = []
        self.troubles = []
        self.notices_expected = 0
        self._threads = [threading.Thread(target=self._send, args=(i,), daemon=True) for i in range(count)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop_new_mail(self):
        self._stop.set()

    def wait(self, seconds):
        """Waits until every mail begun has its answer: those that have none."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return [mail for mail in list(self.mails) if not mail.outcome]

    def _next(self):
        with self._lock:
            mail = made(self._seed, len(self.mails) + 1)
            self.mails.append(mail)
            return mail

    def _send(self, which):
        chance = random.Random(f"{self._seed}/sender/{which}")
        line = _Line(self._ports, chance)
        try:
            while not self._stop.is_set():
                if not self._may_go_on():
                    time.sleep(0.02)
                    continue
                self._until_answered(line, self._next(), chance)
        except Exception as problem:  # a sender that is gone would look like one that has nothing to do
            with self._lock:
                self.troubles.append(f"sender {which} ended: {problem!r}")
        line.drop()

    def _until_answered(self, line, mail, chance):
        while True:
            data = mail.message()
            attempt = Attempt(hashlib.sha256(data).hexdigest(), "under way")
            mail.attempts.append(attempt)
            leave = mail.deaf and len(mail.attempts) == 1
            try:
                attempt.answer = line.offer(mail, data, leave)
            except (OSError, ValueError) as problem:
                line.drop()
                attempt.answer = f"connection lost: {problem}"
            if attempt.answer[:1] in "25":
                with self._lock:
                    mail.outcome = "accepted" if attempt.answer[0] == "2" else "refused"
                    self.notices_expected += len(mail.held)
                return
            line.drop()
            time.sleep(chance.uniform(0.02, 0.3))


class _Line:
    """A connection to a mail server, kept for some mails."""

    def __init__(self, ports, chance):
        self._ports = ports
        self._chance = chance
        self._client = None
        self._mails = 0

    def drop(self):
        if self._client is not None:
            self._client.drop()
            self._client = None

    def offer(self, mail, data, leave):
        """The answer that ended the attempt."""
        if self._client is None or self._mails >= 20:
            self.drop()
            self._client = smtp.Client(self._chance.choice(self._ports), seconds=120)
            self._mails = 0
            if not self._client.offers.startswith("250"):
                return self._client.offers
        self._mails += 1
        replies = self._client.pipeline(f"MAIL FROM:<{mail.sender}>",
                                        *(f"RCPT TO:<{recipient}>" for recipient in mail.recipients), "DATA")
        bad = [reply for reply in replies[:-1] if reply.code != 250] or [
            reply for reply in replies[-1:] if reply.code != 354]
        if bad:
            # Where DATA was taken for the recipients that are left, the connection's end takes it back.
            return bad[0].text
        self._client.send(smtp.stuffed(data))
        if leave:
            self.drop()
            return "not waited for"
        return self._client.reply().text
