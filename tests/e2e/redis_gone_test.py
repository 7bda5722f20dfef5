# SPDX-License-Identifier: ISC
"""Redis gone in each way that there is: turns are accepted, light ones done at once, the others, in order, when it is back."""

import contextlib
import os
import shutil
import signal
import unittest
import uuid

from harness.installation import Installation
from harness.wait import until
from harness.workers import DONE, QUEUED, Workers

LIGHT, FULL = 2, 3  # msg_turn.forced_level
TEXT = "so um we have seventy five employees number {}"


class RedisGone(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = cls.enterClassContext(Workers(cleaners=2))

    def setUp(self):
        self.before = self.w.new_conversation()  # full turns wait in Redis when it goes
        self.light, self.full, self.mixed = (self.w.new_conversation() for _ in range(3))

    def states(self, cid):
        return [r[0] for r in self.w.sql(f"SELECT state FROM turns WHERE conversation_id = '{cid}' ORDER BY seq")]

    def check(self, cid, count):
        """Every turn once, done once, in its order."""
        self.w.wait_done(cid, count)
        rows = self.w.sql(f"SELECT seq, state, revision FROM turns WHERE conversation_id = '{cid}' ORDER BY finished_at, seq")
        self.assertEqual(rows, [[str(n), "done", "1"] for n in range(1, count + 1)])
        self.assertEqual(self.w.sql(f"SELECT queued_count, user_done + agent_done FROM conversations WHERE id = '{cid}'"),
                         [["0", str(count)]])

    def send_while_away(self):
        w = self.w
        for n in range(5):
            light = w.accept(self.light, TEXT.format(n), forced_level=LIGHT)
            self.assertEqual(light.outcome, QUEUED)
            turn = w.processed(light.turn_id)
            self.assertEqual((turn["state"], turn["metadata"]["cleaning_level"]), ("done", "light"))
            self.assertEqual(w.accept(self.full, TEXT.format(n), forced_level=FULL).outcome, QUEUED)
        self.assertEqual(w.accept(self.light, "Thank you.", speaker="Lumen", bypass=1).outcome, DONE)
        w.accept(self.mixed, TEXT.format(0), forced_level=FULL)
        w.accept(self.mixed, TEXT.format(1), forced_level=LIGHT)

    def check_away(self):
        self.assertEqual(self.states(self.light), ["done"] * 6)
        self.assertEqual(self.states(self.full), ["queued"] * 5)
        self.assertEqual(self.states(self.mixed), ["queued"] * 2, "a light turn does not pass an earlier one")

    def check_back(self):
        for cid, count in ((self.light, 6), (self.full, 5), (self.mixed, 2), (self.before, 3)):
            self.check(cid, count)
        until("the queue is empty", lambda: self.w.redis("HLEN", "q:{0}:jobs") == "0")

    def away(self, go, come):
        """What holds while Redis does not serve, and after."""
        for n in range(3):
            self.w.accept(self.before, TEXT.format(n), forced_level=FULL)
        go()
        try:
            until("the cleaners see it", lambda: all(self.refusing(f"cleaner-{n}") for n in (1, 2)))
            self.send_while_away()
            self.check_away()
        finally:
            come()
        self.check_back()

    def refusing(self, name):
        with open(self.w.log(name), encoding="utf-8", errors="replace") as f:
            text = f.read()
        return text.count("event=redis.refuses") > text.count("event=redis.serves")

    def redis_pid(self):
        with open(os.path.join(self.w.dir, "redis.pid"), encoding="ascii") as f:
            return int(f.read())

    def test_killed(self):
        self.away(lambda: self.w.servers("kill", "redis"), lambda: self.w.servers("start", "redis"))

    def test_wiped(self):
        def go():
            self.w.servers("kill", "redis")
            shutil.rmtree(os.path.join(self.w.dir, "appendonlydir"))
        self.away(go, lambda: self.w.servers("start", "redis"))

    def test_read_only(self):
        self.away(lambda: self.w.redis("REPLICAOF", "127.0.0.1", "1"), lambda: self.w.redis("REPLICAOF", "NO", "ONE"))

    def test_out_of_memory(self):
        self.away(lambda: self.w.redis("CONFIG", "SET", "maxmemory", "1"), lambda: self.w.redis("CONFIG", "SET", "maxmemory", "0"))

    def test_slow(self):
        pid = self.redis_pid()
        self.away(lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT))

    def test_a_start_says_that_redis_is_gone_when_it_has_tried(self):
        name, pid = "cleaner-9", self.redis_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            self.w.launch(name)
            until("it stands in", lambda: self.w.says(name, "redis.refuses"))
            with open(self.w.log(name), encoding="utf-8") as f:
                log = f.read()
            self.assertIn("redis.down", log[:log.index("redis.refuses")])
        finally:
            os.kill(pid, signal.SIGCONT)
        until("it is ready", lambda: self.w.ready_count(name))
        self.assertEqual(self.w.stop(name), 0)

    def test_flushed(self):
        """It is there, but knows nothing: new turns are done as ever, those that it lost come from PostgreSQL."""
        for n in range(5):
            self.w.accept(self.full, TEXT.format(n), forced_level=FULL)
            self.w.redis("FLUSHALL")
            self.w.accept(self.light, TEXT.format(n), forced_level=LIGHT)
        self.check(self.full, 5)
        self.check(self.light, 5)


class Answered(unittest.TestCase):
    def test_light_turns_over_http_while_redis_stands_still(self):
        with contextlib.ExitStack() as stack:
            here = stack.enter_context(Installation())
            me = here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
            stack.callback(me.close)
            conversation, other = me.new_conversation(), me.new_conversation()
            me.turn(conversation, "um we have sixty")
            pid = here.kill("redis", signal.SIGSTOP)
            stack.callback(os.kill, pid, signal.SIGCONT)
            for n in range(5):
                answer = me.turn(conversation, TEXT.format(n), force_cleaning_level="light")
                self.assertEqual((answer.status, answer.json["state"], answer.json["seq"]), (201, "done", n + 2))
                agent = me.turn(other, "Thank you.", speaker="Lumen")
                self.assertEqual((agent.status, agent.json["state"]), (201, "done"))
            waits = me.turn(other, TEXT.format(9), force_cleaning_level="full", headers={"Prefer": "wait=1"})
            self.assertEqual((waits.status, waits.json["state"]), (202, "queued"))
            self.assertEqual(me.try_get("/readyz"), 200, "it takes turns")
            os.kill(pid, signal.SIGCONT)
            until("the others are done", lambda: {t["state"] for t in me.all_turns(other)} == {"done"})


if __name__ == "__main__":
    unittest.main()
