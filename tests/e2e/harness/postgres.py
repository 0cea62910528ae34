"""A private PostgreSQL."""
import os
import pathlib
import signal

from . import places, processes


def _programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise RuntimeError("no PostgreSQL: run scripts/install-dependencies test")
    return found[-1].parent


class Postgres:
    """Database `qm`, user `qm`, password `qm`, on 127.0.0.1."""
    name = "PostgreSQL"

    def __init__(self, folder):
        self._folder = folder.folder("postgres", owner="postgres")
        self.port = places.free_port()
        self.process = None
        data = self._folder / "data"
        self._as_postgres([_programs() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                           "--locale=C.UTF-8", "--no-sync"])
        with open(data / "postgresql.conf", "a", encoding="ascii") as file:
            file.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nfsync = off\n"
                       f"unix_socket_directories = '{self._folder}'\n")

    @property
    def url(self):
        return f"postgresql://qm:qm@127.0.0.1:{self.port}/qm"

    def _as_postgres(self, args):
        return processes.run(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *args], cwd="/")

    def _psql(self, sql, database="qm"):
        return processes.run([_programs() / "psql", "-qAt", "-h", self._folder, "-p", self.port, "-U", "postgres",
                              "-d", database, "-c", sql], cwd="/")

    def start(self):
        self.process = processes.Process(
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", _programs() / "postgres", "-D",
             self._folder / "data"], self._folder.parent / "postgres.log")
        places.wait_until("PostgreSQL answers", self._answers, 30)
        if "qm" not in self._psql("SELECT datname FROM pg_database", "postgres").split():
            self._psql("CREATE ROLE qm LOGIN PASSWORD 'qm'", "postgres")
            self._psql("CREATE DATABASE qm OWNER qm", "postgres")

    def _answers(self):
        try:
            return self._psql("SELECT 1", "postgres").strip() == "1"
        except RuntimeError:
            return False

    def execute(self, sql):
        return self._psql(sql)

    def _all(self):
        """The server's processes."""
        found = [self.process.pid]
        for number in found:
            children = pathlib.Path(f"/proc/{number}/task/{number}/children").read_text("ascii")
            found += [int(child) for child in children.split()]
        return found

    def freeze(self):
        """It takes connections and never answers."""
        for number in self._all():
            os.kill(number, signal.SIGSTOP)

    def thaw(self):
        for number in self._all():
            os.kill(number, signal.SIGCONT)

    def stop(self):
        if self.process is not None:
            self.process.stop(number=signal.SIGINT)
            self.process = None
