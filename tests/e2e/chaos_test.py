# SPDX-License-Identifier: ISC
"""Short runs of the fault harness, with two deciders and every link through a relay; its schedule. See tests/chaos/."""

import os
import subprocess
import unittest

from chaos.schedule import FIRST_SECONDS, KINDS, SHADOW_SECONDS, schedule
from chaos.verdict import merge
from stack import build as builds

RUN = os.path.join(builds.ROOT, "tests", "chaos", "run")


class Chaos(unittest.TestCase):
    def run_it(self, *words):
        done = subprocess.run([RUN, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_mix_of_faults(self):
        self.run_it("--minutes", "0.3", "--rate", "20", "--dense", "--faults", "14", "--longest", "2", "--seed", "1")

    def test_connections_that_die_without_a_word(self):
        """Subscribers hear of what they missed, though the link was silent before and nobody told them that it is dead."""
        self.run_it("--minutes", "0.3", "--rate", "20", "--dense", "--faults", "14", "--only", "half-open,stall", "--longest", "2", "--seed", "3")

    def test_a_queue_that_redis_loses(self):
        self.run_it("--emptied", "500")


class Somewhere:
    """What a schedule asks of a place."""

    nets = {"cleaner-1": None}

    def names(self):
        return ["cleaner-1", "decider-1", "gateway", "monitor", "notifier", "postgres", "redis"]

    def links(self):
        return ["turns-1", "results", "events"]

    def clocks(self):
        return ["decider-1"]


class Schedule(unittest.TestCase):
    def make(self, seed, seconds=300, count=100, **how):
        return schedule(seed, Somewhere(), seconds, count, 20, list(KINDS), **how)

    def test_a_seed_is_a_schedule(self):
        self.assertEqual(self.make(5), self.make(5))
        self.assertNotEqual(self.make(5), self.make(6))

    def test_every_kind_comes(self):
        self.assertEqual({f.kind for f in self.make(5, seconds=3000, count=300)}, set(KINDS))

    def test_half_of_the_time_is_untouched(self):
        for seed in range(20):
            faults = self.make(seed)
            spans = merge([(f.at, f.at + f.seconds + SHADOW_SECONDS) for f in faults])
            self.assertLessEqual(sum(end - begin for begin, end in spans), 150, f"seed {seed}")
            self.assertGreaterEqual(spans[0][0], FIRST_SECONDS)
            self.assertGreater(len(faults), 30, f"seed {seed}")

    def test_alone_is_alone(self):
        faults = self.make(7, alone=True)
        self.assertEqual(len(merge([(f.at, f.at + f.seconds + SHADOW_SECONDS) for f in faults])), len(faults))


if __name__ == "__main__":
    unittest.main()
