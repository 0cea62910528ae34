"""documents.py links|words|paths|log_lines|options   checks that the documents hold what they say; prints what does not."""
import pathlib
import re
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
TEXTS = DOCUMENTS + sorted([*PROJECT.glob("docs/man/*"), *PROJECT.glob("systemd/*"), *PROJECT.glob("conf/**/*.*"),
                            *PROJECT.glob("templates/*.html")])


def lines_of(paths):
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            yield path, f"{path.relative_to(PROJECT)}:{number}", line


def anchors(path):
    """As the usual renderers make them of headings."""
    headings = re.findall(r"(?m)^#+ +(.+?) *$", path.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links():
    """Links within the project lead somewhere."""
    for path, where, line in lines_of(DOCUMENTS):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = path.parent / name if name else path
            if not file.exists():
                yield f"{where}: there is no {target}"
            elif anchor and anchor not in anchors(file):
                yield f"{where}: {name or path.name} has no heading #{anchor}"


# What is unfinished, and what praises instead of saying something.
WORDS = re.compile(r"\b(TODO|FIXME|XXX|TBD|lorem|blazing\w*|seamless\w*|cutting-edge|world-class|enterprise-grade|state-of-the-art|"
                   r"effortless\w*|powerful|robust|leverag\w+|best-in-class|game-chang\w+|next-generation|simply|obviously)\b",
                   re.IGNORECASE)


def words():
    for _, where, line in lines_of(TEXTS):
        for word in WORDS.findall(line):
            yield f"{where}: {word}"


FOLDERS = {"etc", "usr", "var", "run", "tmp", "dev", "proc", "opt", "srv", "backup"}


def paths():
    """Absolute paths are those of every Debian, not of the machine on which somebody wrote."""
    for _, where, line in lines_of(TEXTS):
        for folder in re.findall(r"(?<![\w.:/>})\]*$<-])/([a-z]+)/", line):
            if folder not in FOLDERS:
                yield f"{where}: /{folder}/"


def log_lines():
    """docs/operations.md explains every status that the program can log."""
    manual = (PROJECT / "docs/operations.md").read_text("utf-8")
    known = set()
    for path in sorted((PROJECT / "src").rglob("*.cpp")):
        text = path.read_text("utf-8")
        known |= set(re.findall(r'"status",\s*"([^"]+)"', text))
        if "log::" in text:
            known |= set(re.findall(r'\bstatus\s*=\s*"([^"]+)"', text))
            known |= {word for pair in re.findall(r'\?\s*"([a-z]+-[a-z]+)"\s*:\s*"([a-z-]+)"', text) for word in pair}
            known |= set(re.findall(r'log_recipient\([^;"]*"([^"]+)"', text))
    if len(known) < 15:
        yield f"found only {len(known)} status values in src: does the program log in another way now?"
    for status in sorted(known):
        if not re.search(rf"(?<![\w-]){re.escape(status)}(?![\w-])", manual):
            yield f"docs/operations.md: nothing about status={status}"


def options():
    """The manual page names every option of the reference."""
    names = re.findall(r"(?m)^### `(\w+)`", (PROJECT / "docs/configuration.md").read_text("utf-8"))
    page = (PROJECT / "docs/man/quarantine-milter.conf.5").read_text("utf-8")
    if len(names) < 30:
        yield f"found only {len(names)} options in docs/configuration.md"
    for name in names:
        if not re.search(rf"\b{name}\b", page):
            yield f"docs/man/quarantine-milter.conf.5: nothing about {name}"


if __name__ == "__main__":
    found = list({"links": links, "words": words, "paths": paths, "log_lines": log_lines, "options": options}[sys.argv[1]]())
    print("\n".join(found) or "nothing to complain about")
    sys.exit(1 if found else 0)
