#!/usr/bin/env python3
"""run.py FILE [CLASS...]: runs the tests of one file, or only those classes. A test that is skipped, or no test
at all, is a failure. After a failure the logs of the servers are printed."""
import importlib
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


class Result(unittest.TextTestResult):
    def _show_evidence(self, test):
        evidence = getattr(test, "evidence", None)
        if evidence:
            try:
                self.stream.writeln(f"=== {test}{evidence()}\n===")
            except Exception as problem:  # the report of the failure itself must come out
                self.stream.writeln(f"=== {test}: no evidence: {problem}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._show_evidence(test)

    def addError(self, test, err):
        super().addError(test, err)
        self._show_evidence(test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._show_evidence(test)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    module = importlib.import_module(pathlib.Path(sys.argv[1]).stem)
    loader = unittest.defaultTestLoader
    wanted = sys.argv[2:]
    suite = loader.loadTestsFromNames(wanted, module) if wanted else loader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(suite)
    if result.testsRun == 0:
        print("no test was run", file=sys.stderr)
    if result.skipped:
        print(f"{len(result.skipped)} tests were skipped: that counts as a failure", file=sys.stderr)
    return 0 if result.wasSuccessful() and result.testsRun and not result.skipped else 1


if __name__ == "__main__":
    sys.exit(main())
