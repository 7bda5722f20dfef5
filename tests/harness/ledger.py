# SPDX-License-Identifier: ISC
"""A ledger of turns: clients that send, remember what was acknowledged, and at the end hold the store against it.

Each client is a thread with a user and a conversation of its own. It sends the next turn when the last was answered, as a
person speaks; a broken connection is tried again with the same Idempotency-Key, as api.md tells clients to. So a turn has
one key, is acknowledged once, and must be stored once.
"""

import http.client
import random
import threading
import uuid

from .wait import until

TEXTS = ("I'm the vector of marketing", "We have seventy five employees", "Our book marketing is working well",
         "We get about fifty leads per month")
LUMEN = "Thank you for that information. Can you tell me more?"


class Writer(threading.Thread):
    def __init__(self, client, seed, stopping):
        super().__init__(daemon=True)
        self.client, self.random, self.stopping = client, random.Random(seed), stopping
        self.conversation = client.new_conversation(name=f"ledger {seed}")
        self.acknowledged = {}  # turn_id -> (speaker, raw_text)
        self.refused = []       # answers that are neither 201 nor 202
        self.broken = 0         # connections that ended without an answer

    def run(self):
        while not self.stopping.is_set():
            speaker = "Lumen" if self.random.random() < 0.4 else "User"
            text = LUMEN if speaker == "Lumen" else self.random.choice(TEXTS)
            self.send(speaker, text, str(uuid.UUID(int=self.random.getrandbits(128))))

    def send(self, speaker, text, key):
        while True:
            try:
                answer = self.client.turn(self.conversation, text, speaker, {"Idempotency-Key": key})
            except (OSError, http.client.HTTPException):
                self.broken += 1
                if self.stopping.wait(0.05) and self.broken > 1000:
                    return
                continue
            if answer.status in (201, 202):
                self.acknowledged[answer.json["turn_id"]] = (speaker, text)
                return
            self.refused.append(answer)
            if answer.status not in (429, 503):
                return
            self.stopping.wait(0.1)


class Ledger:
    def __init__(self, installation, writers=4, seed=1):
        self.here = installation
        self.stopping = threading.Event()
        self.writers = []
        for n in range(writers):
            client = installation.add_user(f"ledger-{uuid.uuid4()}@example.com", "a long password")
            self.writers.append(Writer(client, seed * 1000 + n, self.stopping))

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for writer in self.writers:
            writer.join(120)

    def count(self):
        return sum(len(w.acknowledged) for w in self.writers)

    def wait_progress(self, turns):
        """Until this many more turns have been acknowledged: by every writer, its share."""
        before = [len(w.acknowledged) for w in self.writers]
        share = max(1, turns // len(self.writers))
        until(f"{turns} more turns are acknowledged",
              lambda: all(len(w.acknowledged) - b >= share for w, b in zip(self.writers, before)))

    def refused(self):
        return [answer for w in self.writers for answer in w.refused]

    def check(self, test):
        """After the end: every acknowledged turn once, no gap, all final, and nothing besides."""
        ids = ", ".join(f"'{w.conversation}'" for w in self.writers)
        until("no turn is queued", lambda: self.here.sql(
            f"SELECT count(*) FROM turns WHERE state = 'queued' AND conversation_id IN ({ids})")[0] == ["0"])
        for writer in self.writers:
            stored = writer.client.all_turns(writer.conversation)
            test.assertEqual([t["seq"] for t in stored], list(range(1, len(stored) + 1)), "a gap or a double")
            test.assertEqual({t["state"] for t in stored}, {"done"})
            by_id = {t["turn_id"]: t for t in stored}
            test.assertEqual(len(by_id), len(stored))
            test.assertEqual(set(writer.acknowledged), set(by_id), "acknowledged and stored differ")
            for turn_id, (speaker, text) in writer.acknowledged.items():
                test.assertEqual((by_id[turn_id]["speaker"], by_id[turn_id]["raw_text"]), (speaker, text))
