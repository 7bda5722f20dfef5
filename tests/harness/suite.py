# SPDX-License-Identifier: ISC
"""tests/run: builds with sanitizers, runs Meson's tests and the end-to-end tests, counts, and says so in the last line.

A Meson test that is a Check program counts as its cases, any other as one. Two files of end-to-end tests run at a time, and
each is printed when it is through. Runs side by side share the build folder (one builds, the others wait) and nothing else:
Meson's log has a name of its own, and every installation is private.
"""

import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys

from stack import Trouble, build

from .installation import SANITIZERS

FOLDER = os.path.join(build.ROOT, "build-asan")
SETUP = ("-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dbuildtype=debugoptimized")
CHECK_LINE = re.compile(r"\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)")
TOTALS = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped")
PATIENCE = 4  # times Meson's half a minute: a program of hundreds of cases forks as often, which sanitizers and neighbours slow
LANES = 2  # files of end-to-end tests at once: they wait more than they work
PASSED, SKIPPED = ("OK", "EXPECTEDFAIL"), ("SKIP",)


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def line(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def meson_names(patterns):
    """Meson's tests with one of these in the name; none for no patterns, which Meson takes as all."""
    done = subprocess.run(["meson", "test", "-C", FOLDER, "--no-rebuild", "--list"], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, check=False)
    names = [line.rpartition(" / ")[2].strip() for line in done.stdout.splitlines() if " / " in line]
    return [name for name in names if any(p.lower() in name.lower() for p in patterns)]


def run_meson(count, patterns):
    if patterns and not meson_names(patterns):
        return
    base = f"run-{os.getpid()}"
    log = os.path.join(FOLDER, "meson-logs", base + ".json")
    command = ["meson", "test", "-C", FOLDER, "--no-rebuild", "--num-processes", "2", "--logbase", base,
               "--timeout-multiplier", str(PATIENCE),
               *meson_names(patterns)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, **SANITIZERS}, check=False)
    if not os.path.exists(log):
        print(done.stdout)
        count.failed += 1
        return
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            count_meson(count, json.loads(line))
    for ending in (".json", ".txt", ".junit.xml"):
        path = log.removesuffix(".json") + ending
        if os.path.exists(path):
            os.unlink(path)


def count_meson(count, test):
    output = (test.get("stdout") or "") + (test.get("stderr") or "")
    cases = [tuple(map(int, found)) for found in CHECK_LINE.findall(output)]
    bad = sum(failures + errors for _, failures, errors in cases)
    print(f"{test['result']:8} {test['duration']:7.2f} s  {test['name']}", flush=True)
    if test["result"] in SKIPPED:
        count.skipped += 1
    elif test["result"] in PASSED:
        count.passed += max(1, sum(checks for checks, _, _ in cases))
    else:
        count.failed += max(1, bad)
        count.passed += sum(checks for checks, _, _ in cases) - bad
        print("\n".join("    " + line for line in output.splitlines()[-60:]), flush=True)


def run_file(path, patterns):
    """(what it printed, passed, failed, skipped) of one file of end-to-end tests, in a process of its own."""
    done = subprocess.run([sys.executable, "-B", "-m", "harness.one_file", path, *patterns], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          env={**os.environ, "CLEANERCTX_TEST_BUILD": FOLDER}, check=False)
    output, _, totals = done.stdout.rstrip().rpartition("\n")
    found = TOTALS.fullmatch(totals)
    if not found:
        return f"{done.stdout}\n{os.path.basename(path)} ended with {done.returncode} before its tests did", 0, 1, 0
    return (output, *map(int, found.groups()))


def run_e2e(count, patterns):
    """The largest files first: they take longest, and a long one that began last would be waited for alone."""
    files = sorted(glob.glob(os.path.join(build.ROOT, "tests", "e2e", "*_test.py")), key=os.path.getsize, reverse=True)
    with concurrent.futures.ThreadPoolExecutor(LANES) as lanes:
        for ended in concurrent.futures.as_completed([lanes.submit(run_file, path, patterns) for path in files]):
            output, passed, failed, skipped = ended.result()
            if output:
                print(output, flush=True)
            count.passed, count.failed, count.skipped = count.passed + passed, count.failed + failed, count.skipped + skipped


def main():
    p = argparse.ArgumentParser(prog="tests/run", description="All tests, with sanitizers.")
    p.add_argument("--no-install", action="store_true", help="install no packages")
    p.add_argument("--only", choices=("unit", "e2e"), help="Meson's tests, or the end-to-end tests")
    p.add_argument("patterns", nargs="*", help="only tests whose name contains one of these")
    options = p.parse_args()
    count = Count()
    try:
        print("building with sanitizers ..", flush=True)
        build.build(FOLDER, SETUP)
    except Trouble as trouble:
        print(f"tests/run: {trouble}", file=sys.stderr)
        count.failed += 1
    else:
        if options.only != "e2e":
            run_meson(count, options.patterns)
        if options.only != "unit":
            run_e2e(count, options.patterns)
    if not (count.passed or count.failed or count.skipped):
        print("no test has such a name")
        count.failed += 1
    print(count.line(), flush=True)
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
