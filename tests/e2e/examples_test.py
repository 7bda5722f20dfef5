# SPDX-License-Identifier: ISC
"""deploy/examples/: what a newcomer tries first works as it says; live.py loses nothing when the gateway dies."""

import os
import subprocess
import unittest

from harness.installation import Installation
from harness.wait import until
from stack import build as builds

EXAMPLES = os.path.join(builds.ROOT, "deploy", "examples")


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())

    def test_first(self):
        done = subprocess.run([os.path.join(EXAMPLES, "first.sh"), self.here.state.path], stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        for text in ("I'm the director of marketing.", "Nice to meet you. How large is your company?", "total_turns"):
            self.assertIn(text, done.stdout)

    def test_live_resumes(self):
        client = self.here.client()
        conversation = client.new_conversation()
        client.turn(conversation, "there are 0 boxes")
        child = subprocess.Popen([os.path.join(EXAMPLES, "live.py"), self.here.state.path, conversation, "--turns", "6"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(child.kill)
        lines = [child.stdout.readline()]  # it watches, or is about to
        for n in (1, 2):
            client.turn(conversation, f"there are {n} boxes")
            lines.append(child.stdout.readline())
        self.here.kill_and_wait("gateway")
        client.close()
        until("the gateway answers", lambda: client.try_get("/readyz") == 200)
        for n in (3, 4, 5):
            client.turn(conversation, f"there are {n} boxes")
        out, err = child.communicate(timeout=60)
        shown = [line.split(None, 2)[2] for line in lines + out.splitlines()]
        self.assertEqual([text.strip() for text in shown], [f"There are {n} boxes." for n in range(6)], err)


if __name__ == "__main__":
    unittest.main()
