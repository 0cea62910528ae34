"""quarantinectl config: the daemon's own words about the configuration, and no secret in them."""
import pathlib
import time

from harness import ctl, mails, places
from harness.ancestor import Ancestor
from harness.case import DaemonCase
from harness.daemon import program
from harness.mta import MilterSocket

RULES = {"spam": {"regex": "^X-Spam-Flag: YES"}}
ROOT = pathlib.Path(__file__).resolve().parents[2]


class ConfigCase(DaemonCase):
    def test_check_says_what_the_daemon_says(self):
        template = self.folder / "broken.html"
        template.write_text("{NO_SUCH_NAME}", encoding="ascii")
        away = {"whitelist_type": "DB", "whitelist_db_table": "whitelist",
                "whitelist_db_connection": f"postgresql://qm:s3cr3t@127.0.0.1:{places.free_port()}/qm"}
        for quarantines, options, code in (
                (RULES, {}, 0), ({"spam": {"regex": "("}}, {}, 78), (RULES, {"no_such": "1"}, 78),
                (RULES, {"catalog": "sqlite:////nonexistent/folder/catalog.db"}, 69),
                ({"spam": {**RULES["spam"], **away}}, {}, 69),
                ({"spam": {**RULES["spam"], "quarantine_directory": "/nonexistent"}}, {}, 78),
                ({"spam": {**RULES["spam"], "notification_type": "EMAIL", "notification_email_from": "q@our.example",
                           "notification_email_subject": "x", "notification_email_template": str(template)}}, {}, 78),
                (RULES, {"user": "no-such-user"}, 78), (RULES, {"socket": "nonsense"}, 78)):
            with self.subTest((quarantines, options)):
                if quarantines["spam"].get("quarantine_directory") == "/nonexistent":
                    made = self.new_daemon(RULES, options)
                    made.write(made.file.read_text().replace(str(made.folder / "spam"), "/nonexistent/spam"))
                else:
                    made = self.new_daemon(quarantines, options)
                before = sorted(made.folder.rglob("*"))
                daemon_code, text = made.check()
                said = made.ctl().run("config", "check")
                self.assertEqual((said.code, daemon_code), (code, code), said)
                for line in text.splitlines():
                    if str(made.file) in line and "warning" not in line and not line.endswith(" ok"):
                        self.assertIn(line.removeprefix("quarantine-milter: ").strip(), said.errors + said.text)
                self.assertNotIn("s3cr3t", said.errors + said.text)
                said = made.ctl().run("config", "check", "--json")
                self.assertEqual((said.code, said.json["ok"]), (code, code == 0))
                self.assertEqual(sorted(made.folder.rglob("*")), before)

    def test_every_mistake_has_its_line(self):
        made = self.new_daemon(RULES)
        made.write("[global]\nquarantines = spam\npreferred_quarantine_action = middle\nno_such = 1\n"
                   "[spam]\nregex = (\n")
        found = {(one["line"], one["option"]) for one in made.ctl().run("config", "check", "--json").json["mistakes"]}
        self.assertLessEqual({(3, "preferred_quarantine_action"), (4, "no_such"), (6, "regex")}, found)

    def test_show_hides_every_secret(self):
        password_file = self.folder / "password"
        password_file.write_text("s3cr3t-in-a-file", encoding="ascii")
        made = self.new_daemon(
            {"spam": {**RULES["spam"], "whitelist_type": "DB", "whitelist_db_table": "whitelist",
                      "whitelist_db_connection": "mysql://qm:s3cr3t-database@127.0.0.1:3306/qm"},
             "virus": {"regex": "^X-Virus: ", "smtp_password": "s3cr3t-direct", "smtp_user": "u"}},
            {"smtp_user": "desk", "smtp_password_file": str(password_file)})
        for arguments in ((), ("--json",)):
            said = self.ctl(made, "config", "show", *arguments)
            self.assertNotIn("s3cr3t", said.text + said.errors)
            for words in ("^X-Virus:", "desk", "quarantine_directory"):
                self.assertIn(words, said.text)
        said = self.ctl(made, "config", "show", "--json").json
        self.assertEqual([one["name"] for one in said["quarantines"]], ["spam", "virus"])
        self.assertEqual(said["quarantines"][0]["options"]["regex"], "^X-Spam-Flag: YES")
        # Defaults are shown too, so that what is in effect can be seen.
        self.assertEqual(said["quarantines"][0]["options"]["on_regex_limit"], "match")

    def test_what_show_prints_is_a_configuration_that_says_the_same(self):
        made = self.new_daemon({"spam": {"regex": r"^X-Odd: (a%%b|c ; d|\s+#)$"}, "virus": {"regex": "^X-Virus: "}})
        text = self.ctl(made, "config", "show").text
        again = self.folder / "again.conf"
        again.write_text(text, encoding="utf-8")
        again.chmod(0o640)
        said = ctl.Ctl(program("quarantinectl"), again).run("config", "show")
        self.assertEqual((said.code, said.text), (0, text), said)

    def test_reference_is_the_manual(self):
        said = ctl.Ctl(program("quarantinectl")).run("config", "reference")
        self.assertEqual(said.code, 0, said)
        self.assertIn(said.text.strip(), (ROOT / "docs" / "configuration.md").read_text("utf-8"))

    def test_the_skeleton_becomes_a_configuration_when_it_is_filled_in(self):
        made = self.new_daemon(RULES)
        text = self.ctl(made, "config", "reference", "--ini").text
        filled = text.replace("quarantines = virus, spam", "quarantines = spam")
        for option, value in (("preferred_quarantine_action", "first"), ("regex", "^X: "), ("quarantine_type", "NONE"),
                              ("action", "DISCARD"), ("notification_type", "NONE"), ("whitelist_type", "NONE")):
            filled = "\n".join(f"{option} = {value}" if line.split("=")[0].strip() == option else line
                               for line in filled.splitlines())
        made.write(filled + "\n")
        said = made.ctl().run("config", "check")
        # Folders and the user of a real installation are not on this machine; mistakes of the file there are none.
        self.assertNotRegex(said.errors, r"(?m)^\S+:\d+: \[(?!global\] user)")

    def test_an_unreadable_configuration_is_77_for_others(self):
        made = self.new_daemon(RULES)
        made.file.chmod(0o600)
        for verb in (["list"], ["config", "check"], ["config", "show"], ["status"]):
            said = made.ctl().run(*verb, user="nobody")
            self.assertEqual(said.code, 77, said)
            self.assertIn(str(made.file), said.errors)


