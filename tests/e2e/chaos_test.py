# SPDX-License-Identifier: ISC
"""Short runs of the fault harness, with two deciders and every link through a relay: see tests/chaos/."""

import os
import subprocess
import unittest

from stack import build as builds

RUN = os.path.join(builds.ROOT, "tests", "chaos", "run")


class Chaos(unittest.TestCase):
    def run_it(self, *words):
        done = subprocess.run([RUN, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_mix_of_faults(self):
        self.run_it("--minutes", "0.3", "--rate", "20", "--faults", "5", "--longest", "2", "--seed", "1")

    def test_connections_that_die_without_a_word(self):
        """Subscribers hear of what they missed, though the link was silent before and nobody told them that it is dead."""
        self.run_it("--minutes", "0.3", "--rate", "20", "--faults", "6", "--only", "half-open,stall", "--longest", "2", "--seed", "3")


if __name__ == "__main__":
    unittest.main()
