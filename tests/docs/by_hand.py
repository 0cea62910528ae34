"""The shell lines of docs/operations.md that take a stored file apart do that, and run nothing that stands in the file."""
import pathlib
import re
import subprocess
import sys
import tempfile

MANUAL = pathlib.Path(__file__).resolve().parents[2] / "docs/operations.md"
ORIGINAL = b"Subject: x\r\n\r\nX-Quarantine-Trace: text\r\n"
BLOCK = b"X-Quarantine-Trace: 1 3\r\nX-Quarantine-Id: a\r\nX-Quarantine-Trace: end\r\n"
# What bash runs where it expects a number, and what is none.
WORDS = [b"a[$(touch\tran)]", b"$(touch\tran)", b"`touch\tran`", b"x", b"", b"-1", b"3x", b"1+1", b"3;touch${IFS}ran", b"*"]


def lines():
    """The indented block that begins with file=, without its first line."""
    return "\n".join(re.search(r"(?m)^    file=.*\n((?:    .*\n)+)", MANUAL.read_text("utf-8"))[1].splitlines())


def taken(shell, bytes_):
    """What stands in original.eml then, None if it is not there; and whether anything of the file was run."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "stored file").write_bytes(bytes_)
        subprocess.run([shell, "-c", "file='stored file'\n" + lines()], cwd=folder, check=False, stderr=subprocess.DEVNULL)
        original = folder / "original.eml"
        return original.read_bytes() if original.exists() else None, (folder / "ran").exists()


wrong = []
for shell in ("sh", "bash"):
    if taken(shell, BLOCK + ORIGINAL) != (ORIGINAL, False):
        wrong.append(f"{shell}: a stored file is not taken apart")
    for word in WORDS:
        if taken(shell, BLOCK.replace(b"3", word, 1) + ORIGINAL) != (None, False):
            wrong.append(f"{shell}: {word} is taken for a number")
print("\n".join(wrong) or "the lines do what they say")
sys.exit(1 if wrong else 0)
