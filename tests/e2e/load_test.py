# SPDX-License-Identifier: ISC
"""The load commands, shortly: they measure, they end by themselves, and what they find on a busy machine is no failure."""

import os
import subprocess
import unittest

from harness.installation import Installation
from stack import build as builds

LOAD = os.path.join(builds.ROOT, "tests", "load")


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())

    def run_words(self, *words):
        return subprocess.run(words, stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=300, check=False)

    def client(self, *words):
        program = os.path.join(self.here.build, "tests", "load", "client", "cleanerctx-load")
        return self.run_words(program, self.here.url, *words)

    def test_the_mix_of_users(self):
        self.here.admin("user", "add", "test@example.com", stdin="testpassword\n")
        done = self.client("--users", "30", "--seconds", "6", "--logins", "2")
        self.assertIn("failed: 0", done.stdout, done)
        for operation in ("list", "user turn", "Lumen turn", "status", "create", "login"):
            self.assertRegex(done.stdout, rf"(?m)^{operation} +\d+", done)

    def test_a_wrong_password_is_a_failure(self):
        done = self.client("--users", "1", "--seconds", "1", "--password", "wrong")
        self.assertEqual(done.returncode, 1)
        self.assertIn("login: 401", done.stdout)

    def test_soak(self):
        path = os.path.join(self.here.folder, "soak.csv")
        done = self.run_words(os.path.join(LOAD, "soak"), "--state", self.here.state.path, "--minutes", "0.2", "--rate", "20",
                              "--csv", path)
        for said in ("failed: 0", "subscribe", "create"):
            self.assertIn(said, done.stdout, done)
        for name in ("gateway", "decider", "cleaner-1", "notifier", "monitor", "postgres", "redis"):
            self.assertRegex(done.stdout, rf"(?m)^{name} +fds +\d", done)
        self.assertNotIn("was started again", done.stdout)
        with open(path, encoding="ascii") as f:
            self.assertGreater(len(f.readlines()), 10)

    def test_overload(self):
        done = self.run_words(os.path.join(LOAD, "overload"), "--state", self.here.state.path, "--capacity", "60", "--seconds", "4",
                              "--users", "10", "--report")
        self.assertEqual(done.returncode, 0, done)
        for said in ("accepted user turns", "accepted Lumen turns", "refused with Retry-After", "within target again"):
            self.assertIn(said, done.stdout)
