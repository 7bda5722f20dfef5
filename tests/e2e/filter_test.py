# SPDX-License-Identifier: ISC
"""cleanerctx-clean as a Unix filter: an answer for each line while the next is waited for, changes explained, any number of
lines in the same memory."""

import json
import os
import re
import select
import subprocess
import tempfile
import unittest

from harness.installation import SANITIZERS, build_folder

LINES = 10_000
WARM = 2_000       # lines after which every buffer has met the longest line and every conversation's window is in use
GROWTH_KIB = 1024  # that LINES more may cost: the allocator's slack; 105 bytes kept of each line would show
WAIT_S = 60        # for one answer; the machine may be busy


def run_filter(*options):
    # a sanitizer would keep what was freed, to see who reads it: little of it here
    sanitizers = {**SANITIZERS, "ASAN_OPTIONS": SANITIZERS["ASAN_OPTIONS"] + ":quarantine_size_mb=1"}
    program = os.path.join(build_folder(), "cleaner/engine/cleanerctx-clean")
    return subprocess.Popen([program, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**os.environ, **sanitizers})


def line_of(n):
    """Short and long ones, with and without a conversation and glossary, some that are none."""
    if n % 97 == 0:
        return b'{"raw": 1}\n' if n % 2 else b"not JSON \xff\n"
    raw = f"um so we sell {n} boilers a month in leads and and it costs twenty five dollars" + (" or so" * (n % 40))
    return json.dumps({"raw": raw if n % 500 else "we sell it " * 1_400, "conversation": f"c{n % 700}" if n % 3 else None,
                       "speaker": "User" if n % 5 else "Lumen",
                       "glossary": [f"Term {n % 1_000}", "Leeds"] if n % 4 == 0 else []}).encode() + b"\n"


class Filter(unittest.TestCase):
    def start(self, *options):
        child = run_filter(*options)
        for stop in (child.wait, child.kill, child.stdin.close, child.stdout.close, child.stderr.close):
            self.addCleanup(stop)
        return child

    def answer(self, child, line):
        child.stdin.write(line)
        child.stdin.flush()
        self.assertTrue(select.select([child.stdout], [], [], WAIT_S)[0], "no answer while the next line is waited for")
        return child.stdout.readline()

    def test_an_answer_comes_before_the_next_line(self):
        child = self.start()
        self.assertEqual(self.answer(child, b"we have seventy five employees\n"), b"We have 75 employees.\n")
        self.assertEqual(self.answer(child, b"um we sell boilers\n"), b"We sell boilers.\n")
        child = self.start("--jsonl")
        self.assertEqual(json.loads(self.answer(child, b'{"raw": "we have seventy five"}\n'))["cleaned"], "We have 75.")
        self.assertEqual(json.loads(self.answer(child, b"none\n"))["line"], 2)

    def test_each_change_is_explained(self):
        with tempfile.NamedTemporaryFile("w") as terms:
            terms.write("Videojet\n")
            terms.flush()
            child = self.start("--explain", "--profile", "amazon", "--level", "full", "--glossary", terms.name)
            text = "[noise] um we want mawr of it on monday no wait on friday and we have fifty video jet machines i'm the vector of marketing\n"
            _, said = child.communicate(text.encode(), timeout=WAIT_S)
        lines = said.decode().splitlines()
        for line in lines:
            self.assertRegex(line, r'^1: [a-z]+ [a-z_]+ [01]\.\d{3} .*".*" -> ".*" .+\.$')
        stages = {re.match(r"1: (\w+)", line)[1] for line in lines}
        self.assertEqual(stages, {"artefacts", "disfluencies", "selfcorrect", "profile", "patterns", "glossary", "numbers",
                                  "marks", "case"}, said.decode())

    def test_a_folder_that_is_none_and_a_glossary_that_cannot_be_read_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            cleaned, said = self.start("--data", folder).communicate(b"we sell boilers\n", timeout=WAIT_S)
            self.assertEqual((cleaned, said), (b"We sell boilers.\n", b""), "a folder without files of ours is right")
            child = self.start("--data", folder + "/none")
            cleaned, said = child.communicate(b"we sell boilers\n", timeout=WAIT_S)
            self.assertEqual((cleaned, child.returncode), (b"We sell boilers.\n", 0))
            self.assertIn(b"/none: No such file", said)
            child = self.start("--glossary", folder)
            self.assertIn(b"Is a directory", child.communicate(b"we sell boilers\n", timeout=WAIT_S)[1])
            self.assertEqual(child.returncode, 1)

    def test_ten_thousand_lines_do_not_grow_it(self):
        child = self.start("--jsonl")

        def resident_kib():
            with open(f"/proc/{child.pid}/status", encoding="ascii") as status:
                return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])

        for n in range(WARM):
            self.answer(child, line_of(n))
        before = resident_kib()
        for n in range(WARM, WARM + LINES):
            self.answer(child, line_of(n))
        self.assertLess(resident_kib() - before, GROWTH_KIB)
        child.stdin.close()
        self.assertEqual(child.wait(WAIT_S), 1)  # some lines were bad


if __name__ == "__main__":
    unittest.main()
