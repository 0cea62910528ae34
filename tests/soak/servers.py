"""Database servers that can be stopped in their tracks."""
import os
import pathlib
import signal

import world  # noqa: F401  (the harness comes with it)
from harness import places, postgres, processes


def _family(pid):
    """The process and everything below it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path(f"/proc/{entry}/stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            parents[int(entry)] = int(stat[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def freeze(server):
    """SIGSTOP: its connections stay, and nobody answers. What it starts while we look is stopped as well."""
    stopped = set()
    while True:
        running = set(_family(server.process.pid)) - stopped
        if not running:
            return
        for pid in running:
            os.kill(pid, signal.SIGSTOP)
        stopped |= running


def thaw(server):
    for pid in _family(server.process.pid):
        os.kill(pid, signal.SIGCONT)


class Postgres(postgres.Postgres):
    whitelist_url = property(lambda self: self.url)


class MariaDb:
    """Database `qm`, user `qm`, password `qm`, on 127.0.0.1."""
    name = "MariaDB"

    def __init__(self, folder):
        self._folder = folder.folder("mariadb", owner="mysql")
        self.port = places.free_port()
        self.process = None
        self._statements = self._folder / "statements.sql"
        self._statements.write_text("create database if not exists qm character set utf8mb4;\n"
                                    "create user if not exists qm@'%' identified by 'qm';\n"
                                    "create user if not exists qm@localhost identified by 'qm';\n"
                                    "grant all on qm.* to qm@'%';\ngrant all on qm.* to qm@localhost;\n", "ascii")
        processes.run([*self._as_mysql(), "/usr/bin/mariadb-install-db", "--no-defaults",
                       f"--datadir={self._folder}/data", "--basedir=/usr", "--auth-root-authentication-method=normal",
                       "--skip-test-db", "--innodb-flush-log-at-trx-commit=0"], cwd="/")

    @staticmethod
    def _as_mysql():
        return ["setpriv", "--reuid=mysql", "--regid=mysql", "--clear-groups"]

    @property
    def whitelist_url(self):
        return f"mysql://qm:qm@127.0.0.1:{self.port}/qm"

    def start(self):
        self.process = processes.Process(
            [*self._as_mysql(), "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self._folder}/data",
             f"--init-file={self._statements}", f"--socket={self._folder}/my.sock",
             f"--pid-file={self._folder}/my.pid", "--bind-address=127.0.0.1", f"--port={self.port}",
             "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M",
             "--performance-schema=OFF"], self._folder.parent / "mariadb.log")
        places.wait_until("MariaDB answers", self._answers, 60)

    def _answers(self):
        try:
            return self.execute("SELECT 1").strip() == "1"
        except RuntimeError:
            return False

    def execute(self, sql):
        return processes.run(["/usr/bin/mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", self.port, "-u", "qm",
                              "-pqm", "-N", "-e", sql, "qm"], cwd="/")

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None
