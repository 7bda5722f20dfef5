# SPDX-License-Identifier: ISC
"""Full cleaning with a language model, and without one that should be there: the cleaner against the fake service."""

import asyncio
import json
import re
import unittest

from harness.client import Socket
from harness.installation import Installation
from harness.model import FakeModel
from harness.wait import until
from harness.workers import Workers

FULL = 3  # msg_turn.forced_level: 0 not, else the level and one
OPT_DEADLINE = 1


class ModelCase(unittest.TestCase):
    def setUp(self):
        self.model = self.enterContext(FakeModel())

    def workers(self, cleaners=1, **more):
        cleaner = {"model_provider": "gemini", "model_url": self.model.url, "models": "fake", "model_key": "a-secret-key",
                   "model_thinking": "off", **more}
        return self.enterContext(Workers(cleaners=cleaners, options={"cleaner": cleaner}))

    def turn(self, w, text, cid=None, **more):
        return w.processed(w.send(cid or w.new_conversation(), text, forced_level=FULL,
                                  **{"deadline_ms": 5000, "opt_set": OPT_DEADLINE, **more}))

    def check_rebuilds(self, turn):
        raw, text, at = turn["raw_text"], "", 0
        for c in turn["metadata"]["corrections"]:
            start, end = c["position"]["start"], c["position"]["end"]
            text += raw[at:start]
            self.assertEqual(c["original"], raw[start:end])
            self.assertEqual(len(text), c["cleaned_position"]["start"])
            text, at = text + c["corrected"], end
        self.assertEqual(text + raw[at:], turn["cleaned_text"])


class Answers(ModelCase):
    def test_the_models_answer_stands(self):
        w = self.workers(model_deadline_ms=5000)
        turn = self.turn(w, "um i found them on checker trade")
        self.assertEqual(turn["cleaned_text"], "I found them on Checkatrade.")
        meta = turn["metadata"]
        self.assertEqual((meta["ai_model_used"], meta["fallback"], meta["cleaning_level"]), ("fake", None, "full"))
        self.assertEqual(len(meta["prompt"]), 64)
        self.assertLessEqual({"model", "model_parse", "judge", "queue", "window"}, set(meta["timings"]))
        self.check_rebuilds(turn)
        for said in ("a-secret-key", "checker"):
            self.assertFalse(w.says("cleaner-1", said), "a key or a transcript in the log")

    def test_the_window_goes_with_the_turn_and_the_same_question_is_kept(self):
        w = self.workers(model_deadline_ms=5000)
        cid, other = w.new_conversation(), w.new_conversation()
        for text in ("um we are in leeds", "um and we sell software"):
            self.check_rebuilds(self.turn(w, text, cid))
        calls = self.model.asked()
        self.assertGreater(calls[1]["bytes"], calls[0]["bytes"])
        turn = self.turn(w, "um we are in leeds", other)  # the same question: no window yet
        self.assertEqual(turn["metadata"]["ai_model_used"], "fake")
        self.assertEqual(len(self.model.asked()), 2)

    def test_light_turns_and_sure_words_ask_nobody(self):
        w = self.workers(model_skip_confidence=90)
        cid = w.new_conversation()
        w.processed(w.send(cid, "um yes we do", forced_level=2))
        words = '[{"text":"um","start":0,"end":1,"confidence":0.95},{"text":"yes","start":1,"end":2,"confidence":0.99}]'
        turn = self.turn(w, "um yes", cid, words=words)
        self.assertIsNone(turn["metadata"]["ai_model_used"])
        self.assertEqual(self.model.asked(), [])
        self.turn(w, "um yes", cid, words=words.replace("0.99", "0.5"))
        self.assertEqual(len(self.model.asked()), 1)
        self.assertEqual(w.stop("cleaner-1"), 0)
        self.assertTrue(w.says("cleaner-1", "event=model.counts asked=1 saved=1 "))


