"""manual.py QUARANTINECTL   --help, the manual page and the bash completion name the same verbs, options and states."""
import pathlib
import re
import shutil
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = sys.argv[1]
PAGE = (PROJECT / "docs/man/quarantinectl.8").read_text("utf-8")
COMPLETION = PROJECT / "conf/bash-completion/quarantinectl"
COMMON = {"-c", "--config", "--json", "-h", "--help", "-V", "--version"}


def help_of(verb):
    return subprocess.run([PROGRAM, *verb.split(), "--help"], capture_output=True, text=True, check=True).stdout


def rows_of(text, heading):
    """The first words of the rows below a heading of --help."""
    part = re.search(rf"(?m)^{heading}:\n((?:  .*\n)+)", text)
    return re.findall(r"(?m)^  (\S+)", part.group(1)) if part else []


def options_of(text):
    return {name for row in rows_of(text, "Options") for name in row.split(",")} - COMMON


def verbs():
    for word in rows_of(help_of(""), "Verbs"):
        below = rows_of(help_of(word), "Verbs")
        yield from (f"{word} {other}" for other in below) if below else (word,)


def page_sections():
    """Verb -> its part of the manual page, as plain text."""
    text = re.sub(r"\\f[BIRP]", "", PAGE.split(".SH VERBS\n")[1].split("\n.SH ")[0]).replace("\\-", "-")
    sections = {}
    for part in re.split(r"(?m)^\.SS ", text)[1:]:
        words = re.match(r"[a-z]+(?: [a-z]+)*", part.split("\n")[0]).group().split()
        sections[" ".join(words)] = part
    return sections


def completed(*words):
    """What bash offers for the last of the words."""
    script = f'source "{COMPLETION}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _quarantinectl; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", script, "bash", "quarantinectl", *words], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def section_of(sections, verb):
    """A heading may go on with arguments that look like verbs: the longest heading that begins like the verb."""
    found = [name for name in sections if (name + " ").startswith(verb + " ")]
    return sections[found[0]] if found else None


def wrong():
    known = list(verbs())
    if len(known) < 20:
        yield f"found only {len(known)} verbs in --help: {known}"
    sections = page_sections()
    for name in sections:
        if not any((name + " ").startswith(verb + " ") for verb in known):
            yield f"manual: the verb '{name}' is not in --help"
    for verb in known:
        options = options_of(help_of(verb))
        section = section_of(sections, verb)
        if section is None:
            yield f"manual: nothing about the verb {verb}"
        else:
            written = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", section)) - COMMON
            yield from (f"manual, {verb}: nothing about {name}" for name in options - written)
            yield from (f"manual, {verb}: {name} is not in --help" for name in written - options)
        offered = completed(*verb.split(), "-") - COMMON
        yield from (f"completion, {verb}: not offered: {name}" for name in options - offered)
        yield from (f"completion, {verb}: offered but not in --help: {name}" for name in offered - options)
        *front, last = verb.split()
        if last not in completed(*front, last[:2]):
            yield f"completion: {verb} is not offered"
    for word in completed("") - {verb.split()[0] for verb in known}:
        yield f"completion: {word} is no verb"
    if not COMMON <= completed("-") or not COMMON - {"-V", "--version"} <= completed("show", "-"):
        yield "completion: the common options are not offered"
    states = set(re.search(r"--state STATE[^:]*:((?:\s+\w+,?)+?)\n  -", help_of("list")).group(1).replace(",", " ").split())
    if completed("list", "--state", "") != states or len(states) < 7:
        yield f"completion: --state offers {completed('list', '--state', '')}, --help has {states}"
    yield from (f"manual: nothing about the state {state}" for state in states if not re.search(rf"\b{state}\b", PAGE))
    if completed("-c", "x.conf", "whitelist", "a") != {"add"}:
        yield "completion: verbs behind -c FILE are not offered"


def exit_codes():
    header = (PROJECT / "src/ctl/exit_code.h").read_text("utf-8")
    codes = set(re.findall(r"(?m)^constexpr int k\w+ = (\d+);", header))
    page = set(re.findall(r"(?m)^\.TP\n\.B (\d+)$", PAGE.split(".SH EXIT STATUS")[1].split(".SH ")[0]))
    if codes != page:
        yield f"manual: exit codes {sorted(page)}, src/ctl/exit_code.h has {sorted(codes)}"


def roff():
    if not shutil.which("man"):
        return
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", PROJECT / "docs/man/quarantinectl.8"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr:
        yield f"manual: {done.stderr or done.returncode}"


found = [*wrong(), *exit_codes(), *roff()]
print("\n".join(found) or "they say the same")
sys.exit(1 if found else 0)
