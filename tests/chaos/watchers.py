# SPDX-License-Identifier: ISC
"""Clients that watch: a socket each, subscribed to some conversations, resuming each after its last event.

What it has seen of a conversation is a story: events from a base on, in the order of arrival. replay:reset ends a story: the
turns are read, and a new story begins. A pong says where the server thinks that we are: if we are not there, one was missed.
"""

import asyncio
import json
import time

from .talkers import ANSWER_SECONDS, BROKEN, Connection, connect

PING_SECONDS = 1.0
SILENCE_SECONDS = 5.0  # no pong for so long: the connection is given up


class Story:
    def __init__(self, conversation):
        self.conversation = conversation
        self.base = self.last = None   # event ids
        self.events = []               # (event_id, type, turn_id), each id once
        self.ids = set()
        self.final = {}                # turn_id -> revision, by events or by reading
        self.resets = 0
        self.needs_reading = False

    def restart(self, at):
        self.base = self.last = at
        self.events, self.ids = [], set()

    def take(self, message):
        """False: the event came in no order that was promised."""
        event_id = message["event_id"]
        turn = message.get("turn") or {}
        if turn.get("state") in ("done", "failed"):
            self.final[turn["turn_id"]] = max(turn["revision"], self.final.get(turn["turn_id"], 0))
        self.last = event_id
        if event_id in self.ids:
            return True
        in_order = not self.events or place_of(event_id) > place_of(self.events[-1][0])
        self.ids.add(event_id)
        self.events.append((event_id, message["type"], turn.get("turn_id") or message.get("turn_id")))
        return in_order


def place_of(event_id):
    """Cursors are opaque to clients; the harness knows that an offset is what follows the epoch."""
    return int(event_id.rpartition("-")[2])


class Watcher:
    def __init__(self, book, client, url, conversations):
        self.book, self.client, self.url = book, client, url
        self.stories = {c: Story(c) for c in conversations}
        self.asked = 0
        self.waiting = {}      # id -> conversation, of subscriptions not acknowledged yet
        self.reader = Connection(url, client.token)

    def subscribed(self):
        return all(story.base is not None for story in self.stories.values())

    async def run(self, stopping):
        while not stopping.is_set():
            try:
                await self.watch(stopping)
            except BROKEN:
                self.book.reconnects += 1
            if not stopping.is_set():
                await asyncio.sleep(0.1)
        self.reader.close()

    async def watch(self, stopping):
        ws = await asyncio.wait_for(connect(self.url, self.client.token), ANSWER_SECONDS)
        self.waiting = {}
        pinging = asyncio.ensure_future(self.ping(ws))
        try:
            for story in self.stories.values():
                await self.subscribe(ws, story)
            while not stopping.is_set():
                await self.take(ws, json.loads(await asyncio.wait_for(ws.recv(), SILENCE_SECONDS)))
        finally:
            pinging.cancel()
            ws.transport.abort()

    async def ping(self, ws):
        try:
            while True:
                await ws.send(json.dumps({"type": "ping", "t": time.monotonic()}))
                for story in self.stories.values():
                    if story.needs_reading:
                        await self.read(story)
                await asyncio.sleep(PING_SECONDS)
        except BROKEN:
            pass  # the receiving end has it too

    async def subscribe(self, ws, story):
        self.asked += 1
        self.waiting[self.asked] = story.conversation
        after = {"after": story.last} if story.last else {}
        await ws.send(json.dumps({"type": "subscribe", "id": self.asked, "conversation_id": story.conversation, **after}))

    async def take(self, ws, message):
        kind = message["type"]
        if kind == "ack":
            story = self.stories[self.waiting.pop(message["id"])]
            if story.base is None:
                story.restart(message["event_id"])
        elif kind == "error":
            conversation = self.waiting.pop(message.get("id"), None)
            if message["problem"]["status"] != 503:
                self.book.wrong.append(f"a watcher was told {message}")
            await asyncio.sleep(0.2)
            await self.subscribe(ws, self.stories[conversation])
        elif kind == "pong":
            await self.compare(ws, message.get("positions", {}))
        elif kind == "replay:reset":
            story = self.stories[message["conversation_id"]]
            story.resets += 1
            story.restart(message["event_id"])
            story.needs_reading = True
        elif "event_id" in message:
            story = self.stories[message["conversation_id"]]
            if not story.take(message):
                self.book.out_of_order.append(f"event {message['event_id']} after {story.events[-2][0]}")

    async def compare(self, ws, positions):
        for conversation, at in positions.items():
            story = self.stories[conversation]
            if conversation not in self.waiting.values() and story.last != at:
                self.book.missed.append(f"{conversation}: at {story.last}, the server says {at}")
                await self.subscribe(ws, story)

    async def read(self, story):
        """All turns by HTTP. It began after the reset's event, so what it does not show yet comes as an event."""
        after = 0
        try:
            while True:
                status, _, page = await self.reader.request(
                    "GET", f"/api/v1/conversations/{story.conversation}/turns?after_seq={after}&limit=500")
                if status != 200:
                    return
                for turn in page["turns"]:
                    if turn["state"] != "queued":
                        story.final[turn["turn_id"]] = max(turn["revision"], story.final.get(turn["turn_id"], 0))
                if not page["turns"] or page["next_after_seq"] is None:
                    break
                after = page["next_after_seq"]
            story.needs_reading = False
        except BROKEN:
            pass  # it is still to be read

    async def replay(self, story):
        """A new socket from the story's base to its last event: the events, or None when the log does not go back so far."""
        events, seen = [], set()
        ws = await asyncio.wait_for(connect(self.url, self.client.token), ANSWER_SECONDS)
        try:
            await ws.send(json.dumps({"type": "subscribe", "id": 1, "conversation_id": story.conversation, "after": story.base}))
            while story.events and story.events[-1][0] not in seen:
                message = json.loads(await asyncio.wait_for(ws.recv(), ANSWER_SECONDS))
                if message["type"] in ("replay:reset", "error"):
                    return None
                if message["type"] != "ack" and "event_id" in message and message["event_id"] not in seen:
                    seen.add(message["event_id"])
                    turn = message.get("turn") or {}
                    events.append((message["event_id"], message["type"], turn.get("turn_id") or message.get("turn_id")))
        finally:
            ws.transport.abort()
        return events