class Late(ModelCase):
    """The local answer goes out, the model's follows as revision 2: where nobody has changed the turn since."""

    TEXT, LOCAL, MODEL = "um the book ads are fine", "The book ads are fine.", "The Facebook ads are fine."
    SLOW = {"model_deadline_ms": 100, "model_late_ms": 8000}

    def revision(self, w, turn_id, number):
        def look():
            w.gather()
            return next((r for r in w.results if r.turn_id == turn_id and r.durable and r.revision == number), None)
        return json.loads(until(f"revision {number} of {turn_id}", look).turn)

    def local(self, w, cid=None, **more):
        """Sends a turn that goes out with the local answer."""
        turn = self.turn(w, self.TEXT, cid, **more)
        self.assertEqual((turn["revision"], turn["cleaned_text"]), (1, self.LOCAL))
        self.assertIsNone(turn["metadata"]["ai_model_used"])
        return turn

    def check_followed(self, w, first):
        turn = self.revision(w, first["turn_id"], 2)
        self.assertEqual((turn["cleaned_text"], turn["state"]), (self.MODEL, "done"))
        meta = turn["metadata"]
        self.assertEqual((meta["ai_model_used"], meta["fallback"], meta["source"]), ("fake", None, "model"))
        self.assertGreater(meta["processing_time_ms"], first["metadata"]["processing_time_ms"])
        self.check_rebuilds(turn)
        ids = {c["id"] for c in turn["metadata"]["corrections"]}
        self.assertFalse(ids & {c["id"] for c in first["metadata"]["corrections"]}, "a verdict on the old ones would meet these")
        rows = w.sql(f"SELECT t.revision, t.source, r.revision, r.source, r.cleaned_text FROM turns t "
                     f"JOIN turn_revisions r ON r.turn_id = t.id WHERE t.id = '{first['turn_id']}'")
        self.assertEqual(rows, [["2", "model", "1", "engine", self.LOCAL]])
        self.assertEqual(w.sql("SELECT high_count + medium_count + low_count, user_done, queued_count FROM conversations "
                               f"WHERE id = '{first['conversation_id']}'"), [["1", "1", "0"]])

    def test_an_answer_after_the_deadline_is_revision_2(self):
        self.model.set("latency", 600)
        w = self.workers(**self.SLOW)
        turn = self.local(w)
        self.assertEqual((turn["metadata"]["fallback"], turn["metadata"]["fallback_cause"]), ("deadline", "timed_out"))
        self.assertIn("model_error", turn["metadata"]["timings"])
        self.check_followed(w, turn)

    def test_a_deadline_too_near_is_answered_at_once_and_the_model_follows(self):
        self.model.set("latency", 300)
        w = self.workers(model_late_ms=8000)
        turn = self.local(w, deadline_ms=50)
        self.assertEqual((turn["metadata"]["fallback"], turn["metadata"]["fallback_cause"]), ("deadline", "no_time"))
        self.check_followed(w, turn)

    def test_local_first(self):
        self.model.set("latency", 300)
        w = self.workers(model_local_first="yes", model_deadline_ms=8000)
        turn = self.local(w)
        self.assertEqual(turn["metadata"]["fallback_cause"], "model_follows")
        self.check_followed(w, turn)
        again = self.turn(w, self.TEXT)  # the same question: kept, so there is nothing to go before, unless Redis is slow
        if again["cleaned_text"] != self.MODEL:
            again = self.revision(w, again["turn_id"], 2)
        self.assertEqual(again["cleaned_text"], self.MODEL)
        self.assertEqual(len(self.model.asked()), 1)
        same = self.turn(w, "um yes we do that every week now")  # the model says what went out
        until("both know", lambda: len(self.model.asked()) == 2)
        self.assertEqual(w.stop("cleaner-1"), 0)
        self.assertEqual(w.sql(f"SELECT revision FROM turns WHERE id = '{same['turn_id']}'"), [["1"]])

    def test_who_changed_the_turn_meanwhile_wins(self):
        self.model.set("latency", 800)
        w = self.workers(model_cache_s=0, **self.SLOW)
        changes = {"edit": "revision = 2, source = 'user', cleaned_text = 'Mine.'", "lease": "fence = fence + 1",
                   "verdict": "revision = 2, source = 'verdict'"}
        for n, (name, change) in enumerate(changes.items(), 1):
            with self.subTest(name):
                turn = self.local(w)
                w.sql(f"UPDATE turns SET {change} WHERE id = '{turn['turn_id']}'")
                stands = w.sql(f"SELECT * FROM turns WHERE id = '{turn['turn_id']}'")
                until("the answer came", lambda: self.said(w, "event=late.overtaken") == n)
                self.assertEqual(w.sql(f"SELECT * FROM turns WHERE id = '{turn['turn_id']}'"), stands)
        self.local(w)
        w.sql(f"UPDATE users SET glossary_version = glossary_version + 1 WHERE id = '{w.user}'")
        until("what it was judged with has changed", lambda: self.said(w, "event=late.overtaken") == len(changes) + 1)

    def said(self, w, text):
        with open(w.log("cleaner-1"), encoding="utf-8") as f:
            return f.read().count(text)

    def test_no_turn_waits_for_it_and_the_next_one_sees_what_stands(self):
        self.model.set("latency", 1500)
        w = self.workers(cleaners=2, **self.SLOW)
        cid, straight = w.new_conversation(), w.new_conversation()
        first = self.local(w, cid)
        second = w.processed(w.send(cid, "um yes we do", forced_level=2))
        self.assertEqual(second["seq"], 2)
        self.assertEqual(w.sql(f"SELECT revision FROM turns WHERE id = '{first['turn_id']}'"), [["1"]])
        self.revision(w, first["turn_id"], 2)
        self.model.set("latency", 0)
        self.assertEqual(self.turn(w, self.TEXT, straight)["cleaned_text"], self.MODEL)  # kept: the same question
        w.processed(w.send(straight, "um yes we do", forced_level=2))
        calls = len(self.model.asked())
        third = self.turn(w, "um and now we are in leeds", cid)
        self.assertEqual(self.turn(w, "um and now we are in leeds", straight)["cleaned_text"], third["cleaned_text"])
        self.assertEqual(len(self.model.asked()), calls + 1, "the same window, so the same question")

    def test_a_cleaner_that_dies_loses_the_late_answer_and_nothing_else(self):
        self.model.set("latency", 1000)
        w = self.workers(**self.SLOW)
        cid = w.new_conversation()
        turn = self.local(w, cid)
        w.kill("cleaner-1")
        w.start("cleaner-1")
        self.model.set("latency", 0)
        following = self.turn(w, "um we are in leeds", cid, deadline_ms=5000)
        self.assertEqual((following["seq"], following["state"]), (2, "done"))
        self.assertEqual(w.sql(f"SELECT revision, cleaned_text FROM turns WHERE id = '{turn['turn_id']}'"), [["1", self.LOCAL]])

    def test_a_cleaner_that_stops_reports_the_calls_that_it_gives_up(self):
        self.model.set("latency", 6000)
        w = self.workers(**self.SLOW)
        self.local(w)
        self.assertEqual(w.stop("cleaner-1"), 0)
        self.assertEqual(w.sql("SELECT calls, unanswered FROM model_days"), [["1", "1"]])

    def test_late_answers_have_a_bound(self):
        self.model.set("latency", 12000)  # within which a slow machine takes all of them
        w = self.workers(model_local_first="yes", model_deadline_ms=10000, model_late_ms=10000, model_cache_s=0)
        conversations = [w.new_conversation() for _ in range(140)]
        turns = [w.send(cid, f"{self.TEXT} number {n}", forced_level=FULL) for n, cid in enumerate(conversations)]
        for turn in turns:
            w.processed(turn)

        def finished():
            w.gather()
            return len({r.turn_id for r in w.results if r.durable and r.revision == 2}) == 128
        until("those in hand follow", finished)
        self.assertEqual(w.stop("cleaner-1"), 0)
        self.assertEqual(w.sql("SELECT revision, count(*) FROM turns GROUP BY 1 ORDER BY 1"), [["1", "12"], ["2", "128"]])
        self.assertTrue(w.says("cleaner-1", "revised=128"))
        self.assertTrue(w.says("cleaner-1", "dropped=12"))


