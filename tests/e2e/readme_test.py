# SPDX-License-Identifier: ISC
"""README.md's tour works as it stands: its commands are run, with this installation's folder and port in place of the default."""

import glob
import os
import re
import subprocess
import unittest

from harness.installation import Installation
from harness.readme import blocks
from stack import build as builds


EVERYBODY = {"common/base", "common/wire", "common/service"}


class Table(unittest.TestCase):
    """The table of processes says what each includes, no more and no less."""

    def included(self, folder):
        found = set()
        for path in glob.glob(os.path.join(builds.ROOT, folder, "**", "*.[ch]"), recursive=True):
            with open(path, encoding="utf-8") as f:
                found.update(re.findall(r'^#include "(\w+/\w+)/', f.read(), re.MULTILINE))
        return {name for name in found - EVERYBODY if not name.startswith(folder)}

    def test_includes(self):
        with open(os.path.join(builds.ROOT, "README.md"), encoding="utf-8") as f:
            rows = re.findall(r"^\| `(\w+)/` \|.*\| ([^|]*) \|$", f.read(), re.MULTILINE)
        self.assertEqual([folder for folder, _ in rows], ["gateway", "decider", "cleaner", "notifier", "monitor"])
        for folder, told in rows:
            with self.subTest(folder):
                self.assertEqual(set(re.findall(r"`([\w/]+)`", told)), self.included(folder))


class Readme(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(Installation())

    def shell(self, script):
        for old, new in (("http://127.0.0.1:8080", self.here.url), (".run/", self.here.state.path + "/"),
                         ("build/", os.path.relpath(self.here.build, builds.ROOT) + "/")):
            script = script.replace(old, new)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=builds.ROOT, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_tour(self):
        curl, live, look, engine = blocks("A tour")
        self.assertIn("I'm the director of marketing.", self.shell(curl))
        last = curl.replace("curl -H \"$auth\" $url/conversations/$id/status", "echo; echo $id")
        conversation = self.shell(last).splitlines()[-1]
        shown = self.shell(live.replace("live.py", f"live.py {self.here.state.path}")
                           .replace("$id", f"{conversation} --turns 2"))
        self.assertIn("I'm the director of marketing.", shown)
        for line in look.splitlines():
            if line and "cleanerctx-alerts" not in line:  # it goes on until it is stopped; the monitor's own test reads it
                self.assertTrue(self.shell(line), line)
        self.assertEqual(self.shell(engine), "We have 75 employees.\n")


if __name__ == "__main__":
    unittest.main()
