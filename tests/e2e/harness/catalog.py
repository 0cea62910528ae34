"""Reads the daemon's catalog, without the daemon."""
import dataclasses
import sqlite3


@dataclasses.dataclass
class Held:
    """A row of held_message with its recipients and notices."""
    row: dict
    recipients: dict  #: address -> state
    notices: dict     #: recipient -> {"state": ..., "attempts": ..., "reply": ...}

    def __getattr__(self, name):
        try:
            return self.row[name]
        except KeyError:
            raise AttributeError(name) from None


class Catalog:
    def __init__(self, path):
        self._path = path

    def connect(self):
        connection = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")  # addresses are any bytes
        return connection

    def held(self, quarantine=None):
        """Everything held, oldest first."""
        connection = self.connect()
        try:
            connection.execute("BEGIN")
            found = []
            for row in connection.execute("SELECT * FROM held_message ORDER BY id").fetchall():
                if quarantine is not None and row["quarantine"] != quarantine:
                    continue
                recipients = connection.execute(
                    "SELECT address, state FROM held_recipient WHERE message = ? ORDER BY position", (row["id"],))
                notices = connection.execute("SELECT * FROM notice WHERE message = ?", (row["id"],))
                found.append(Held(dict(row), {r["address"]: r["state"] for r in recipients},
                                  {n["recipient"]: dict(n) for n in notices}))
            return found
        finally:
            connection.close()

    def notices(self):
        """All notices, oldest first."""
        connection = self.connect()
        try:
            return [dict(row) for row in connection.execute("SELECT * FROM notice ORDER BY number")]
        finally:
            connection.close()

    def recipients(self, held_id):
        """The rows of held_recipient of one message, by address."""
        connection = self.connect()
        try:
            return {row["address"]: dict(row) for row in connection.execute(
                "SELECT * FROM held_recipient WHERE message = ? ORDER BY position", (held_id,))}
        finally:
            connection.close()

    def forget_own_mail(self):
        """Makes the time of all mail of ours be over: what comes back from now on is a stranger's."""
        connection = self.connect()
        try:
            return connection.execute("UPDATE own_mail SET until = 0").rowcount
        finally:
            connection.close()

    def execute(self, statement, *values):
        connection = self.connect()
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def make_due(self):
        """Makes every open notice due now, so that no test waits for a retry's time."""
        connection = self.connect()
        try:
            connection.execute("UPDATE notice SET next_attempt = 0 WHERE state = 'due'")
        finally:
            connection.close()


class Lock:
    """Holds the catalog as a stuck program would: nobody else can write, as long as it is entered."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        self._connection = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        self._connection.execute("BEGIN EXCLUSIVE")
        return self

    def __exit__(self, *_):
        self._connection.execute("ROLLBACK")
        self._connection.close()


def add_whitelist(path, table, *rows):
    """Adds (mailfrom, recipient) rows to a whitelist in an SQLite file; the table is created when missing."""
    connection = sqlite3.connect(path, timeout=20)
    with connection:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, mailfrom VARCHAR(255)"
            " NOT NULL DEFAULT '', recipient VARCHAR(255) NOT NULL DEFAULT '', created DATETIME NOT NULL,"
            " last_used DATETIME NOT NULL, comment TEXT NOT NULL DEFAULT '', permanent BOOLEAN NOT NULL DEFAULT 0,"
            " UNIQUE (mailfrom, recipient))")
        connection.executemany(
            f"INSERT INTO {table} (mailfrom, recipient, created, last_used)"
            " VALUES (?, ?, datetime('now'), datetime('now'))", rows)
    connection.close()
