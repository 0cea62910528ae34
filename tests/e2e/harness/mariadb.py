"""A private MariaDB."""
from . import places, processes


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
    def url(self):
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

    def freeze(self):
        """It takes connections and never answers."""
        processes.freeze(self.process.pid)

    def thaw(self):
        processes.thaw(self.process.pid)

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None
