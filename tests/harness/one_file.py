# SPDX-License-Identifier: ISC
"""one_file PATH [PATTERN..] - runs a file of end-to-end tests; the last line is `N passed, N failed, N skipped`."""

import os
import sys
import unittest


def main(path, *patterns):
    loader = unittest.TestLoader()
    if patterns:
        loader.testNamePatterns = [f"*{p}*" for p in patterns]  # of file, class and test, as written
    tests = loader.discover(os.path.dirname(path), pattern=os.path.basename(path))
    bad = ran = skipped = 0
    if tests.countTestCases():
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
        bad, ran, skipped = len(result.failures) + len(result.errors), result.testsRun, len(result.skipped)
    print(f"{max(0, ran - bad - skipped)} passed, {bad} failed, {skipped} skipped")


if __name__ == "__main__":
    main(*sys.argv[1:])
