# SPDX-License-Identifier: ISC
"""SIGTERM under load: each process finishes what it holds and exits 0, one after another, and no request fails."""

import re
import signal
import unittest
import uuid

from harness.installation import Installation
from harness.ledger import Ledger
from harness.wait import until
from stack.places import write_private

BETWEEN = 24  # turns acknowledged between two restarts
SERVICES = ("monitor", "notifier", "decider", "cleaner-1", "cleaner-2")


class Restart(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(Installation())

    def log(self, name):
        with open(self.here.state.log(name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def ready_count(self, name):
        return self.log(name).count("event=service.ready")

    def restart(self, name):
        """SIGTERM, until the next one of it is ready."""
        before = self.ready_count(name)
        self.here.kill(name, signal.SIGTERM)
        until(f"{name} is started again", lambda: self.ready_count(name) > before)

    def check_ends(self, names):
        """Each restart was an orderly one: exit 0, and the drain, which has less than 5 s, was not cut short."""
        ended = re.findall(r"(\S+) ended with (.*), is started again", self.log("run"))
        self.assertEqual(sorted(ended), sorted((name, "exit 0") for name in names))
        for name in names:
            self.assertNotIn("service.drain_cut", self.log(name), name)

    def test_rolling_restart(self):
        with Ledger(self.here) as ledger:
            for name in SERVICES:
                ledger.wait_progress(BETWEEN)
                self.restart(name)
            ledger.wait_progress(BETWEEN)
            self.assertEqual(ledger.refused(), [], "a request failed")
            self.assertEqual(sum(w.broken for w in ledger.writers), 0)
        ledger.check(self)
        self.check_ends(SERVICES)

    def test_gateway_restart(self):
        """Its clients' connections end, with what was under way answered; sent again with their keys, none fails."""
        with Ledger(self.here) as ledger:
            for _ in range(3):
                ledger.wait_progress(BETWEEN)
                self.restart("gateway")
            ledger.wait_progress(BETWEEN)
            self.assertEqual(ledger.refused(), [], "a request failed")
        ledger.check(self)
        self.check_ends(["gateway"] * 3)

    def reload(self, section, line):
        with open(self.here.state.config, "a", encoding="utf-8") as f:
            f.write(f"\n[{section}]\n{line}\n")
        before = self.log("gateway").count("event=service.re")
        self.here.kill("gateway", signal.SIGHUP)
        until("it was read", lambda: self.log("gateway").count("event=service.re") > before)

    def test_sighup_reads_the_configuration_again(self):
        me, page = self.here.client(), {"Origin": "https://page.example"}
        self.addCleanup(me.close)

        def allowed():
            return me.request("GET", "/api/v1/auth/me", headers=page).headers["Access-Control-Allow-Origin"]

        pid = self.here.pid("gateway")
        self.assertIsNone(allowed())
        self.reload("gateway", "cors_origins = https://page.example")
        until("it is in effect", lambda: allowed() == "https://page.example")
        with open(self.here.state.config, encoding="utf-8") as f:
            right = f.read()
        for section, line in (("gateway", "rate_per_s = nonsense"), ("common", "log_level = loud")):
            write_private(self.here.state.config, right)
            self.reload(section, line)
            self.assertEqual(allowed(), "https://page.example", "a file that is wrong changes nothing")
        self.assertEqual(self.here.pid("gateway"), pid)

    def test_turns_of_a_stopped_cleaner(self):
        """Stopped with turns in hand and more behind them: they are done, in order, by whoever stays."""
        me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        self.addCleanup(me.close)
        conversation = me.new_conversation()
        for n in range(10):
            me.turn(conversation, f"we have seventy five of item {n}", headers={"Prefer": "respond-async"})
        self.restart("cleaner-1")
        until("all are done", lambda: {t["state"] for t in me.all_turns(conversation)} == {"done"})
        self.assertEqual([t["seq"] for t in me.all_turns(conversation)], list(range(1, 11)))
        self.check_ends(["cleaner-1"])


if __name__ == "__main__":
    unittest.main()
