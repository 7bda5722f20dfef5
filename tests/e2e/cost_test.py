# SPDX-License-Identifier: ISC
"""What model calls cost: counted once, by turn and day; caps that hold across cleaners, their restarts and a lost Redis."""

import json
import os
import subprocess
import threading
import unittest
import uuid

import zmq

from harness import wire
from harness.client import Client
from harness.installation import Installation, build_folder
from harness.model import FakeModel
from harness.wait import until
from harness.workers import Workers
from stack import build as builds

FULL, OPT_DEADLINE = 3, 1
PRICES = "other 1 1 1 1, fake 300 30 2500 2500"  # far from any real one: caps are reached in a few turns
SUMS = "sum(prompt_tokens), sum(cached_tokens), sum(output_tokens), sum(thinking_tokens), sum(cost)"


class Caps(unittest.TestCase):
    def setUp(self):
        self.model = self.enterContext(FakeModel())

    def workers(self, cleaners=1, **more):
        cleaner = {"model_provider": "gemini", "model_url": self.model.url, "models": "fake", "model_key": "k",
                   "model_thinking": "off", "model_deadline_ms": 5000, **more}
        return self.enterContext(Workers(cleaners=cleaners, options={"cleaner": cleaner}))

    def turn(self, w, text, cid=None):
        return w.processed(w.send(cid or w.new_conversation(), text, forced_level=FULL, deadline_ms=9000, opt_set=OPT_DEADLINE))

    def days(self, w):
        return w.sql("SELECT calls, unanswered, prompt_tokens, cached_tokens, output_tokens, thinking_tokens, cost, currency "
                     "FROM model_days")

    def reported(self, w, calls):
        return until(f"{calls} calls are reported",
                     lambda: (d := self.days(w)) and sum(int(row[0]) for row in d) == calls and d)

    def test_without_prices_tokens_are_counted_and_costs_are_not_known(self):
        w = self.workers()
        self.turn(w, "um we are in leeds")
        row = self.reported(w, 1)[0]
        self.assertGreater(int(row[2]), 0)
        self.assertEqual(row[6:], ["", ""])

    def test_a_call_counts_once_by_turn_and_day(self):
        w = self.workers(model_prices=PRICES, model_gather_ms=50)
        conversations = [w.new_conversation() for _ in range(4)]
        sent = [w.send(c, f"um we are in place {n}", forced_level=FULL, deadline_ms=9000, opt_set=OPT_DEADLINE)
                for n, c in enumerate(conversations)]
        for turn in sent:
            w.processed(turn)
        calls = len(self.model.asked())
        row = self.reported(w, calls)[0]
        self.assertEqual(row[7], "USD")
        p, cached, out, thinking = (int(v) for v in row[2:6])
        self.assertAlmostEqual(float(row[6]), ((p - cached) * 300 + cached * 30 + (out + thinking) * 2500) / 1e6, places=6)
        self.assertEqual(w.sql(f"SELECT {SUMS} FROM turn_calls"), [row[2:7]])  # the shares are the calls
        self.assertEqual(len(w.sql("SELECT DISTINCT turn_id FROM turn_calls")), 4)

    def test_a_cap_of_nothing_is_refused(self):
        for cap, status in (("0", 78), ("0.00", 78), ("0.01", 0), ("", 0)):
            with self.subTest(cap=cap):
                done = subprocess.run(
                    [builds.program(build_folder(), "cleaner"), "--config", "/dev/null", "--check-config", "--model_provider", "gemini",
                     "--model_url", self.model.url, "--models", "fake", "--model_prices", PRICES, "--model_day_hard", cap],
                    capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, status, done.stderr)

    def test_the_hard_cap_holds_for_all_and_after_restarts_and_without_redis(self):
        w = self.workers(cleaners=2, model_prices=PRICES, model_day_soft="0.1", model_day_hard="0.2")
        numbers = iter(range(1000))

        def over():
            return self.turn(w, f"um we are in place {next(numbers)}")["metadata"]["fallback"] == "budget"

        def holds():
            before = len(self.model.asked())
            for _ in range(6):
                meta = self.turn(w, f"um we are in place {next(numbers)}")["metadata"]
                self.assertEqual((meta["fallback"], meta["fallback_cause"], meta["ai_model_used"]), ("budget", "budget", None))
            self.assertEqual(len(self.model.asked()), before)

        until("the cap is reached", over)
        until("both have heard", lambda: all(over() for _ in range(6)))
        holds()
        self.assertTrue(w.says("cleaner-1", "cap=soft") or w.says("cleaner-2", "cap=soft"))
        spent = float(w.sql("SELECT sum(cost) FROM model_days")[0][0])
        self.assertGreaterEqual(spent, 0.2)
        for name in ("cleaner-1", "cleaner-2"):
            self.assertEqual(w.stop(name), 0)
        w.redis("FLUSHALL")
        for name in ("cleaner-1", "cleaner-2"):
            w.start(name)
        until("they know it from PostgreSQL", over)
        until("Redis has it again", lambda: any("spent" in key for key in w.redis("KEYS", "cc:llm:spent:*").split()))
        holds()


