"""A daemon under strace, and the load that it is watched under."""
import os
import pathlib
import signal
import threading

import system_calls
from disk import Disk
from harness import catalog, daemon, mails, milter, processes
from promise import Offered

_THREADS = 6
_MAILS = 18       # of each thread
_LARGE = 250_000

TOLD = {"notification_type": "EMAIL", "notification_email_from": "quarantine@our.example",
        "notification_email_subject": "Held", "smtp_port": "1",
        "notification_email_template": str(pathlib.Path(__file__).resolve().parents[2] / "templates/notice.html")}
QUARANTINES = {"virus": {"regex": "^X-Virus: ", "action": "ACCEPT"},
               "spam": {"regex": "^X-Spam-Flag: YES", **TOLD}}


class TracedDaemon(daemon.Daemon):
    """Everything it does to files and sockets is written down. `preload`: a library that is loaded first."""

    def __init__(self, *arguments, preload=None, **more):
        super().__init__(*arguments, **more)
        self.trace = self.folder.parent / f"{self.folder.name}.trace"
        self._preload = ["-E", f"LD_PRELOAD={preload}"] if preload else []

    def launch(self, *more, before=(), **environment):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "NOTIFY_SOCKET": self._notify.path,
               **environment}
        program = system_calls.command(self.trace, *self._preload, *before, daemon.program(), "-c", self.file, "-f", *more)
        self.process = processes.Process(program, self._log, env=env)

    def stop(self):
        # strace itself takes no signals.
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            os.kill(int(children.read().split()[0]), signal.SIGTERM)
        code = self.process.wait(60)
        self.process.kill()
        self.process = None
        return code, 0


class Load:
    """Mails small and large, for one quarantine or two, several at once; some of them harmless, some twice."""

    def __init__(self, where):
        self._where = where
        self.offered = {}   #: queue id -> Offered
        self.verdicts = {}  #: queue id -> Verdict
        self._lock = threading.Lock()

    def run(self):
        threads = [threading.Thread(target=self._connection, args=(number,)) for number in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self

    def _connection(self, number):
        with milter.MilterClient(self._where, seconds=120) as client:
            client.connect()
            for count in range(_MAILS):
                queue_id = f"4T{number:02}x{count:03}"
                mail = self._again(number, count) or self._mail(count)
                recipients = sorted(mail.recipients)
                verdict = client.mail("anna@shop.example", recipients, mail.message, queue_id=queue_id)
                with self._lock:
                    self.offered[queue_id] = mail
                    self.verdicts[queue_id] = verdict

    def _again(self, number, count):
        """Some mails come a second time."""
        return self.offered[f"4T{number:02}x{count - 1:03}"] if count % 9 == 8 else None

    @staticmethod
    def _mail(count):
        word = mails.token()
        spam, virus = count % 6 != 5, count % 3 == 1
        headers = (["X-Spam-Flag: YES"] if spam else []) + (["X-Virus: Eicar"] if virus else [])
        body = (f"{word}\r\n".encode() * (_LARGE // (len(word) + 2))) if count % 4 == 3 else f"{word}\r\n".encode()
        recipients = {"user@our.example", "other@our.example"} if count % 2 else {"user@our.example"}
        quarantines = ({"spam"} if spam else set()) | ({"virus"} if virus else set())
        return Offered(word, mails.mail(*headers, body=body, word=word), quarantines, recipients,
                       recipients if spam else set())


class Evidence:
    """One run of a daemon under load, from its very first start to its end."""

    def __init__(self, folder, where, preload=None):
        self.daemon = TracedDaemon(folder, QUARANTINES, milter=where, preload=preload, name="traced")
        self.root = self.daemon.folder
        self._before = Disk(self.root)
        self.daemon.start()
        try:
            self.load = Load(where).run()
            rows = catalog.Catalog(self.daemon.catalog_file).held()
            self.held = [(row.id, row.queue_id) for row in rows]
            self.exit_code = self.daemon.stop()[0]
        finally:
            self.daemon.close()
        self.calls = system_calls.read(self.daemon.trace)

    def disk(self):
        """As it was before the start."""
        return self._before.copy()
