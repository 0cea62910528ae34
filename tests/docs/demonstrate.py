"""demonstrate.py [--update]   Runs every command that docs/quarantinectl.md shows, with the real program, daemon and
Postfix, and compares what is printed with what the manual says; --update writes it into the manual.

The manual also has to show every verb, and every exit code of its table."""
import argparse
import difflib
import re
import subprocess
import sys

from demonstration import console, document, world

MANUAL = world.PROJECT / "docs" / "quarantinectl.md"
PAGE = world.PROJECT / "docs" / "man" / "quarantinectl.8"


def run(parts, here):
    """Each part with what is printed now; the exit codes that were met."""
    terminal = console.Console(here.home, here.environment())
    codes = set()
    result = []
    for part in parts:
        if isinstance(part, document.Scene):
            here.play(part.name)
        elif isinstance(part, document.File):
            here.write_file(part.name, part.content)
        elif isinstance(part, document.Console):
            part = document.Console([ran(step, terminal, here, codes) for step in part.steps])
        result.append(part)
    return result, codes


def ran(step, terminal, here, codes):
    printed = terminal.run(here.names.real(step.command))
    codes.add(printed.code)
    return document.Step(step.command, [here.names.shown(line).rstrip() for line in printed.lines], step.number)


def help_of(*verb):
    return subprocess.run([world.daemon.program("quarantinectl"), *verb, "--help"], stdout=subprocess.PIPE, check=True,
                          text=True).stdout


def verbs():
    """As --help names them, those of groups included."""
    def named(*group):
        block = re.search(r"(?ms)^Verbs:\n(.*?)(?:\n\n|\Z)", help_of(*group))
        return re.findall(r"(?m)^  (\w+)", block.group(1)) if block else []

    for verb in named():
        yield from [f"{verb} {word}" for word in named(verb)] or [verb]


def missing(parts, codes):
    """What the manual does not show or name, or names although it does not exist."""
    text = document.written(parts)
    typed = [step.command for step in document.commands(parts)]
    known = list(verbs())
    for verb in known:
        if not any(re.search(rf"\bquarantinectl (?:-c \S+ |--json )?{verb}\b", command) for command in typed):
            yield f"no command shows {verb}"
        yield from wrong_options(verb, re.search(rf"(?m)^\| `{verb}\b.*$", text))
    for verb in re.findall(r"(?m)^\| `([a-z]+(?: [a-z]+)?)[^`]*` \|.*", text.partition("\n## All verbs\n")[2]):
        if verb not in known:
            yield f"the table of verbs has {verb}, which does not exist"
    for state in re.search(r"state: ([\w,\s]+)", help_of("list")).group(1).replace("\n", " ").split(","):
        if f"| `{state.split()[0]}` |" not in text:
            yield f"the table of states has no {state.split()[0]}"
    documented = {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", text)}
    for code in sorted(documented - codes):
        yield f"the table of exit codes has {code}, but no command ended so"
    for code in sorted(codes - documented):
        yield f"a command ended with {code}, which the table of exit codes does not have"
    page = re.search(r"(?ms)^\.SH EXIT STATUS\n(.*?)^\.SH", PAGE.read_text("utf-8")).group(1)
    for code in sorted(documented ^ {int(code) for code in re.findall(r"(?m)^\.TP\n\.B (\d+)$", page)}):
        yield f"exit code {code} is only in one of docs/quarantinectl.md and {PAGE.name}"


def wrong_options(verb, row):
    if not row:
        yield f"the table of verbs has no {verb}"
        return
    exist = set(re.findall(r"(?m)^  (?:-\w,)?(--[\w-]+)", help_of(*verb.split()))) - {"--help"}
    named = {"--quarantine" if option == "-q" else option
             for option in re.findall(r"(?<![\w-])--?[a-z][\w-]*", row.group())}
    for option in sorted(exist - named):
        yield f"the table of verbs does not name {option} of {verb}"
    for option in sorted(named - exist):
        yield f"the table of verbs names {option}, which {verb} does not have"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--update", action="store_true")
    update = parser.parse_args().update
    written = MANUAL.read_text("utf-8")
    parts = document.parse(written)
    here = world.World()
    try:
        here.begin()
        real, codes = run(parts, here)
    except Exception:
        print(here.evidence())
        raise
    finally:
        here.end()
    complaints = list(missing(real, codes))
    text = document.written(real)
    if update and text != written:
        MANUAL.write_text(text, "utf-8")
    elif text != written:
        complaints += difflib.unified_diff(written.splitlines(), text.splitlines(), "docs/quarantinectl.md",
                                           "what is printed", lineterm="")
        complaints.append("tests/docs/demonstrate.py --update takes this over")
    print("\n".join(complaints) or "the manual shows what is printed")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
