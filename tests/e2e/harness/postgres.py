"""A private PostgreSQL."""
import json
import os
import pathlib
import signal
import subprocess

from . import places, processes


def _programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise RuntimeError("no PostgreSQL: run scripts/install-dependencies test")
    return found[-1].parent


class Postgres:
    """Database `qm`, user `qm`, password `qm`, on 127.0.0.1."""
    name = "PostgreSQL"

    def __init__(self, folder, fsync="off"):
        self._folder = folder.folder("postgres", owner="postgres")
        self.port = places.free_port()
        self.process = None
        data = self._folder / "data"
        self._as_postgres([_programs() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                           "--locale=C.UTF-8", "--no-sync"])
        with open(data / "postgresql.conf", "a", encoding="ascii") as file:
            file.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nfsync = {fsync}\n"
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

    def freeze(self):
        """It takes connections and never answers."""
        processes.freeze(self.process.pid)

    def thaw(self):
        processes.thaw(self.process.pid)

    def session(self):
        """A connection that is kept, as the superuser."""
        return Session([_programs() / "psql", "-qAtX", "-h", self._folder, "-p", self.port, "-U", "postgres", "-d",
                        "qm"])

    def kill(self):
        """kill -9 of the postmaster and all its children. (They have process groups of their own.)"""
        children = processes.children(self.process.pid)
        for process in (self.process.pid, *children):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.kill()
        places.wait_until("its processes are gone", lambda: not any(_alive(child) for child in children), 20)
        self.process = None

    def stop(self):
        if self.process is not None:
            self.process.stop(number=signal.SIGINT)
            self.process = None


class Session:
    """One psql that is asked again and again. Fails with ConnectionError when the server is gone."""
    _END = "-- end of the answer --"

    def __init__(self, args):
        # What it says against a statement comes between the rows of the answer, and is no JSON.
        self._psql = subprocess.Popen([str(a) for a in args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, encoding="utf-8", cwd="/", start_new_session=True)

    def lines(self, sql):
        """The answer as psql prints it."""
        try:
            self._psql.stdin.write(f"{sql};\n\\echo {self._END}\n")
            self._psql.stdin.flush()
        except OSError as problem:
            raise ConnectionError(f"psql is gone: {problem}") from None
        found = []
        while True:
            line = self._psql.stdout.readline()
            if not line:
                raise ConnectionError(f"psql is gone: {found}")
            if line.rstrip("\n") == self._END:
                return found
            if line.startswith(("FATAL:", "ERROR:", "server closed", "psql:")):
                raise ConnectionError(line.strip())
            found.append(line.rstrip("\n"))

    def rows(self, select):
        """The rows of a SELECT, as dictionaries."""
        return [json.loads(line) for line in self.lines(f"SELECT row_to_json(asked) FROM ({select}) AS asked")]

    def close(self):
        self._psql.kill()
        self._psql.wait()
        self._psql.stdin.close()
        self._psql.stdout.close()


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False
