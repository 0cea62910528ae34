"""The rules of a large installation, and whitelists."""
import random
import sqlite3

OPTIONS = {}

_NAMES = ["Subject", "From", "To", "Cc", "Reply-To", "Return-Path", "Received", "List-Id", "X-Mailer", "User-Agent",
          "Content-Type", "Message-ID", "X-Originating-IP", "Authentication-Results", "Sender", "Organization"]
_WORDS = """invoice payment overdue account suspended verify password urgent lottery winner inheritance prince viagra cialis
pharmacy replica watches casino bonus crypto bitcoin wallet investment refund parcel delivery customs transfer bank statement
confirm identity security alert update billing subscription renewal prize claim offer discount cheap meds weight loss diet
mortgage loan credit score debt relief webinar guaranteed income remote job hiring singles dating proposal beneficiary donation
charity fund ministry consignment diplomatic box attorney barrister deceased next kin purchase order quotation remittance advice
voicemail fax scan document shared folder mailbox quota exceeded deactivate unlock undelivered pending messages release""".split()
_HOSTS = ["mailer", "gazette", "promo", "bulk", "track", "coupons", "deal", "outlet", "click", "send"]


def regex(number):
    """Rule number `number`: half of them begin with a header's name."""
    dice = random.Random(number)
    word, other, third = dice.sample(_WORDS, 3)
    tag = f"{dice.choice(_HOSTS)}{number}"
    shapes_with_name = [
        f"^Subject: .*\\b{word} {other}\\b",
        f"^Subject:\\s+(?:{word}|{other}|{third}) {tag}",
        f"^From:.*@(?:[\\w-]+\\.)?{tag}\\.example\\b",
        f"^{dice.choice(_NAMES)}: .*{tag}",
        f"^X-Spam-Level-{number}: (?P<stars>\\*+)$",
        f"^X-Rspamd-Action-{tag}:\\s*(reject|quarantine)\\s*$",
        f"^X-Virus-Status-{number}: Infected \\((?P<virus>[^)]+)\\)",
        f"^Received: from [\\w.-]*{tag}[\\w.-]* \\(\\[(?P<ip>[\\d.]+)\\]\\)",
        f"^Subject: (?!.*\\[list\\]).*{word}[ -]?{other}.*{third}",
        f"^(?:From|Reply-To|Sender): .*<[^>]*{word}\\d*@{tag}",
    ]
    shapes = [
        f"\\b{word}[\\s_-]+{other}\\b",
        f"(?P<offer>{word} {tag}|{tag} {other})",
        f"(?<!re: ){word}{other}{number}",
        f"{tag}\\.(?:example|test|invalid)",
        f"(?i){word}.{{0,20}}{other}.{{0,20}}{third}",
        f"[\\w.]+@{tag}\\.[a-z]{{2,7}}(?=>)",
        f"(?:{word}|{other})-{number}(?:-{third})?",
        f"({word})\\W+(\\w+\\W+){{0,3}}?({other})",
    ]
    return dice.choice(shapes_with_name if number % 2 == 0 else shapes)


def quarantines(count):
    return {f"q{number}": {"regex": regex(number)} for number in range(count)}


def fill_whitelist(path, rows, spared):
    """`rows` rows of which those of the first `spared` users (of 5 000) name recipients of milter_load."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE whitelist (id INTEGER PRIMARY KEY, mailfrom VARCHAR(255) NOT NULL DEFAULT '', "
                       "recipient VARCHAR(255) NOT NULL DEFAULT '', created TIMESTAMP, last_used TIMESTAMP, "
                       "comment TEXT, permanent BOOLEAN NOT NULL DEFAULT 0)")
    names = []
    for user in range(spared):
        for place in range(50):
            for domain in ("our", "branch"):
                names.append(f"user{user}.{place}@{domain}.example")
    names = names[:rows]
    names += [f"somebody{number}@elsewhere.example" for number in range(rows - len(names))]
    connection.executemany("INSERT INTO whitelist (mailfrom, recipient, permanent) VALUES ('', ?, 1)", ((name,) for name in names))
    connection.execute("CREATE INDEX by_both ON whitelist (recipient, mailfrom)")
    connection.commit()
    connection.close()