class Alerts(unittest.TestCase):
    def test_a_cap_is_told_once_by_the_monitor(self):
        here = self.enterContext(Installation(cleaners=2, fake_model="latency=5", environment={
            "CLEANERCTX_MODEL_PRICES": "fake 300 30 2500 2500", "CLEANERCTX_MODEL_DAY_SOFT": "0.01",
            "CLEANERCTX_MODEL_DAY_HARD": "0.2"}))
        me = here.client()
        self.addCleanup(me.close)
        context = zmq.Context()
        self.addCleanup(context.destroy, linger=0)
        stream = context.socket(zmq.SUB)
        stream.subscribe(b"alert")
        stream.subscribe(b"snapshot")
        stream.connect(f"ipc://{here.state.socket('alerts')}")
        lines, seconds = [], 0

        def hear():
            nonlocal seconds
            while stream.poll(0):
                topic, *frames = stream.recv_multipart()
                line = json.loads(wire.decode(frames).json) if topic == b"alert" else {"state": "none"}
                if "state" not in line:  # with one it is of a metric: a busy machine's targets may be missed
                    lines.append(line)
                seconds += topic == b"snapshot"
            return lines

        until("the stream is heard", lambda: hear() or seconds)
        conversation, numbers = me.new_conversation(), iter(range(1000))

        def spend():
            me.turn(conversation, f"um we are in place {next(numbers)}", force_cleaning_level="full", options={"deadline_ms": 9000})
            return {line["alert"] for line in hear()} == {"model_budget_soft", "model_budget_hard"}

        until("both caps are told", spend)
        before = seconds
        until("three seconds pass", lambda: hear() and seconds >= before + 3)  # both cleaners go on saying so
        self.assertEqual([line["alert"] for line in lines], ["model_budget_soft", "model_budget_hard"])
        soft = lines[0]
        self.assertEqual((soft["kind"], soft["target"], soft["unit"], soft["about"]), ("alert", 0.01, "USD", soft["at"][:10]))
        self.assertGreaterEqual(soft["value"], 0.01)
        self.assertIn(soft["source"], ("cleaner-1", "cleaner-2"))
        until("it is counted", lambda: 'cleanerctx_monitor_alerts_total{process="monitor",kind="model_budget_soft"} 1' in
              me.get("/metrics").bytes.decode())
        with open(here.state.log("monitor"), encoding="utf-8") as log:
            self.assertEqual(log.read().count('"alert":"model_budget_soft"'), 1)


