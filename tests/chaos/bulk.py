# SPDX-License-Identifier: ISC
"""The bulk of the load: clients in C (bulk/), which cost little and whose times are therefore the service's.

They write what became of each try into a file; it is read when the load is over.
"""

import asyncio
import os
import subprocess
from urllib.parse import urlsplit

from .talkers import LUMEN, TEXTS, Sent

NS = 1e9
SAID = [("Lumen", LUMEN)] + [("User", text) for text in TEXTS]


class BulkTalker:
    def __init__(self, client, number, seed, url):
        self.client, self.number, self.url = client, number, url
        self.conversation = client.new_conversation(name=f"chaos {seed}/{number}")
        self.acknowledged, self.open = [], None

    def text(self, which, count):
        return f"{SAID[which][1]} {self.number} {count}"


class Bulk:
    def __init__(self, place, book, talkers, seed, period):
        self.book, self.seed, self.period = book, seed, period
        self.talkers = {t.number: t for t in talkers}
        self.program = os.path.join(place.real, "tests", "chaos", "bulk", "cleanerctx-talkers")
        self.path = os.path.join(place.folder, "said")
        self.process = None

    def begin(self):
        orders = [f"text {speaker} {text}" for speaker, text in SAID]
        orders += [f"talker {t.number} {urlsplit(t.url).port} {t.conversation} {t.client.token}" for t in self.talkers.values()]
        orders.append(f"go {self.seed} {self.period * 1000:.0f}\n")
        with open(self.path, "wb") as said:
            self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=said)
        self.process.stdin.write("\n".join(orders).encode())
        self.process.stdin.flush()

    def so_far(self):
        """Turns acknowledged, as far as it has told."""
        with open(self.path, "rb") as said:
            return said.read().count(b"ack ")

    async def end(self):
        self.process.stdin.close()
        if await asyncio.to_thread(self.process.wait):
            self.book.wrong.append("the talkers did not end well")
        with open(self.path, encoding="utf-8", errors="replace") as said:
            for line in said:
                word, number, *rest = line.rstrip("\n").split(" ", 7)
                getattr(self, "take_" + word)(self.talkers[int(number)], rest, line)

    def take_ack(self, talker, rest, _):
        which, count, turn_id, seq, status, last = rest
        asked, answered = last.split()
        speaker = SAID[int(which)][0]
        talker.acknowledged.append(Sent(speaker, talker.text(int(which), count), {"turn_id": turn_id, "seq": int(seq)}))
        if status == "201":
            self.book.time(speaker, int(asked) / NS, int(answered) / NS)

    def take_broken(self, *_):
        self.book.broken += 1

    def take_refused(self, *_):
        self.book.refused += 1

    def take_wrong(self, talker, rest, line):
        self.book.wrong.append(f"POST turns: {line.strip()}")

    def take_open(self, talker, rest, _):
        talker.open = talker.text(int(rest[0]), rest[1])
