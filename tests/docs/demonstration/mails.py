"""The mails of one night, as they come to our.example."""
import dataclasses
import time

USER = "user@our.example"
OFFICE = "office@our.example"


@dataclasses.dataclass
class Mail:
    name: str
    minutes: int      #: how long ago it came
    client: tuple     #: name and address of the server that handed it in
    sender: str
    recipients: list
    text: str
    held: bool = True
    id: str = ""      #: its id in the manual; made up when empty

    def data(self):
        return self.text.replace("\n", "\r\n").encode("utf-8")


LUNCH = Mail("lunch", 32, ("mail.customer.example", "192.0.2.10"), "anna@customer.example", [USER], """\
From: Anna Smith <anna@customer.example>
To: user@our.example
Subject: Lunch tomorrow?
Date: Sat, 21 Nov 2026 05:40:11 +0100
Message-ID: <lunch@customer.example>
X-Spam-Flag: NO

At noon, the usual place?
""", held=False)

PRIZE = Mail("prize", 28, ("mx7.lottery.example", "198.51.100.7"), "prizes@lottery.example", [USER, OFFICE], """\
From: "Prize department" <prizes@lottery.example>
To: user@our.example, office@our.example
Subject: You have won!
Date: Sat, 21 Nov 2026 05:44:02 +0100
Message-ID: <prize@lottery.example>
X-Spam-Flag: YES
X-Spam-Score: 17.2

Send us your bank details and we send you a million.
""")

RETURNED = Mail("returned", 23, ("mx.partner.example", "203.0.113.25"), "", [USER], """\
From: Mail Delivery System <MAILER-DAEMON@mx.partner.example>
To: user@our.example
Subject: Undelivered Mail Returned to Sender
Date: Sat, 21 Nov 2026 05:49:40 +0100
Message-ID: <returned@mx.partner.example>
Auto-Submitted: auto-replied
X-Spam-Flag: YES

This is the mail system at host mx.partner.example.

Your message to <orders@partner.example> could not be delivered.
""")

NEWSLETTER = Mail("newsletter", 15, ("mailer.shop.example", "192.0.2.17"), "newsletter@shop.example", [USER], """\
From: Great Offers <newsletter@shop.example>
To: user@our.example
Subject: =?utf-8?q?Offers_of_the_week_=E2=80=93_socks?=
Date: Sat, 21 Nov 2026 05:57:03 +0100
Message-ID: <newsletter@shop.example>
X-Spam-Flag: YES
X-Spam-Score: 5.1
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><head><script>alert("hello")</script></head><body>
<h1>Offers of the week</h1><p>Socks at half price, <a href="http://shop.example/track?you">only today</a>.</p>
<img src="http://shop.example/pixel.gif"></body></html>
""", id="01m7y7e3gwrt0vpnzepphnx4es")

VIRUS = Mail("virus", 9, ("unknown", "198.51.100.99"), "accounting@invoices.example", [OFFICE], """\
From: Accounting <accounting@invoices.example>
To: office@our.example
Subject: Invoice 4711
Date: Sat, 21 Nov 2026 06:03:27 +0100
Message-ID: <virus@invoices.example>
X-Virus-Status: Infected (Eicar-Signature)
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_border"

--=_border
Content-Type: text/plain

Please see the attachment.
--=_border
Content-Type: application/zip; name="invoice.zip"
Content-Disposition: attachment; filename="invoice.zip"
Content-Transfer-Encoding: base64

UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==
--=_border--
""")

ORDER = Mail("order", 4, ("mail.customer.example", "192.0.2.10"), "anna@customer.example", [OFFICE], """\
From: Anna Smith <anna@customer.example>
To: office@our.example
Subject: Order 2026-118
Date: Sat, 21 Nov 2026 06:08:51 +0100
Message-ID: <order@customer.example>
X-Spam-Flag: YES
X-Spam-Score: 5.0

Forty pairs, size 11, as last year.
""")

NIGHT = [LUNCH, PRIZE, RETURNED, NEWSLETTER, VIRUS, ORDER]


def in_a_mailbox():
    """A Maildir of a user: (name of the file, its bytes)."""
    subjects = ["Minutes of Monday", "Re: Minutes of Monday", "Invoice 2026-031", "Printer on the second floor",
                "Holidays", "Your invoice of November", "Re: Holidays", "Keys"]
    for number, subject in enumerate(subjects, 1):
        sender = "billing@supplier.example" if "nvoice" in subject else "colleague@our.example"
        text = (f"Return-Path: <{sender}>\nDelivered-To: {USER}\nFrom: {sender}\nTo: {USER}\nSubject: {subject}\n"
                f"Date: Fri, {number:02} Nov 2026 10:00:00 +0100\nMessage-ID: <{number}@mailbox.example>\n\nHello.\n")
        yield f"cur/17630000{number:02}.M{number}.mail:2,S", text.encode()


_OLD = """\
From: {name} <{sender}>
To: user@our.example
Subject: {subject}
Date: Fri, 01 Mar 2024 13:0{number}:00 +0100
Message-ID: <old{number}@{domain}>
X-Spam-Flag: YES

{subject}
"""


def of_the_ancestor():
    """Held by pyquarantine-milter in 2024: (name, metadata, bytes)."""
    for number, (name, sender, subject) in enumerate((("Watches", "w@cheap.example", "Watches"),
                                                      ("Ben Jones", "ben@partner.example", "Draft of the contract"),
                                                      ("Pills", "p@pills.example", "No prescription"))):
        text = _OLD.format(number=number, name=name, sender=sender, subject=subject, domain=sender.partition("@")[2])
        metadata = {"mailfrom": sender, "recipients": [USER], "timestamp": 1709294400 + 60 * number,
                    "queue_id": f"4TmbZ{number}2k1Zz", "vars": {}}
        yield f"20240301120{number}00_4TmbZ{number}2k1Zz", metadata, text.encode()


def old(days):
    """Mail that pyquarantine-milter would have held so many days ago: (name, metadata, bytes)."""
    data = _OLD.format(number=0, name="Old", sender="old@lottery.example", subject=f"From {days} days ago",
                       domain="lottery.example")
    metadata = {"mailfrom": "old@lottery.example", "recipients": [USER], "timestamp": int(time.time()) - days * 86400,
                "queue_id": "", "vars": {}}
    return f"old{days}", metadata, data.encode()