class Figures(unittest.TestCase):
    def test_analytics_and_a_days_costs(self):
        here = self.enterContext(Installation(cleaners=1, fake_model="latency=5",
                                              environment={"CLEANERCTX_MODEL_PRICES": "fake 0.30 0.03 2.50 2.50"}))
        operator = here.add_user("operator@example.com", "a long password", role="operator")
        me = here.add_user("me@example.com", "a long password")
        self.addCleanup(operator.close)
        self.addCleanup(me.close)
        conversation = me.new_conversation()
        base = f"/api/v1/conversations/{conversation}"
        for text in ("um we are in leeds", "um we have seventy five employees"):
            answer = me.post(base + "/turns", {"speaker": "User", "raw_text": text, "force_cleaning_level": "full",
                                               "options": {"deadline_ms": 9000}})
            self.assertEqual(answer.status, 201, answer)
        me.post(base + "/turns", {"speaker": "Lumen", "raw_text": "Good."})
        until("two calls are reported", lambda: me.get(base + "/analytics").json["tokens"]["calls"] >= 2)
        a = me.get(base + "/analytics").json
        turns = me.all_turns(conversation)
        times = [t["metadata"]["processing_time_ms"] for t in turns if t["speaker"] == "User"]
        self.assertEqual((a["turns"]["total"], a["turns"]["user_done"], a["turns"]["agent_done"]), (3, 2, 1))
        self.assertEqual(a["turns_by_level"], {"none": 0, "light": 0, "full": 2})
        self.assertEqual(sum(a["corrections_by_kind"].values()), sum(len(t["metadata"]["corrections"]) for t in turns))
        self.assertAlmostEqual(a["processing_time_ms"]["max"], max(times), places=3)
        self.assertEqual(a["processing_time_ms"]["count"], 2)
        self.assertEqual(a["model_answers"]["turns"], sum(t["metadata"]["ai_model_used"] is not None for t in turns))
        self.assertGreater(a["cost"][0]["amount"], 0)
        costs = operator.get("/api/v1/performance/costs").json
        self.assertEqual(costs["tokens"]["prompt"], sum(row["tokens"]["prompt"] for row in costs["by_model"]))
        self.assertGreaterEqual(costs["tokens"]["prompt"], a["tokens"]["prompt"])
        self.assertEqual(operator.get("/api/v1/performance/costs?day=2020-01-01").json["calls"], 0)
        self.assertEqual(me.get("/api/v1/performance/costs").status, 403)
        self.check_metrics(here, a)
        self.reported_while_deleted(here, turns[0]["turn_id"])

    def reported_while_deleted(self, here, turn):
        """A turn that is being deleted has no share; the call, and the day, have it."""
        with open(os.path.join(builds.ROOT, "cleaner", "spend.sql"), encoding="utf-8") as f:
            statement = f.read()
        deleting = threading.Thread(target=here.sql, args=(
            f"BEGIN; DELETE FROM turns WHERE id = '{turn}'; SELECT pg_sleep(1); COMMIT",))
        deleting.start()
        self.addCleanup(deleting.join)
        until("the turn is being deleted", lambda: here.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == [["1"]])
        here.sql(f"PREPARE spend AS {statement}; EXECUTE spend('{uuid.uuid4()}', '{{1577836800000000}}', '{{p}}', '{{m}}', '{{\"\"}}', "
                 f"'{{t}}', '{{7}}', '{{0}}', '{{1}}', '{{0}}', '{{NULL}}', 'USD', '{{{turn}}}', '{{1}}', '{{1}}', '{{1}}')")
        self.assertEqual(here.sql("SELECT calls, prompt_tokens FROM model_days WHERE day = '2020-01-01'"), [["1", "7"]])
        self.assertEqual(here.sql(f"SELECT count(*) FROM turn_calls WHERE turn_id = '{turn}'"), [["0"]])

    def check_metrics(self, here, analytics):
        """What the cleaner counted is in /metrics, each name's series together."""
        def metrics():
            return me.get("/metrics").bytes.decode().splitlines()

        def value(name, *labels):
            return sum(float(line.rsplit(" ", 1)[1]) for line in metrics()
                       if line.startswith(f"cleanerctx_{name}{{") and all(label in line for label in labels))

        me = here.client() if os.path.exists(here.state.credentials) else Client(here.url)
        self.addCleanup(me.close)
        calls = analytics["tokens"]["calls"]
        until("the calls are in /metrics", lambda: value("model_calls_total", 'outcome="ok"', 'process="cleaner-1"') >= calls)
        self.assertEqual(value("model_tokens_total", 'gen_ai_token_type="input"', 'gen_ai_request_model="fake"'),
                         analytics["tokens"]["prompt"])
        self.assertEqual(value("model_turns_total", 'outcome="ok"'), analytics["model_answers"]["turns"])
        self.assertEqual(value("model_breaker_open"), 0)
        shown = {line.rsplit(" ", 1)[0] for line in metrics()}
        for series in ('calls_saved_total{process="cleaner-1",by="words"}', 'calls_saved_total{process="cleaner-1",by="cache"}',
                       'calls_saved_total{process="cleaner-1",by="merging"}', 'hedges_total{process="cleaner-1"}',
                       'hedges_won_total{process="cleaner-1"}', 'late_turns_total{process="cleaner-1",end="revised"}'):
            self.assertIn(f"cleanerctx_model_{series}", shown)
        self.check_strange(here, value)
        typed = [line.split()[2] for line in metrics() if line.startswith("# TYPE")]
        self.assertEqual(len(typed), len(set(typed)))

    def check_strange(self, here, value):
        """What nobody of ours sends changes nothing but, where it can be shown, its own series, escaped."""
        context = zmq.Context()
        link = context.socket(zmq.PUB)
        link.connect(f"ipc://{here.state.socket('timings')}")
        told = [b"", b"no json", b"[]", b'{"series":[]}', b'{"source":5}', b'{"source":"x","series":[{}, 5, {"name":"A b"}]}',
                json.dumps({"source": "odd\n\"", "series": [{"name": "model_odd_total", "labels": {"a": "b\"\\", "C": "d"},
                                                            "value": 7}, {"name": "model_odd_total", "value": "x"}]}).encode(),
                b'{"source":"\xff","series":[{"name":"model_strange","labels":{"process":"p","a":"\xc3","a":"b"},"value":3}]}']

        def shown():
            for text in told:
                link.send_multipart([b"c", *wire.encode("alert", json=text)])
            return value("model_odd_total") == 7 and value("model_strange", '{process="?",a="?"}') == 3

        try:
            until("what can be shown is", shown)
        finally:
            context.destroy(linger=0)


if __name__ == "__main__":
    unittest.main()
