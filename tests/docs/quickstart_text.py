"""scripts/quickstart shows what comes out of mail and logs, and none of it moves the terminal."""
import contextlib
import io
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import quickstart  # noqa: E402

SHOWN = {
    "Grüße 日本 a　b \\": "Grüße 日本 a　b \\",
    "\x1b[31mred\x07": r"\x1b[31mred\x07",
    "a\r\nb\tc\x7f": r"a\x0d\x0ab\x09c\x7f",
    "\x9b31m\x85": r"\x9b31m\x85",
    "\u202efdp.exe\u2066\u200b\u2028\ufeff": r"\u202efdp.exe\u2066\u200b\u2028\ufeff",
    "\U000e0041\ud800": r"\ue0041\ud800",
}

wrong = []
for text, expected in SHOWN.items():
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        quickstart.Terminal().line(text, indent=2)
    if said.getvalue() != f"  {expected}\n":
        wrong.append(f"{text!r} is shown as {said.getvalue()!r}")
print("\n".join(wrong) or "every line is harmless")
sys.exit(1 if wrong else 0)
