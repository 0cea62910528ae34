#!/usr/bin/env python3
"""Which room may include which. Usage: layers.py [PROJECT]; exit 1 and one line for each wrong include.

The table is the one of docs/architecture.md. A room may include itself, <quarantine/...>, and the rooms named here.
"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": [],
    "config": ["base"],
    "mail": ["base"],
    "html": ["base"],
    "smtp": ["base"],
    "sql": ["base"],
    "policy": ["base", "mail"],
    "store": ["base"],
    "whitelist": ["base", "mail", "sql"],
    "catalog": ["base", "mail", "sql"],
    "preview": ["base", "mail", "html"],
    "notify": ["base", "mail", "html", "preview", "smtp"],
    "quarantine": ["base", "config", "mail", "policy", "smtp", "store", "whitelist", "catalog", "preview", "notify"],
    "milter": ["base", "mail", "policy", "quarantine"],
    "daemon": ["base", "catalog", "config", "quarantine", "milter"],
    "ctl": ["base", "config", "quarantine"],
    "web": ["base", "html", "mail", "quarantine"],
}
# A header of an outside library that only one room may see.
ONLY_IN = {
    "libmilter/": "milter",
    "pcre2": "policy",
    "gumbo": "html",
    "curl/": "smtp",
    "gmime/": ("mail", "notify"),
    "idn2": "base",
    "seccomp": "preview",
    "soci": "sql",
    "sqlite3": "sql",
    "libpq": "sql",
    "mysql": "sql",
    "ini.h": "config",
    "spdlog/": "base",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def problems(project: pathlib.Path):
    std_only = project / "include" / "quarantine"
    for header in sorted(std_only.glob("*.h")):
        for number, _, name in includes(header):
            if name.startswith("quarantine/"):
                continue
            if "/" in name or name.endswith(".h"):
                yield f"{header.relative_to(project)}:{number}: {name}: contracts include std and each other only"
    for path in sorted((project / "src").rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        room = path.relative_to(project / "src").parts[0]
        if room not in MAY_INCLUDE:
            yield f"{path.relative_to(project)}: the room {room} is not in the table"
            continue
        for number, bracket, name in includes(path):
            where = f"{path.relative_to(project)}:{number}"
            first = name.split("/")[0]
            if bracket == '"' and first in MAY_INCLUDE and first != room and first not in MAY_INCLUDE[room]:
                yield f"{where}: {room} may not include {first} ({name})"
            if bracket == '"' and first != "quarantine" and first not in MAY_INCLUDE:
                yield f"{where}: {name}: name the room, as in \"{room}/{name}\""
            for prefix, owner in ONLY_IN.items():
                owners = owner if isinstance(owner, tuple) else (owner,)
                if bracket == "<" and name.startswith(prefix) and room not in owners:
                    yield f"{where}: <{name}> belongs to {' and '.join(owners)}"


def quarantine_room(name: str, project: pathlib.Path) -> bool:
    """"quarantine/x.h" is a contract when include/ has it, else a header of the room src/quarantine."""
    return not (project / "include" / name).exists()


def includes(path: pathlib.Path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def main() -> int:
    project = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = []
    for problem in problems(project):
        # A contract has the same prefix as the room of the desk.
        match = re.search(r"may not include quarantine \((quarantine/[^)]+)\)", problem)
        if match and not quarantine_room(match.group(1), project):
            continue
        found.append(problem)
    print("\n".join(found) if found else "layers hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