class Watched(unittest.TestCase):
    """The same through gateway and notifier, for those who watch and those who ask."""

    def test_revision_2_is_told_read_and_revised(self):
        model = self.enterContext(FakeModel("--latency", "400"))
        here = self.enterContext(Installation(environment={
            "CLEANERCTX_MODEL_PROVIDER": "gemini", "CLEANERCTX_MODEL_URL": model.url, "CLEANERCTX_MODELS": "fake",
            "CLEANERCTX_MODEL_KEY": "k", "CLEANERCTX_MODEL_LOCAL_FIRST": "yes", "CLEANERCTX_MODEL_DEADLINE_MS": "8000"}))
        client = here.client()
        self.addCleanup(client.close)
        cid = client.new_conversation()

        async def talk():
            async with Socket(client) as ws:
                await ws.ask("subscribe", conversation_id=cid)
                sent = client.turn(cid, Late.TEXT, force_cleaning_level="full").json
                await ws.until("turn:processed", 2)
                return sent, [e["turn"] for e in ws.events if e["type"] == "turn:processed"]

        sent, told = asyncio.run(talk())
        self.assertEqual([(t["revision"], t["cleaned_text"]) for t in told], [(1, Late.LOCAL), (2, Late.MODEL)])
        self.assertEqual(sent, told[0])
        path = f"/api/v1/conversations/{cid}/turns/{sent['turn_id']}"
        self.assertEqual(client.get(path).json, told[1])
        old = sent["metadata"]["corrections"][0]["id"]
        self.assertEqual(client.post(f"{path}/corrections/{old}", {"verdict": "reject"}).status, 404)
        new = next(c for c in told[1]["metadata"]["corrections"] if c["corrected"].startswith("Facebook"))
        back = client.post(f"{path}/corrections/{new['id']}", {"verdict": "reject"}).json
        self.assertEqual((back["revision"], back["cleaned_text"]), (3, Late.LOCAL))

    def test_what_is_shared_with_a_conversation_is_asked_with(self):
        model = self.enterContext(FakeModel())
        here = self.enterContext(Installation(cleaners=1, environment={
            "CLEANERCTX_MODEL_PROVIDER": "gemini", "CLEANERCTX_MODEL_URL": model.url, "CLEANERCTX_MODELS": "fake",
            "CLEANERCTX_MODEL_KEY": "k", "CLEANERCTX_MODEL_DEADLINE_MS": "8000"}))
        client = here.client()
        self.addCleanup(client.close)

        def asked_with(conversation, text, shared=None):
            """The bytes of the calls that a turn makes."""
            if shared:
                client.post(f"/api/v1/conversations/{conversation}/context",
                            {"context_type": "business_info", "shared_context": shared})
            before = len(model.asked())
            turn = client.turn(conversation, text, force_cleaning_level="full", options={"deadline_ms": 9000}).json
            self.assertEqual(turn["metadata"]["ai_model_used"], "fake")
            return sum(call["bytes"] for call in model.asked()[before:])

        one, other = client.new_conversation(), client.new_conversation()
        alone = asked_with(one, "um we are in place 1")
        self.assertEqual(asked_with(other, "um we are in place 1", "b" * 400), alone + 400, "another question than the kept one")
        self.assertGreater(asked_with(other, "um we are in place 2", "b" * 2400), alone + 2400)  # what the cleaner keeps is old


