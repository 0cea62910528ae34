"""install.py CMAKE BUILD_FOLDER   installs into a temporary folder and looks at what is where."""
import os
import pathlib
import stat
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
EXPECTED = {
    "usr/sbin/quarantine-milter": 0o755,
    "usr/bin/quarantinectl": 0o755,
    "usr/libexec/quarantine-milter/quarantine-preview": 0o755,
    "etc/quarantine-milter/quarantine-milter.conf": 0o640,
    "etc/logcheck/ignore.d.server/quarantine-milter": 0o644,
    "usr/lib/systemd/system/quarantine-milter.service": 0o644,
    "usr/lib/systemd/system/quarantine-milter-expire.service": 0o644,
    "usr/lib/systemd/system/quarantine-milter-expire.timer": 0o644,
    "usr/share/bash-completion/completions/quarantinectl": 0o644,
    "usr/lib/sysusers.d/quarantine-milter.conf": 0o644,
    "usr/lib/tmpfiles.d/quarantine-milter.conf": 0o644,
    "usr/share/quarantine-milter/templates/notice.html": 0o644,
    "usr/share/quarantine-milter/templates/removed.png": 0o644,
    "usr/share/quarantine-milter/quarantine-milter.m4": 0o644,
    "usr/share/man/man8/quarantine-milter.8": 0o644,
    "usr/share/man/man8/quarantinectl.8": 0o644,
    "usr/share/man/man5/quarantine-milter.conf.5": 0o644,
    "usr/share/doc/quarantine-milter/README.md": 0o644,
    "usr/share/doc/quarantine-milter/copyright": 0o644,
    "usr/share/doc/quarantine-milter/docs/postfix.md": 0o644,
    "usr/share/doc/quarantine-milter/docs/decisions/README.md": 0o644,
    "usr/share/doc/quarantine-milter/examples/monitor-only.conf": 0o644,
}


def install(root):
    environment = {**os.environ, "DESTDIR": str(root)}
    subprocess.run([sys.argv[1], "--install", sys.argv[2], "--prefix", "/usr"], env=environment, check=True,
                   stdout=subprocess.DEVNULL)


def wrong(root):
    for name, mode in EXPECTED.items():
        path = root / name
        if not path.is_file():
            yield f"{name}: is not there"
        elif stat.S_IMODE(path.stat().st_mode) != mode:
            yield f"{name}: mode {stat.S_IMODE(path.stat().st_mode):o}, expected {mode:o}"
    for name in ("systemd/quarantine-milter.service", "systemd/quarantine-milter-expire.service",
                 "conf/quarantine-milter.conf"):
        installed = next(path for path in map(root.__truediv__, EXPECTED) if path.name == pathlib.Path(name).name
                         and "sysusers" not in str(path) and "tmpfiles" not in str(path))
        if installed.exists() and installed.read_bytes() != (PROJECT / name).read_bytes():
            yield f"{name}: is installed with changes"
    below_etc = {f"/{path.relative_to(root)}" for path in (root / "etc").rglob("*") if path.is_file()}
    conffiles = set((PROJECT / "cmake/debian/conffiles").read_text("ascii").split())
    if below_etc != conffiles:
        yield f"cmake/debian/conffiles: {sorted(conffiles)}, installed below /etc: {sorted(below_etc)}"


def without_its_worker(root):
    """The installed program finds the installed worker."""
    said = subprocess.run([root / "usr/bin/quarantinectl", "preview", "--html", "-"], input="<b onclick=x>y</b>",
                          text=True, stdout=subprocess.PIPE, check=False).stdout
    if said != "<b>y</b>\n":
        yield f"quarantinectl preview: {said!r}"


def changed_by_the_administrator(root):
    conf = root / "etc/quarantine-milter/quarantine-milter.conf"
    conf.write_text("mine", encoding="ascii")
    install(root)
    if conf.read_text(encoding="ascii") != "mine":
        yield "a configuration that was there has been overwritten"


os.umask(0o022)
with tempfile.TemporaryDirectory() as folder:
    place = pathlib.Path(folder)
    install(place)
    found = [*wrong(place), *without_its_worker(place), *changed_by_the_administrator(place)]
print("\n".join(found) or "everything is in its place")
sys.exit(1 if found else 0)
