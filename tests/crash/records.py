"""The catalog of the daemon, read beside it: SQLite or PostgreSQL."""
import os
import sqlite3

from harness import postgres


class SqliteRecords:
    name = "sqlite"

    def __init__(self, path):
        self._path = path
        self.database = None
        self.url = f"sqlite:///{path}"

    def rows(self, select):
        # No connection is kept: with one open, the daemon's next start would find nothing to recover.
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(select)]
        finally:
            connection.close()

    def execute(self, statement):
        connection = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        try:
            connection.execute(statement)
        finally:
            connection.close()

    def in_transaction(self, pid):
        """True while this process holds the lock of the one writer of the write-ahead log: byte 120 of the -shm file."""
        try:
            inode = os.stat(f"{self._path}-shm").st_ino
        except FileNotFoundError:
            return False
        with open("/proc/locks", encoding="ascii") as locks:
            for line in locks:
                fields = line.split()
                # "7: POSIX  ADVISORY  WRITE 4711 fe:00:1234 120 120"; who waits for a lock has "->" in front.
                if (fields[1] == "POSIX" and fields[3] == "WRITE" and fields[4] == str(pid)
                        and fields[5].endswith(f":{inode}") and int(fields[6]) <= 120
                        and (fields[7] == "EOF" or 120 <= int(fields[7]))):
                    return True
        return False

    def close(self):
        pass


class PostgresRecords:
    name = "postgresql"

    def __init__(self, folder):
        self.database = postgres.Postgres(folder, fsync="on")
        self.database.start()
        self.url = self.database.url
        self._session = None

    def _ask(self, question):
        for last in (False, True):
            try:
                if self._session is None:
                    self._session = self.database.session()
                return question(self._session)
            except ConnectionError:
                self.forget()
                if last:
                    raise

    def forget(self):
        """After the server was killed."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def rows(self, select):
        return self._ask(lambda session: session.rows(select))

    def execute(self, statement):
        self._ask(lambda session: session.lines(statement))

    def in_transaction(self, pid=None):
        """True while a connection of this process (of any, without a pid) is in a transaction."""
        rows = self.rows("SELECT client_port FROM pg_stat_activity WHERE usename = 'qm' AND"
                         " state IN ('active', 'idle in transaction', 'idle in transaction (aborted)')")
        return bool(rows) and (pid is None or not {row["client_port"] for row in rows}.isdisjoint(_ports_of(pid)))

    def in_commit(self):
        """True while a commit is under way: the one moment after which the daemon cannot know what is kept."""
        return bool(self.rows("SELECT pid FROM pg_stat_activity WHERE usename = 'qm' AND state = 'active'"
                              " AND upper(query) LIKE 'COMMIT%'"))

    def close(self):
        self.forget()
        self.database.stop()


def _ports_of(pid):
    """The local ports of this process's TCP connections."""
    sockets = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{number}")
        except OSError:
            continue
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
        next(table)
        rows = [line.split() for line in table]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[9] in sockets}