class Failures(ModelCase):
    def ask_model(self, w, name):
        """Starts the cleaner again with another model."""
        with open(w.config, encoding="utf-8") as f:
            config = f.read()
        with open(w.config, "w", encoding="utf-8") as f:
            f.write(re.sub(r"^models = .*$", f"models = {name}", config, flags=re.M))
        self.assertEqual(w.stop("cleaner-1"), 0)
        w.start("cleaner-1")

    def test_every_failure_gives_the_local_answer(self):
        text = "so um we have seventy five employees"
        w = self.workers(model_deadline_ms=3000)
        local = w.processed(w.send(w.new_conversation(), text, forced_level=FULL,
                                   deadline_ms=50, opt_set=OPT_DEADLINE))["cleaned_text"]
        for case in ("500", "503", "429", "429-minute", "429-day", "empty", "truncated", "blocked", "safety", "reset", "answers",
                     "bad-utf8", "surrogate", "duplicate", "html", "bad-key", "no-model", "missing-turn", "sse-error"):
            with self.subTest(case=case):
                self.ask_model(w, f"fake-{case}")
                turn = self.turn(w, text)
                self.assertEqual((turn["state"], turn["cleaned_text"]), ("done", local))
                self.assertEqual((turn["metadata"]["fallback"], turn["metadata"]["ai_model_used"]), ("local", None))
                self.check_rebuilds(turn)

    def test_a_stall_ends_at_the_deadline(self):
        w = self.workers(models="fake-stall", model_deadline_ms=200)
        turn = self.turn(w, "um we are in leeds")
        self.assertEqual((turn["metadata"]["fallback"], turn["metadata"]["fallback_cause"]), ("deadline", "timed_out"))
        near = self.turn(w, "um we are in york", deadline_ms=50)
        self.assertEqual(near["metadata"]["fallback_cause"], "no_time")

    def test_numbers_and_facts_stand_whatever_the_model_says(self):
        w = self.workers(models="fake-adds", model_deadline_ms=5000)
        turn = self.turn(w, "we do have a lot of people in the sales team and also in the marketing team over there")
        self.assertNotIn("250", turn["cleaned_text"])
        self.assertNotIn("Manchester", turn["cleaned_text"])
        self.check_rebuilds(turn)

    def test_breaker_and_kept_answers_outlive_the_cleaners(self):
        w = self.workers(cleaners=2, model_deadline_ms=5000)
        kept = "um the book ads are fine"
        self.assertEqual(self.turn(w, kept)["metadata"]["ai_model_used"], "fake")
        self.model.set("case", "429-day")
        self.turn(w, "um one turn learns of it")
        for name in ("cleaner-1", "cleaner-2"):
            w.kill(name)
            w.start(name)
        self.model.set("case", "normal")
        calls = len(self.model.asked())
        for n in range(6):
            meta = self.turn(w, f"um turn {n}")["metadata"]
            self.assertEqual((meta.get("fallback"), meta.get("fallback_cause")), ("local", "breaker_open"),
                             "Redis told it before its first turn")
        meta = self.turn(w, kept)["metadata"]
        self.assertEqual((meta["fallback"], meta["ai_model_used"]), ("cached", "fake"))
        self.assertEqual(len(self.model.asked()), calls, "nobody asks before the quota's reset")
        w.redis("DEL", "cc:llm:breaker:gemini:fake")  # it has come
        numbers = iter(range(1000))
        until("the model is asked again", lambda: self.turn(w, f"um back {next(numbers)}")["metadata"]["ai_model_used"])

    def test_no_service_at_all_and_back(self):
        w = self.workers(cleaners=2, model_deadline_ms=3000)
        cid = w.new_conversation()
        self.model.set("case", "503")
        for n in range(12):
            self.assertEqual(self.turn(w, f"um turn {n}", cid)["state"], "done")
        before = len(self.model.asked())
        for n in range(10):
            turn = self.turn(w, f"um again {n}", cid)
            self.assertEqual(turn["metadata"]["fallback"], "local")
        self.assertLess(len(self.model.asked()) - before, 10, "the breaker is open")
        self.model.set("case", "normal")
        numbers = iter(range(1000))
        until("the model is asked again", lambda: self.turn(w, f"um back {next(numbers)}", cid)["metadata"]["ai_model_used"])


