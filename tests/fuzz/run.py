#!/usr/bin/env python3
"""Runs the fuzz targets of a build with their seeds and dictionaries. Builds nothing.

    cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_targets
    tests/fuzz/run.py --seconds 60

One line a target; exit 1 when one of them found something, 2 when they cannot be run. README.md says what then.
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
# What is longer only makes a target slow.
MAX_LEN = {
    "address": 1024, "config": 8192, "readable": 16384, "sanitizer": 8192, "session": 2048, "whitelist": 2048,
}
USUAL_MAX_LEN = 4096
# Where another thread works while an input ends, what it holds in that moment is taken for a leak. At the end of the
# run, when it rests, leaks are looked for all the same.
WITH_THREADS = {"session"}
FINDING = re.compile(r"^(?:.*-)?(?:crash|leak|timeout|oom)-[0-9a-f]{40}$")
STATUS = re.compile(r"^#(\d+)\s.*?\bcov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)
WHY = re.compile(r"^(does not hold: .*|.*runtime error: .*|==\d+==\s?ERROR: (?!libFuzzer: deadly).*)", re.MULTILINE)


@dataclasses.dataclass
class Result:
    executions: int = 0
    seconds: float = 0
    corpus: int = 0
    coverage: int = 0
    features: int = 0
    findings: list = dataclasses.field(default_factory=list)
    why: str = ""


def targets(build: pathlib.Path) -> list:
    return sorted(path.name.removesuffix("_fuzz") for path in (build / "bin").glob("*_fuzz"))


def is_fuzzer(program: pathlib.Path) -> bool:
    """The driver of other builds only tries the seeds."""
    told = subprocess.run([program, "-help=1"], capture_output=True, text=True, errors="replace", check=False)
    return "libFuzzer" in told.stdout + told.stderr


def environment() -> dict:
    result = dict(os.environ)
    result.setdefault("LSAN_OPTIONS", f"suppressions={PROJECT / 'tests' / 'lsan.supp'}:print_suppressions=0")
    result.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    # Some targets have databases and stores: in memory they are many times as fast.
    if os.access("/dev/shm", os.W_OK):
        result.setdefault("TMPDIR", "/dev/shm")
    return result


def files(folder: pathlib.Path) -> set:
    return {path.name for path in folder.iterdir() if FINDING.match(path.name)}


def run(name: str, options, corpus: pathlib.Path) -> Result:
    findings: pathlib.Path = options.findings
    before = files(findings)
    corpus.mkdir(parents=True, exist_ok=True)
    command = [
        options.build / "bin" / f"{name}_fuzz", f"-max_total_time={options.seconds}",
        f"-max_len={MAX_LEN.get(name, USUAL_MAX_LEN)}", "-rss_limit_mb=2048", "-timeout=10",
        "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-",
    ]
    if name in WITH_THREADS:
        command.append("-detect_leaks=0")
    dictionary = HERE / "dictionaries" / f"{name}.dict"
    if dictionary.exists():
        command.append(f"-dict={dictionary}")
    begin = time.monotonic()
    done = subprocess.run([*command, corpus, HERE / "corpus" / name], stdout=subprocess.PIPE, env=environment(),
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    result = Result(seconds=time.monotonic() - begin)
    for executions, coverage, features, units in STATUS.findall(done.stdout):
        result.executions, result.coverage = int(executions), int(coverage)
        result.features, result.corpus = int(features), int(units)
    result.findings = sorted(file for file in files(findings) - before if file.startswith(name + "-"))
    if done.returncode != 0 or result.findings:
        log = findings / f"{name}.log"
        log.write_text(done.stdout, encoding="utf-8")
        why = WHY.search(done.stdout)
        result.why = why.group(1) if why else f"exit code {done.returncode}, see {log}"
    return result


def options_of(arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=pathlib.Path, default=PROJECT / "build" / "fuzz", help="the build folder")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", action="append", help="only this one (may be given again)")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time")
    parser.add_argument("--findings", type=pathlib.Path,
                        help="where inputs that break something are kept (BUILD/findings)")
    parser.add_argument("--corpus-out", type=pathlib.Path,
                        help="where inputs that reach something new are kept, and taken up the next time")
    return parser.parse_args(arguments)


def main() -> int:
    options = options_of(sys.argv[1:])
    all_targets = targets(options.build)
    names = options.target or all_targets
    unknown = [name for name in names if name not in all_targets]
    if unknown or not names:
        print(f"no such target in {options.build}: {', '.join(unknown) or 'none at all'}", file=sys.stderr)
        return 2
    if not is_fuzzer(options.build / "bin" / f"{names[0]}_fuzz"):
        print(f"{options.build} is no fuzz build: cmake --preset fuzz", file=sys.stderr)
        return 2
    options.findings = (options.findings or options.build / "findings").resolve()
    options.findings.mkdir(parents=True, exist_ok=True)
    temporary = None if options.corpus_out else pathlib.Path(tempfile.mkdtemp(prefix="qm-fuzz-"))
    corpus = temporary or options.corpus_out
    found = False
    print(f"{'target':<14}{'executions':>12}{'exec/s':>9}{'corpus':>8}{'cov':>8}{'ft':>8}{'findings':>10}", flush=True)
    try:
        with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
            waiting = {pool.submit(run, name, options, corpus / name): name for name in names}
            for future in concurrent.futures.as_completed(waiting):
                result = future.result()
                rate = result.executions / max(result.seconds, 1)
                print(f"{waiting[future]:<14}{result.executions:>12}{rate:>9.0f}{result.corpus:>8}{result.coverage:>8}"
                      f"{result.features:>8}{len(result.findings):>10}", flush=True)
                if result.why:
                    found = True
                    print(f"    {result.why}")
                    for file in result.findings:
                        print(f"    {options.findings / file}", flush=True)
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
