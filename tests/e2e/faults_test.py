# SPDX-License-Identifier: ISC
"""kill -9 of each process under load, and Redis emptied: no accepted turn lost, doubled or out of order; late, not failed."""

import shutil
import unittest
import uuid

from harness.installation import Installation
from harness.ledger import Ledger
from harness.wait import until

BETWEEN = 40  # turns acknowledged between two faults


class Faults(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(Installation(environment={"CLEANERCTX_RATE_PER_S": "1000"}))

    def test_services_die_under_load(self):
        with Ledger(self.here) as ledger:
            ledger.wait_progress(BETWEEN)
            for name in ("decider", "cleaner-1", "notifier", "cleaner-2", "monitor", "decider", "notifier"):
                self.here.kill_and_wait(name)
                ledger.wait_progress(BETWEEN)
            self.assertEqual(ledger.refused(), [], "a request failed")
            self.assertEqual(sum(w.broken for w in ledger.writers), 0)
        ledger.check(self)

    def test_gateway_dies_under_load(self):
        with Ledger(self.here) as ledger:
            for _ in range(3):
                ledger.wait_progress(BETWEEN)
                self.here.kill_and_wait("gateway")
            ledger.wait_progress(BETWEEN)
        self.assertEqual([a for a in ledger.refused() if a.status != 503], [])
        ledger.check(self)

    def test_both_cleaners_die(self):
        with Ledger(self.here) as ledger:
            ledger.wait_progress(BETWEEN)
            for _ in range(3):
                self.here.kill("cleaner-1")
                self.here.kill_and_wait("cleaner-2")
                ledger.wait_progress(BETWEEN)
            self.assertEqual(ledger.refused(), [])
        ledger.check(self)

    def test_redis_dies_and_is_emptied(self):
        with Ledger(self.here) as ledger:
            ledger.wait_progress(BETWEEN)
            self.here.kill_and_wait("redis")
            ledger.wait_progress(BETWEEN)
            self.here.redis("FLUSHALL")
            ledger.wait_progress(BETWEEN)
            shutil.rmtree(f"{self.here.state.redis}/appendonlydir")
            self.here.kill_and_wait("redis")
            ledger.wait_progress(BETWEEN)
            self.assertEqual(ledger.refused(), [], "a request failed")
        ledger.check(self)

    def test_postgres_dies(self):
        with Ledger(self.here) as ledger:
            ledger.wait_progress(BETWEEN)
            self.here.kill_and_wait("postgres")
            ledger.wait_progress(BETWEEN)
        for answer in ledger.refused():
            self.assertEqual((answer.status, bool(answer.headers["Retry-After"])), (503, True), answer)
        ledger.check(self)

    def test_queued_turns_survive_an_emptied_redis(self):
        """Turns that wait in a paused conversation, and their order, come from PostgreSQL when Redis has lost all."""
        me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        conversation = me.new_conversation()
        base = f"/api/v1/conversations/{conversation}"
        me.post(base + "/pause", None)
        for n in range(30):
            self.assertEqual(me.turn(conversation, f"item {n} of seventy five").status, 202)
        self.here.redis("FLUSHALL")
        me.post(base + "/resume", None)
        until("all are done", lambda: {t["state"] for t in me.all_turns(conversation)} == {"done"})
        self.assertEqual([t["raw_text"] for t in me.all_turns(conversation)],
                         [f"item {n} of seventy five" for n in range(30)])


if __name__ == "__main__":
    unittest.main()
