# SPDX-License-Identifier: ISC
"""A real conversation through all processes: what the turns become, and what watchers see."""

import asyncio
import json
import unittest
import uuid

from harness.client import Socket
from harness.installation import Installation
from harness.wait import until

# raw text, what it becomes, and (original, corrected) of a correction that must be among those made
SEED_TURNS = (
    ("I'm the vector of marketing", "I'm the director of marketing.", ("vector", "director")),
    ("We have seventy five employees", "We have 75 employees.", ("seventy five", "75")),
    ("Our book marketing is working well", "Our Facebook marketing is working well.", ("book", "Facebook")),
    ("We get about fifty leads per month", "We get about 50 leads per month.", ("fifty", "50")),
)
LUMEN = "Thank you for that information. Can you tell me more?"


def rebuilt(turn):
    """The cleaned text, made from the raw text and the corrections' positions alone."""
    text, at, out = turn["raw_text"], 0, ""
    for c in sorted(turn["metadata"]["corrections"], key=lambda c: (c["position"]["start"], c["position"]["end"])):
        out += text[at:c["position"]["start"]] + c["corrected"]
        at = c["position"]["end"]
    return out + text[at:]


class Pipeline(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())
        cls.client = cls.here.client()

    def check_corrections(self, turn):
        for c in turn["metadata"]["corrections"]:
            raw, clean = c["position"], c["cleaned_position"]
            self.assertEqual(turn["raw_text"][raw["start"]:raw["end"]], c["original"], c)
            self.assertEqual(turn["cleaned_text"][clean["start"]:clean["end"]], c["corrected"], c)
            self.assertIn(c["confidence"], ("HIGH", "MEDIUM", "LOW"))
            self.assertTrue(c["reason"] and c["kind"] and c["id"])
        self.assertEqual(rebuilt(turn), turn["cleaned_text"])

    def test_seed_turns(self):
        conversation = self.client.new_conversation(name="seed")
        for seq, (raw, cleaned, correction) in enumerate(SEED_TURNS, 1):
            with self.subTest(raw):
                answer = self.client.turn(conversation, raw)
                turn = answer.json
                self.assertEqual(answer.status, 201, answer)
                self.assertEqual((turn["cleaned_text"], turn["state"], turn["seq"], turn["raw_text"], turn["speaker"]),
                                 (cleaned, "done", seq, raw, "User"))
                self.assertTrue(turn["metadata"]["cleaning_applied"])
                made = {(c["original"], c["corrected"]): c for c in turn["metadata"]["corrections"]}
                found = [c for (original, corrected), c in made.items()
                         if correction[0].endswith(original) and correction[1].endswith(corrected) or
                         (original.startswith(correction[0]) and corrected.startswith(correction[1]))]
                self.assertTrue(found, made)
                self.assertIn(found[0]["confidence"], ("HIGH", "MEDIUM"))
                self.check_corrections(turn)

    def test_lumen_turn_is_untouched(self):
        conversation = self.client.new_conversation()
        for text in (LUMEN, "  um, uh the vector of marketing\n\tseventy five  ", "naïve café \U0001f600 e\u0301"):
            answer = self.client.turn(conversation, text, speaker="lumen")
            turn = answer.json
            self.assertEqual(answer.status, 201, answer)
            self.assertEqual((turn["raw_text"], turn["cleaned_text"], turn["speaker"]), (text, text, "Lumen"))
            self.assertEqual((turn["metadata"]["cleaning_applied"], turn["metadata"]["corrections"]), (False, []))

    def test_positions_count_characters_not_bytes(self):
        turn = self.client.turn(self.client.new_conversation(), "the café \U0001f600 has seventy five employees").json
        self.assertIn("75", turn["cleaned_text"])
        self.check_corrections(turn)

    def test_doubtful_words_are_told(self):
        text = "so \U0001f600 we sell the zorbitan software"
        turn = self.client.turn(self.client.new_conversation(), text).json
        clean = self.client.post("/api/v1/clean", {"raw_text": text}).json
        for metadata in (turn["metadata"], clean["metadata"]):
            self.assertEqual([(d["text"], d["position"]) for d in metadata["doubtful"]], [("zorbitan", {"start": 17, "end": 25})])
            self.assertEqual(metadata["doubtful"][0]["reason"], "No word that is known.")
        self.assertEqual(self.client.turn(self.client.new_conversation(), "yes").json["metadata"]["doubtful"], [])

    def test_nothing_to_clean(self):
        turn = self.client.turn(self.client.new_conversation(), "yes").json
        self.assertEqual((turn["state"], turn["metadata"]["cleaning_level"]), ("done", "none"))

    def test_what_the_conversations_recogniser_is_known_for(self):
        said = "The growth margin was good in Leeds."
        conversation = self.client.new_conversation(options={"profile": "amazon"})
        self.assertEqual(self.client.turn(conversation, said).json["cleaned_text"], "The gross margin was good in Leeds.")
        turn = self.client.turn(conversation, said, options={"profile": "google"}).json  # of another's it is right
        self.assertEqual((turn["cleaned_text"], turn["metadata"]["cleaning_level"]), (said, "none"))

    def test_async_then_read(self):
        conversation = self.client.new_conversation()
        answer = self.client.turn(conversation, SEED_TURNS[0][0], headers={"Prefer": "respond-async"})
        self.assertEqual(answer.status, 202, answer)
        path = f"/api/v1/conversations/{conversation}/turns/{answer.json['turn_id']}"
        self.assertEqual(answer.headers["Location"], path)
        done = until("the turn is done", lambda: (t := self.client.get(path).json)["state"] == "done" and t)
        self.assertEqual(done["cleaned_text"], SEED_TURNS[0][1])

    def test_list_status_and_turns_agree(self):
        me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        conversation = me.new_conversation(name="counted")
        for raw, _, _ in SEED_TURNS:
            me.turn(conversation, raw)
            me.turn(conversation, LUMEN, speaker="Lumen")
        listed = me.get("/api/v1/conversations").json
        self.assertEqual((listed["total"], listed["conversations"][0]["id"], listed["conversations"][0]["turn_count"]),
                         (1, conversation, 8))
        status = me.get(f"/api/v1/conversations/{conversation}/status").json
        stats = status["processing_stats"]
        self.assertEqual((status["status"], stats["total_turns"], stats["user_turns_processed"],
                          stats["lumen_turns_skipped"]), ("idle", 8, 4, 4))
        turns = me.all_turns(conversation)
        self.assertEqual([t["seq"] for t in turns], list(range(1, 9)))
        self.assertEqual(turns[0]["cleaned_text"], SEED_TURNS[0][1])

    def test_batch_keeps_order(self):
        conversation = self.client.new_conversation()
        turns = [{"speaker": "User" if n % 2 else "Lumen", "raw_text": f"we have seventy five items in box {n}"}
                 for n in range(20)]
        answer = self.client.post(f"/api/v1/conversations/{conversation}/turns:batch", {"turns": turns})
        self.assertEqual(answer.status, 200, answer)
        results = answer.json["results"]
        self.assertEqual([r["turn"]["raw_text"] for r in results], [t["raw_text"] for t in turns])
        self.assertEqual([r["turn"]["seq"] for r in results], list(range(1, 21)))

    def test_pause_and_resume(self):
        conversation = self.client.new_conversation()
        base = f"/api/v1/conversations/{conversation}"
        self.assertEqual(self.client.post(base + "/pause", None).status, 200)
        answer = self.client.turn(conversation, SEED_TURNS[1][0])
        self.assertEqual((answer.status, answer.json["state"]), (202, "queued"))
        self.assertEqual(self.client.post(base + "/resume", None).status, 200)
        until("the queued turn is done",
              lambda: self.client.get(f"{base}/turns/{answer.json['turn_id']}").json["state"] == "done")

    def test_idempotency_key(self):
        conversation = self.client.new_conversation()
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first = self.client.turn(conversation, SEED_TURNS[0][0], headers=key)
        again = self.client.turn(conversation, SEED_TURNS[0][0], headers=key)
        self.assertEqual((again.status, again.json), (first.status, first.json))
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertEqual(self.client.turn(conversation, "another text", headers=key).status, 422)
        self.assertEqual(len(self.client.all_turns(conversation)), 1)

    def test_clean_stores_nothing(self):
        conversation = self.client.new_conversation()
        answer = self.client.post("/api/v1/clean", {"raw_text": SEED_TURNS[0][0], "conversation_id": conversation})
        self.assertEqual((answer.status, answer.json["cleaned_text"]), (200, SEED_TURNS[0][1]))
        self.assertEqual(self.client.all_turns(conversation), [])

    def test_delete(self):
        conversation = self.client.new_conversation()
        self.client.turn(conversation, SEED_TURNS[0][0])
        self.assertEqual(self.client.request("DELETE", f"/api/v1/conversations/{conversation}").status, 204)
        self.assertEqual(self.client.get(f"/api/v1/conversations/{conversation}").status, 404)

    def test_watchers_see_each_turn_and_resume(self):
        conversation = self.client.new_conversation()

        async def watch():
            async with Socket(self.client) as ws:
                self.assertEqual((await ws.ask("subscribe", conversation_id=conversation))["type"], "ack")
                for raw, _, _ in SEED_TURNS[:2]:
                    await asyncio.to_thread(self.client.copy().turn, conversation, raw)
                live = await ws.until("turn:processed", 2)
            for raw, _, _ in SEED_TURNS[2:]:  # while nobody watches
                await asyncio.to_thread(self.client.copy().turn, conversation, raw)
            async with Socket(self.client) as ws:
                ack = await ws.ask("subscribe", conversation_id=conversation, after=live[-1]["event_id"])
                self.assertEqual(ack["type"], "ack", ack)
                missed = await ws.until("turn:processed", 2)
            return live + missed

        events = asyncio.run(watch())
        self.assertEqual([e["turn"]["cleaned_text"] for e in events], [cleaned for _, cleaned, _ in SEED_TURNS])

    def test_watchers_see_confidence_and_the_queue(self):
        conversation = self.client.new_conversation()

        async def watch():
            async with Socket(self.client) as ws:
                await ws.ask("subscribe", conversation_id=conversation)
                await asyncio.to_thread(self.client.copy().turn, conversation, "yes")
                await asyncio.to_thread(self.client.copy().turn, conversation, SEED_TURNS[0][0])
                seen = await ws.until("confidence:updated", 2)
                await asyncio.to_thread(self.client.copy().post, f"/api/v1/conversations/{conversation}/pause", {})
                for raw, _, _ in SEED_TURNS[1:3]:
                    await asyncio.to_thread(self.client.copy().turn, conversation, raw)
                return seen, await ws.until("queue:position")

        confidence, queue = asyncio.run(watch())
        status = self.client.get(f"/api/v1/conversations/{conversation}/status").json
        self.assertEqual(confidence[-1]["confidence_distribution"], status["confidence_distribution"])
        self.assertEqual(sum(confidence[-1]["confidence_distribution"].values()), 2)
        self.assertEqual(queue[0]["queue_position"], 2)

    def test_turn_over_the_socket(self):
        conversation = self.client.new_conversation()

        async def talk():
            async with Socket(self.client) as ws:
                await ws.ask("subscribe", conversation_id=conversation)
                ack = await ws.ask("turn", conversation_id=conversation, speaker="User", raw_text=SEED_TURNS[0][0],
                                   idempotency_key="k1")
                self.assertEqual(ack["type"], "ack", ack)
                event = (await ws.until("turn:processed"))[0]
                self.assertEqual(event["turn"]["cleaned_text"], SEED_TURNS[0][1])

        asyncio.run(talk())

    def test_metrics_are_served(self):
        text = self.client.get("/metrics").bytes.decode()
        self.assertRegex(text, r"(?m)^# TYPE cleanerctx_\w+ (counter|gauge|histogram|summary)$")
        self.assertRegex(text, r"(?m)^cleanerctx_\S+ [0-9.e+-]+$")

    def test_logs_hold_no_transcript(self):
        secret = f"zanzibar{uuid.uuid4().hex}"
        self.client.turn(self.client.new_conversation(), f"my word is {secret} seventy five")
        for name in ("gateway", "decider", "cleaner-1", "cleaner-2", "notifier", "monitor", "postgres", "redis"):
            with open(self.here.state.log(name), encoding="utf-8", errors="replace") as log:
                self.assertNotIn(secret, log.read(), name)

    def test_openapi_is_served(self):
        spec = json.loads(self.client.get("/openapi.json").bytes)
        self.assertTrue(spec["openapi"].startswith("3.1"))


if __name__ == "__main__":
    unittest.main()