class UserCase(DaemonCase):
    """Started as root it becomes the daemon's user: nothing in the daemon's folders ever belongs to root."""

    def desk(self):
        whitelist = {"whitelist_type": "DB", "whitelist_db_table": "whitelist"}
        made = self.new_daemon(RULES, {"user": "nobody", "smtp_port": str(self.sink.port)},
                               milter=MilterSocket(path=str(self.folder.folder(mails.token()) / "sock")))
        made.configure({"spam": {**RULES["spam"], **whitelist, "quarantine_days": "30",
                                 "whitelist_db_connection": f"sqlite:///{made.folder}/whitelist.db"}},
                       {"user": "nobody", "smtp_port": str(self.sink.port)})
        made.belongs_to("nobody")
        return made

    def every_verb(self, made, ids):
        """Everything that writes, as root."""
        first, second, third = ids
        codes = {"explain": 10, "notify": 1}
        for verb in (["status"], ["list"], ["show", first], ["cat", first], ["explain", first],
                     ["release", first, "--allow", "address"], ["copy", second, "--to", "x@our.example"],
                     ["delete", second],
                     ["notify", third], ["whitelist", "add", "--from", f"{mails.token()}@x.example"],
                     ["whitelist", "list"],
                     ["whitelist", "check", "--repair"], ["expire"], ["store", "check", "--repair"],
                     ["config", "check"]):
            said = made.ctl().run(*verb)
            self.assertEqual(said.code, codes.get(verb[0], 0), said)
            self.assert_nothing_of_roots(made, verb)

    def assert_nothing_of_roots(self, made, what):
        for path in [made.folder, *made.folder.rglob("*")]:
            if path.name not in ("quarantine-milter.conf", "log", "notify"):  # the test's own
                self.assertEqual((path.stat().st_uid, path.stat().st_gid != 0 or path.is_dir()), (65534, True),
                                 (what, path))
                if path.is_file():
                    self.assertEqual(path.stat().st_mode & 0o077, 0, (what, path))

    def take(self, made):
        old = Ancestor(self.folder / mails.token())
        old.add_many(3, time.time() - 86400, 60)
        said = made.ctl().run("import", "pyquarantine", old.folder, "--json")
        self.assertEqual(said.code, 0, said)
        self.assert_nothing_of_roots(made, "import")
        return [one["id"] for one in said.json["imported"]]

    def test_while_the_daemon_runs(self):
        made = self.desk().start()
        self.addCleanup(self._stopped_well, made)
        self.every_verb(made, self.take(made))
        # And the daemon goes on working with what was written.
        self.hold(made, mails.spam(), sender="new@shop.example")

    def test_while_the_daemon_is_down_and_before_it_ever_ran(self):
        made = self.desk()
        self.every_verb(made, self.take(made))
        made.start()
        self.addCleanup(self._stopped_well, made)
        self.hold(made, mails.spam(), sender="new@shop.example")
        self.assert_nothing_of_roots(made, "the daemon")

    def test_others_are_told_that_they_may_not(self):
        made = self.desk()
        held = self.take(made)[0]
        for verb in (["status"], ["list"], ["show", held], ["release", held], ["delete", held], ["expire"]):
            said = made.ctl().run(*verb, user="daemon")
            self.assertEqual(said.code, 77, said)
            self.assertNotEqual(said.errors, "")
        # The daemon's own user may.
        said = made.ctl().run("release", held, user="nobody")
        self.assertEqual(said.code, 0, said)
        self.assert_nothing_of_roots(made, "nobody")
