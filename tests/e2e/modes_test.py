# SPDX-License-Identifier: ISC
"""An operator's words on modes, from the gateway through the monitor to the cleaners, on the whole pipeline with the fake model."""

import concurrent.futures
import json
import os
import signal
import unittest
import urllib.request
import uuid

from harness.client import Client
from harness.installation import Installation
from harness.wait import until

MODES = "/api/v1/performance/modes"
PLACES = ("leeds", "york", "hull", "derby", "exeter", "truro", "dover", "bath")


class Modes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation(cleaners=1, fake_model="latency=40"))
        cls.operator = cls.here.add_user("operator@example.com", "a long password", role="operator")
        cls.model = cls.here.model_url()

    def setUp(self):
        self.me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        self.addCleanup(self.me.close)
        self.addCleanup(self.take_back)

    def take_back(self):
        for mode in self.modes():
            self.say(mode, False, 0)

    def modes(self):
        return {m["mode"]: m for m in self.operator.get(MODES).json["modes"]}

    def say(self, mode, on, seconds):
        answer = self.operator.request("PUT", f"{MODES}/{mode}", {"on": on, "for_seconds": seconds})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def asked(self):
        with urllib.request.urlopen(f"{self.model}/fake/log", timeout=10) as answer:
            return [call for call in json.load(answer) if call["items"]]

    def full(self, text, conversation=None):
        """A fully cleaned turn's object."""
        answer = self.me.post(f"/api/v1/conversations/{conversation or self.me.new_conversation()}/turns",
                              {"speaker": "User", "raw_text": text, "force_cleaning_level": "full", "options": {"deadline_ms": 5000}})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def at_once(self, salt):
        """Turns of as many conversations at the same time; gives each with its place."""
        def one(place):
            client = Client(self.here.url, self.me.token)
            try:
                made = client.post("/api/v1/conversations", {}).json["id"]
                answer = client.post(f"/api/v1/conversations/{made}/turns",
                                     {"speaker": "User", "raw_text": f"um we are in {place} {salt}", "force_cleaning_level": "full",
                                      "options": {"deadline_ms": 5000}})
                return place, answer.json
            finally:
                client.close()
        with concurrent.futures.ThreadPoolExecutor(len(PLACES)) as pool:
            return list(pool.map(one, PLACES))

    def test_batch_makes_one_call_of_several_turns_and_mixes_none(self):
        before = len(self.asked())
        self.at_once("today")
        self.assertEqual({call["items"] for call in self.asked()[before:]}, {1})
        self.assertTrue(self.say("batch_model_calls", True, 60)["on"])
        before, mixed = len(self.asked()), []

        def shared(salts=iter(range(100))):
            mixed.extend(self.at_once(f"number {chr(97 + next(salts))}"))
            return max(call["items"] for call in self.asked()[before:]) > 1

        until("a call has several turns", shared)
        for place, turn in mixed:
            text = turn["cleaned_text"].lower()
            self.assertEqual([p for p in PLACES if p in text], [place], text)
            self.assertEqual((turn["state"], turn["metadata"]["ai_model_used"]), ("done", "fake"))

    def test_a_word_ends_by_itself(self):
        self.assertIsNotNone(self.say("light_cleaning", True, 2)["override"])
        self.assertIsNone(self.full("um we are in leeds this week")["metadata"]["ai_model_used"])
        until("the word is over", lambda: not self.modes()["light_cleaning"]["on"])
        self.assertIsNone(self.modes()["light_cleaning"]["override"])
        numbers = iter(range(1000))
        until("the model is asked again",
              lambda: self.full(f"um we are in york week {next(numbers)}")["metadata"]["ai_model_used"] == "fake")

    def test_a_word_is_told_to_a_cleaner_that_comes_later(self):
        self.say("light_cleaning", True, 60)
        self.here.kill_and_wait("cleaner-1")
        self.assertIsNone(self.full("um we are in hull")["metadata"]["ai_model_used"])
        self.say("light_cleaning", True, 0)
        self.assertFalse(self.modes()["light_cleaning"]["on"])

    def test_a_word_outlives_the_monitor(self):
        """One that stands and one that was taken back, whatever becomes of the monitor meanwhile."""
        said = self.say("light_cleaning", True, 600)
        self.say("simple_page", True, 600)
        self.say("simple_page", True, 0)
        self.here.kill_and_wait("monitor")

        def heard():  # what is said to the new one, and shown by it
            answer = self.operator.request("PUT", f"{MODES}/aggressive_cache", {"on": True, "for_seconds": 60})
            return answer.status == 200

        until("the new monitor is there", heard)
        modes = self.modes()
        self.assertEqual(modes["light_cleaning"], said)
        self.assertEqual((modes["simple_page"]["on"], modes["simple_page"]["override"]), (False, None))
        self.assertIsNone(self.full("um we are in selby")["metadata"]["ai_model_used"])

    def test_kept_answers_only(self):
        text = "um we are in dover and we sell boats"
        self.assertEqual(self.full(text)["metadata"]["ai_model_used"], "fake")
        self.say("cached_model_answers", True, 60)
        numbers = iter(range(1000))
        until("the mode has come",
              lambda: self.full(f"um we sell {next(numbers)} boats")["metadata"]["fallback_cause"] == "cache_only")
        before = len(self.asked())
        kept = self.full(text)["metadata"]
        self.assertEqual((kept["ai_model_used"], kept["fallback"]), ("fake", "cached"))
        self.assertEqual(len(self.asked()), before)

    def test_without_a_monitor_it_is_not_promised(self):
        here = self.here
        pid = here.pid("monitor")
        os.kill(pid, signal.SIGSTOP)
        try:
            answer = self.operator.request("PUT", f"{MODES}/simple_page", {"on": True, "for_seconds": 60})
            self.assertEqual(answer.status, 503)
        finally:
            os.kill(pid, signal.SIGCONT)
        until("the monitor hears what was said meanwhile", lambda: self.modes()["simple_page"]["on"])


if __name__ == "__main__":
    unittest.main()
