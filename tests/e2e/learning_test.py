# SPDX-License-Identifier: ISC
"""What a person says of a turn, by its routes and with all processes: revisions, verdicts, glossaries, and what is learned."""

import asyncio
import threading
import unittest
import uuid

from harness.client import Socket
from harness.installation import Installation
from harness.wait import until

API = "/api/v1"


def rebuilt(turn):
    """The cleaned text, made from the raw text and the corrections' positions alone."""
    text, at, out = turn["raw_text"], 0, ""
    for c in turn["metadata"]["corrections"]:
        out += text[at:c["position"]["start"]] + c["corrected"]
        at = c["position"]["end"]
    return out + text[at:]


class Learning(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())

    def setUp(self):
        """A user of each test's own: what is learned is the user's."""
        email = f"{uuid.uuid4()}@example.com"
        self.here.add_user(email, "a long password")
        self.client = self.here.client().login(email, "a long password")
        self.addCleanup(self.client.close)
        self.conversation = self.client.new_conversation()

    # --- shorthands ---

    def say(self, text, conversation=None, speaker="User"):
        answer = self.client.turn(conversation or self.conversation, text, speaker)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def path(self, turn):
        return f"{API}/conversations/{turn['conversation_id']}/turns/{turn['turn_id']}"

    def edit(self, turn, text, status=200):
        answer = self.client.request("PATCH", self.path(turn), {"cleaned_text": text})
        self.assertEqual(answer.status, status, answer)
        return self.checked(answer.json) if status == 200 else answer.json

    def judge(self, turn, correction, verdict, status=200):
        answer = self.client.post(f"{self.path(turn)}/corrections/{correction}", {"verdict": verdict})
        self.assertEqual(answer.status, status, answer)
        return self.checked(answer.json) if status == 200 else answer.json

    def checked(self, turn):
        for c in turn["metadata"]["corrections"]:
            raw, clean = c["position"], c["cleaned_position"]
            self.assertEqual(turn["raw_text"][raw["start"]:raw["end"]], c["original"], c)
            self.assertEqual(turn["cleaned_text"][clean["start"]:clean["end"]], c["corrected"], c)
        self.assertEqual(rebuilt(turn), turn["cleaned_text"])
        self.assertEqual(turn["metadata"]["cleaning_applied"], turn["cleaned_text"] != turn["raw_text"])
        return turn

    def correction(self, turn, corrected):
        return next(c["id"] for c in turn["metadata"]["corrections"] if c["corrected"] == corrected)

    def glossary(self, conversation=None):
        answer = self.client.get(f"{API}/conversations/{conversation}/glossary" if conversation else f"{API}/glossary")
        self.assertEqual(answer.status, 200, answer)
        return answer

    def put(self, terms, tag=None, status=200, method="PUT"):
        body = {"terms": terms} if method == "PUT" else terms
        answer = self.client.request(method, f"{API}/glossary", body, {"If-Match": tag} if tag else None)
        self.assertEqual(answer.status, status, answer)
        return answer

    def learned(self):
        return {t["term"]: t["sounds_like"] for t in self.glossary().json["terms"] if t["source"] == "learned"}

    # --- revisions ---

    def test_an_edit_is_a_revision_that_keeps_what_it_leaves_alone(self):
        turn = self.say("um I'm the vector of marketing at café Zoë")
        edited = self.edit(turn, "I'm the director of marketing at Café Zoe.")
        self.assertEqual((edited["revision"], edited["state"], edited["raw_text"]), (2, "done", turn["raw_text"]))
        self.assertEqual(edited["metadata"]["source"], "user")
        self.assertEqual(edited["metadata"]["confidence_score"], "HIGH")
        kinds = {c["id"]: c["kind"] for c in edited["metadata"]["corrections"]}
        self.assertEqual(kinds[self.correction(turn, "director")], "pattern")
        self.assertIn("edit", kinds.values())
        self.assertEqual(self.edit(edited, edited["cleaned_text"])["revision"], 2)  # nothing is changed
        self.assertEqual(self.client.get(self.path(turn)).json, edited)
        kept = self.here.sql(f"SELECT source, cleaned_text FROM turn_revisions WHERE turn_id = '{turn['turn_id']}' "
                             "ORDER BY revision")
        self.assertEqual([row[0] for row in kept], ["engine"])

    def test_counts_follow_the_confidence(self):
        turns = [self.say("um I'm the vector of marketing"), self.say("the paper clique was fine they said")]
        for turn in turns:
            self.edit(turn, "Nothing of the kind was said.")
        status = self.client.get(f"{API}/conversations/{self.conversation}/status").json
        self.assertEqual(status["confidence_distribution"], {"HIGH": 2, "MEDIUM": 0, "LOW": 0})

    def test_a_queued_turn_is_409(self):
        self.client.post(f"{API}/conversations/{self.conversation}/pause", b"")
        answer = self.client.turn(self.conversation, "um I'm the vector of marketing")
        self.assertEqual(answer.status, 202, answer)
        self.edit(answer.json, "no", status=409)
        self.judge(answer.json, "c1", "accept", status=409)

    def test_somebody_elses_turn_is_404(self):
        turn = self.say("um I'm the vector of marketing")
        other = self.here.client()
        self.addCleanup(other.close)
        self.assertEqual(other.request("PATCH", self.path(turn), {"cleaned_text": "mine"}).status, 404)
        self.assertEqual(other.post(f"{self.path(turn)}/corrections/c1", {"verdict": "reject"}).status, 404)
        self.assertEqual(other.get(f"{API}/conversations/{self.conversation}/glossary").status, 404)

    # --- verdicts ---

    def test_a_reject_takes_back_and_an_accept_puts_back(self):
        turn = self.say("um I'm the vector of marketing")
        director = self.correction(turn, "director")
        taken = self.judge(turn, director, "reject")
        self.assertEqual((taken["cleaned_text"], taken["revision"]), ("I'm the vector of marketing.", 2))
        self.assertEqual(self.judge(turn, director, "reject"), taken)
        put_back = self.judge(turn, director, "accept")
        self.assertEqual((put_back["cleaned_text"], put_back["revision"]), (turn["cleaned_text"], 3))
        self.assertEqual(self.judge(turn, director, "accept"), put_back)
        self.judge(turn, "c99", "accept", status=404)
        self.judge(turn, director, "reject")
        self.edit(turn, "Something else.")
        self.judge(turn, director, "accept", status=409)

    def test_a_rejected_change_does_not_come_back_in_that_conversation(self):
        turn = self.say("I'm the vector of marketing")
        self.judge(turn, self.correction(turn, "director"), "reject")
        self.assertEqual(self.say("she is the vector of sales")["cleaned_text"], "She is the vector of sales.")
        elsewhere = self.say("she is the vector of sales", self.client.new_conversation())
        self.assertEqual(elsewhere["cleaned_text"], "She is the director of sales.")
        clean = self.client.post(f"{API}/clean", {"raw_text": "he is the vector of sales", "conversation_id": self.conversation})
        self.assertEqual(clean.json["cleaned_text"], "He is the vector of sales.")
        self.judge(turn, self.correction(turn, "director"), "accept")
        self.assertEqual(self.say("he is the vector of sales")["cleaned_text"], "He is the director of sales.")

    def test_what_is_rejected_in_two_conversations_is_unwanted_in_all(self):
        for _ in range(2):
            turn = self.say("I'm the vector of marketing", self.client.new_conversation())
            self.judge(turn, self.correction(turn, "director"), "reject")
        self.assertEqual(self.say("she is the vector of sales")["cleaned_text"], "She is the vector of sales.")

    # --- what is learned ---

    def test_two_edits_make_a_term_and_the_third_time_it_is_right(self):
        for times in range(2):
            self.assertEqual(self.learned(), {}, f"after {times} edits")
            turn = self.say("we found them on chequer trade last year")
            self.edit(turn, "We found them on Checkatrade last year.")
        self.assertEqual(self.learned(), {"Checkatrade": ["chequer trade"]})
        third = self.say("is chequer trade any good", self.client.new_conversation())
        self.assertIn("Checkatrade", third["cleaned_text"])
        clean = self.client.post(f"{API}/clean", {"raw_text": "is chequer trade any good"})
        self.assertIn("Checkatrade", clean.json["cleaned_text"])

    def test_editing_one_turn_twice_is_one_edit(self):
        turn = self.say("we found them on chequer trade last year")
        for text in ("We found them on Checkatrade last year.", "We found them last year.", "We found them on Checkatrade last year."):
            self.edit(turn, text)
        self.assertEqual(self.learned(), {})

    def test_a_change_of_mind_teaches_nothing(self):
        for _ in range(3):
            self.edit(self.say("we are happy with the plumber"), "We are furious with the electrician.")
        self.assertEqual(self.learned(), {})

    def test_the_agents_words_teach_their_terms(self):
        for text in ("Thanks for calling, this is about your Corvid Heating account.", "Shall we talk about Corvid Heating now?"):
            self.say(text, speaker="Lumen")
            self.say("um yes I think we should do that today")
        until("the term is learned", lambda: self.learned() == {"Corvid Heating": []})
        turn = self.say("so is corvid heating any good", self.client.new_conversation())
        self.assertIn("Corvid Heating", turn["cleaned_text"])

    def test_what_is_learned_can_be_sent_back_changed_and_dropped(self):
        for _ in range(2):
            self.edit(self.say("we found them on chequer trade last year"), "We found them on Checkatrade last year.")
        export = self.glossary()
        back = self.put(export.json["terms"], export.headers["ETag"])
        self.assertEqual(back.json, export.json)
        changed = [{**export.json["terms"][0], "sounds_like": ["chequer trade", "check a trade"]}]
        mine = self.put(changed).json["terms"]
        self.assertIn(("Checkatrade", "user"), [(t["term"], t["source"]) for t in mine])
        self.put({"remove": ["Checkatrade"]}, method="PATCH")
        self.assertEqual(self.glossary().json, {"terms": []})
        self.edit(self.say("we found them on chequer trade last year"), "We found them on Checkatrade last year.")
        self.assertEqual(self.learned(), {})  # it was dropped

    # --- glossaries ---

    def test_a_stale_glossary_is_412(self):
        first = self.glossary().headers["ETag"]
        second = self.put([{"term": "Acme"}], first).headers["ETag"]
        self.assertNotEqual(first, second)
        self.put([], first, status=412)
        self.put({"add": [{"term": "Corvid"}]}, first, status=412, method="PATCH")
        self.put({"add": [{"term": "Corvid"}]}, f'"999", {second}', method="PATCH")
        self.put([], "*")

    def test_too_many_terms_are_422_with_limit_and_count(self):
        terms = [{"term": f"term {n}"} for n in range(300)]
        self.put(terms)
        for answer in (self.put(terms + [{"term": "one more"}], status=422),
                       self.put({"add": [{"term": "one more"}, {"term": "term 7"}]}, status=422, method="PATCH")):
            self.assertRegex(answer.json["errors"][0]["message"], r"(?=.*\b300\b)(?=.*\b301\b)")
        self.put({"add": [{"term": "one more"}], "remove": ["term 7"]}, method="PATCH")

    def test_bad_glossaries(self):
        for body in ({"terms": [{"term": "a"}, {"term": "a"}]}, {"terms": [{"term": " "}]}, {"terms": [{}]}, {"terms": "a"},
                     {}, {"terms": [{"term": "a", "sounds_like": [""]}]}, {"terms": [{"term": "a", "sounds": []}]},
                     {"terms": [{"term": "a" * 129}]}, {"terms": [{"term": "a", "sounds_like": ["b"] * 17}]}):
            answer = self.client.request("PUT", f"{API}/glossary", body)
            self.assertEqual(answer.status, 422, (body, answer))
        self.assertEqual(self.glossary().json, {"terms": []})

    def test_two_clients_at_once_lose_nothing(self):
        """Each adds its terms; and both edit the same turn: every answer is a revision of its own."""
        turn, revisions, problems = self.say("um I'm the vector of marketing"), [], []

        def work(name):
            client = self.client.copy()
            for n in range(10):
                added = client.request("PATCH", f"{API}/glossary", {"add": [{"term": f"{name} {n}"}]})
                edited = client.request("PATCH", self.path(turn), {"cleaned_text": f"{name} said {n}."})
                problems.extend(a for a in (added, edited) if a.status != 200)
                if edited.status == 200:
                    revisions.append(edited.json["revision"])
            client.close()

        workers = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        self.assertEqual(problems, [])
        self.assertEqual(len(self.glossary().json["terms"]), 20)
        self.assertEqual(sorted(revisions), list(range(2, 22)))

    def test_a_conversations_glossary_is_its_own_and_is_used_at_once(self):
        path = f"{API}/conversations/{self.conversation}/glossary"
        self.say("hello there my good friend")  # what is known is kept by a cleaner now
        answer = self.client.request("PUT", path, {"terms": [{"term": "Xylofon AB", "sounds_like": ["silo phone a b"]}]})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.glossary().json, {"terms": []})
        self.assertEqual(self.glossary(self.conversation).headers["ETag"], answer.headers["ETag"])
        self.assertIn("Xylofon AB", self.say("so I work for silo phone a b in the office")["cleaned_text"])
        elsewhere = self.say("so I work for silo phone a b in the office", self.client.new_conversation())
        self.assertNotIn("Xylofon AB", elsewhere["cleaned_text"])
        self.client.request("PUT", path, {"terms": []})
        self.assertNotIn("Xylofon AB", self.say("so I work for silo phone a b in the office")["cleaned_text"])

    def test_a_term_is_seen_in_a_turn_that_looks_right(self):
        self.put([{"term": "Xylofon AB", "sounds_like": ["Silo Phone"]}])
        self.assertEqual(self.say("Ask for Silo Phone today.")["cleaned_text"], "Ask for Xylofon AB today.")

    # --- events ---

    def test_watchers_see_it(self):
        turn = self.say("um I'm the vector of marketing")
        director = self.correction(turn, "director")

        async def watch():
            async with Socket(self.client) as ws:
                await ws.ask("subscribe", conversation_id=self.conversation)
                await asyncio.to_thread(self.judge, turn, director, "reject")
                await ws.until("turn:processed", which=lambda e: e["turn"]["revision"] == 2)  # the first's may come late
                applied = await ws.until("correction:applied")
                counts = await ws.until("confidence:updated")
                self.assertEqual((applied[-1]["turn_id"], applied[-1]["verdict"], applied[-1]["revision"],
                                  applied[-1]["correction"]["corrected"]), (turn["turn_id"], "reject", 2, "director"))
                self.assertEqual(sum(counts[-1]["confidence_distribution"].values()), 1)
                await asyncio.to_thread(self.edit, turn, "I am a director.")
                await ws.until("turn:processed", which=lambda e: e["turn"]["cleaned_text"] == "I am a director.")

        asyncio.run(watch())
        until("the outbox is empty", lambda: self.here.sql(
            f"SELECT count(*) FROM outbox WHERE turn_id = '{turn['turn_id']}'")[0][0] == "0")


if __name__ == "__main__":
    unittest.main()
