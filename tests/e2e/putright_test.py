# SPDX-License-Identifier: ISC
"""A turn that puts an earlier one right: that one's next revision, told, undone, never over a person's own word, never lost."""

import asyncio
import signal
import unittest

from harness.client import Socket
from harness.installation import Installation
from harness.wait import until
from harness.workers import Workers

API = "/api/v1"


class PutRight(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())

    def setUp(self):
        self.client = self.here.client()
        self.addCleanup(self.client.close)
        self.conversation = self.client.new_conversation()

    def say(self, text, **members):
        answer = self.client.turn(self.conversation, text, **members)
        self.assertIn(answer.status, (201, 202), answer)
        return answer.json

    def path(self, turn):
        return f"{API}/conversations/{self.conversation}/turns/{turn['turn_id']}"

    def now(self, turn):
        """The turn as it stands; its corrections make the text of the raw one."""
        turn = self.client.get(self.path(turn)).json
        raw, at, made = turn["raw_text"], 0, ""
        for c in turn["metadata"]["corrections"]:
            made += raw[at:c["position"]["start"]] + c["corrected"]
            at = c["position"]["end"]
        self.assertEqual(made + raw[at:], turn["cleaned_text"])
        return turn

    def stands(self, turn, text, revision):
        turn = self.now(turn)
        self.assertEqual((turn["cleaned_text"], turn["revision"]), (text, revision))
        return turn

    def test_the_earlier_turn_changes_and_is_told(self):
        async def watch():
            async with Socket(self.client) as ws:
                await ws.ask("subscribe", conversation_id=self.conversation)
                first = await asyncio.to_thread(self.say, "We have seventy employees")
                second = await asyncio.to_thread(self.say, "sorry I said seventy, I meant seventeen")
                told = (await ws.until("turn:processed", 3))[-1]["turn"]
                applied = (await ws.until("correction:applied"))[-1]
                counts = (await ws.until("confidence:updated", 2))[-1]["confidence_distribution"]
                return first, second, told, applied, counts

        first, second, told, applied, counts = asyncio.run(watch())
        self.assertEqual((first["cleaned_text"], first["revision"]), ("We have 70 employees.", 1))
        self.assertIn("70", second["cleaned_text"])
        turn = self.stands(first, "We have 17 employees.", 2)
        self.assertEqual((told["turn_id"], told["revision"], told["cleaned_text"]), (turn["turn_id"], 2, turn["cleaned_text"]))
        change = next(c for c in turn["metadata"]["corrections"] if c["kind"] == "self_correction")
        self.assertEqual((change["original"], change["corrected"]), ("seventy", "17"))
        self.assertEqual((applied["turn_id"], applied["revision"], applied["correction"], applied["verdict"]),
                         (turn["turn_id"], 2, change, None))
        self.assertEqual(turn["metadata"]["source"], "engine")
        self.assertEqual(sum(counts.values()), 2)
        window = self.client.get(f"{API}/conversations/{self.conversation}/context").json["window"]
        self.assertEqual(window[0]["cleaned_text"], "We have 17 employees.")
        # Once more, by a turn that is cleaned with the window as it is now.
        self.say("Sorry, I said 17, I meant 18.")
        self.stands(first, "We have 18 employees.", 3)

    def test_a_verdict_undoes_it_for_good(self):
        first = self.say("We meet on Thursday.")
        self.say("Actually I meant Friday.")
        turn = self.stands(first, "We meet on Friday.", 2)
        change = next(c["id"] for c in turn["metadata"]["corrections"] if c["kind"] == "self_correction")
        answer = self.client.post(f"{self.path(first)}/corrections/{change}", {"verdict": "reject"})
        self.assertEqual((answer.status, answer.json["cleaned_text"]), (200, "We meet on Thursday."))
        self.say("Sorry, I said Thursday, I meant Friday.")
        self.stands(first, "We meet on Thursday.", 3)

    def test_a_persons_own_word_stands(self):
        first = self.say("We meet on Thursday.")
        self.client.request("PATCH", self.path(first), {"cleaned_text": "We meet on Thursday at noon."})
        self.say("Actually I meant Friday.")
        self.stands(first, "We meet on Thursday at noon.", 2)

    def test_what_is_not_clear_changes_nothing(self):
        first = self.say("We have 70 employees and 12 vans.")
        self.say("Sorry, I meant 17.")
        self.stands(first, "We have 70 employees and 12 vans.", 1)
        self.say("We meet on Thursday.")
        self.say("Actually I meant Friday.", options={"verbatim": True})
        self.assertEqual(self.client.all_turns(self.conversation)[2]["revision"], 1)

    def test_told_though_everyone_dies_between_commit_and_announcement(self):
        first = self.say("We meet on Thursday.")
        self.here.kill("notifier", signal.SIGSTOP)
        self.say("Actually I meant Friday.")
        self.stands(first, "We meet on Friday.", 2)
        for name in self.here.names():
            if name == "notifier" or name.startswith("cleaner"):
                self.here.kill(name)
        rows = f"SELECT count(*) FROM outbox WHERE turn_id = '{first['turn_id']}'"
        until("the outbox is empty", lambda: self.here.sql(rows) == [["0"]])

        self.say("That is all.")
        self.stands(first, "We meet on Friday.", 2)
        status = self.client.get(f"{API}/conversations/{self.conversation}/status").json
        self.assertEqual(sum(status["confidence_distribution"].values()), 3)


class SwitchedOff(unittest.TestCase):
    def test_nothing_is_put_right(self):
        here = self.enterContext(Installation(environment={"CLEANERCTX_PUT_RIGHT": "no"}))
        client = here.client()
        conversation = client.new_conversation()
        client.turn(conversation, "We meet on Thursday.")
        client.turn(conversation, "Actually I meant Friday.")
        self.assertEqual([t["revision"] for t in client.all_turns(conversation)], [1, 1])


class Stopped(unittest.TestCase):
    def test_a_cleaner_that_must_stop_while_it_reads_the_earlier_turn(self):
        w = self.enterContext(Workers(cleaners=1, options={"cleaner": {"pg_timeout_ms": 30000}}))  # which knows the conversation then
        cid = w.new_conversation()
        first = w.processed(w.send(cid, "We have seventy employees"))
        with w.held_up("turn_verdicts"):
            second = w.send(cid, "sorry I said seventy, I meant seventeen")
            until("it reads the earlier turn", lambda: w.sql(
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%turn_verdicts%'"))
            self.assertGreaterEqual(w.stop("cleaner-1"), 0, "died of a signal")
        self.assertEqual(w.sql(f"SELECT revision FROM turns WHERE id = '{first['turn_id']}'"), [["1"]])
        self.assertEqual(w.sql(f"SELECT state FROM turns WHERE id = '{second}'"), [["queued"]])


if __name__ == "__main__":
    unittest.main()