class Counted(unittest.TestCase):
    """Each typed outcome is in /metrics: of the call, and of the turn that asked."""

    PROVIDER, PATH = "gemini", ""
    CASES = {  # the fake's, and what a call and a turn come to
        "500": "server_error", "503": "overloaded", "504": "server_timeout", "429": "busy", "429-minute": "quota_minute",
        "429-day": "quota_day", "empty": "empty", "truncated": "truncated", "blocked": "blocked_prompt", "safety": "blocked_answer",
        "recitation": "recitation", "odd-stop": "odd_stop", "refusal": "bad_answer", "bad-utf8": "bad_text",
        "duplicate": "duplicate_key", "html": "bad_reply", "missing-turn": "wrong_turns", "bad-key": "bad_key",
        "forbidden": "forbidden", "too-long": "too_long", "no-model": "no_model", "retired": "no_model",
        "unknown-field": "bad_request", "reset": "reset", "stall": "timed_out", "sse-error": "overloaded"}
    SERIES = re.compile(r'cleanerctx_model_(calls|turns)_total{.*outcome="(\w+)".*} (\S+)')

    def setUp(self):
        self.model = self.enterContext(FakeModel())
        self.here = self.enterContext(Installation(cleaners=1, environment={
            "CLEANERCTX_MODEL_PROVIDER": self.PROVIDER, "CLEANERCTX_MODEL_URL": self.model.url + self.PATH, "CLEANERCTX_MODELS": "fake",
            "CLEANERCTX_MODEL_KEY": "k", "CLEANERCTX_MODEL_THINKING": "off"}))
        self.me = self.here.client()
        self.addCleanup(self.me.close)
        self.conversation = self.me.new_conversation()
        self.numbers = iter(range(100000))

    def counted(self):
        found = {}
        for line in self.me.get("/metrics").bytes.decode().splitlines():
            if (m := self.SERIES.fullmatch(line)):
                found[m[1], m[2]] = found.get((m[1], m[2]), 0) + float(m[3])
        return found

    def turn(self, **options):
        """A turn that nobody has asked about, of a model that no breaker keeps back."""
        self.here.redis("DEL", f"cc:llm:breaker:{self.PROVIDER}:fake")
        answer = self.me.turn(self.conversation, f"um we are in place {next(self.numbers)}", force_cleaning_level="full",
                              options={"deadline_ms": 5000, **options})
        self.assertEqual(answer.status, 201, answer)

    def check(self, outcome, kinds=("calls", "turns"), **options):
        before = self.counted()

        def counted():
            self.turn(**options)
            now = self.counted()
            return all(now.get((kind, outcome), 0) > before.get((kind, outcome), 0) for kind in kinds)
        until(f"{outcome} is counted", counted)

    def test_every_answer_of_the_service(self):
        self.check("ok")
        for case, outcome in self.CASES.items():
            with self.subTest(case=case):
                self.model.set("case", case)
                self.check(outcome)
        self.model.set("case", "schema")  # its answer comes at the second call, without a schema
        self.check("schema_refused", kinds=("calls",))

    def test_what_the_service_did_not_say(self):
        self.model.set("case", "answers")  # a good reply, and not the turn
        self.check("not_the_turn", kinds=("turns",))
        self.check("no_time", kinds=("turns",), deadline_ms=50)
        self.model.set("case", "500")
        self.check("breaker_open", kinds=("turns",))
        self.model.stop()
        try:
            self.check("no_connection")
        finally:
            self.model.start()
        self.check("ok")


class CountedOfCompletions(Counted):
    """As before, of a service with the chat/completions interface."""

    PROVIDER, PATH = "openai", "/v1"
    CASES = {**Counted.CASES, "429-day": "quota_spent", "refusal": "refused", "recitation": "blocked_answer",
             "sse-error": "server_error"}


if __name__ == "__main__":
    unittest.main()
