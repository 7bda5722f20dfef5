# SPDX-License-Identifier: ISC
"""Full cleaning with a language model, and without one that should be there: the cleaner against the fake service."""

import re
import unittest

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


if __name__ == "__main__":
    unittest.main()
