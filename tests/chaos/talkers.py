# SPDX-License-Identifier: ISC
"""Clients that speak: each has a conversation and sends its next turn when the last was acknowledged and the time has come.

Over HTTP or the WebSocket. Until it is acknowledged a turn is sent again with the same key, as api.md tells clients to: after a
broken connection, a silence of ANSWER_SECONDS, or a 503 or 429 when Retry-After is over. Any other answer is wrong.
"""

import asyncio
import json
import random
import time
import uuid
from urllib.parse import urlsplit

import websockets

TEXTS = ("I'm the vector of marketing", "We have seventy five employees", "Our book marketing is working well",
         "We get about fifty leads per month")
LUMEN = "Thank you for that information. Can you tell me more?"
ANSWER_SECONDS = 15.0  # over the gateway's own 10: what is silent so long is cut off
GIVE_UP_SECONDS = 60.0 # after the end of the load
BROKEN = (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, websockets.WebSocketException, EOFError)


class Connection:
    """HTTP/1.1 with Content-Length, one request at a time."""

    def __init__(self, url, token):
        self.where, self.token = urlsplit(url), token
        self.reader = self.writer = None

    async def request(self, method, path, body=None, headers=()):
        """(status, headers, JSON)"""
        try:
            return await asyncio.wait_for(self._request(method, path, body, headers), ANSWER_SECONDS)
        except BaseException:
            self.close()
            raise

    async def _request(self, method, path, body, headers):
        payload = json.dumps(body).encode() if body is not None else b""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.where.netloc}", f"Authorization: Bearer {self.token}", *headers]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.where.hostname, self.where.port, limit=1 << 22)
        self.writer.write("\r\n".join(lines + ["", ""]).encode() + payload)
        first, *rest = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        told = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        answer = await self.reader.readexactly(int(told.get("content-length", 0)))
        if told.get("connection", "").lower() == "close":
            self.close()
        return int(first.split()[1]), told, json.loads(answer) if answer else None

    def close(self):
        if self.writer:
            self.writer.transport.abort()
        self.reader = self.writer = None


class Sent:
    """A turn that was acknowledged."""

    def __init__(self, speaker, text, answer):
        self.speaker, self.text = speaker, text
        self.turn_id, self.seq = answer["turn_id"], answer["seq"]


class Talker:
    def __init__(self, book, client, number, seed, urls, period):
        self.book, self.client, self.number = book, client, number
        self.rng = random.Random(f"{seed}/{number}")
        self.url = self.rng.choice(urls)
        self.period = period
        self.conversation = client.new_conversation(name=f"chaos {seed}/{number}")
        self.path = f"/api/v1/conversations/{self.conversation}"
        self.acknowledged = []   # Sent, in the order of their acknowledgement
        self.open = None         # the text that waits for its acknowledgement
        self.connection = Connection(self.url, client.token)
        self.ws = None
        self.asked = 0

    async def run(self, stopping):
        say = self.over_socket if self.number % 4 == 0 else self.over_http
        due = time.monotonic() + self.rng.uniform(0, self.period)
        while not stopping.is_set():
            await asyncio.sleep(max(0, due - time.monotonic()))
            due = max(due + self.rng.uniform(0.5, 1.5) * self.period, time.monotonic())
            await self.turn(say, stopping)
        self.connection.close()
        if self.ws:
            await self.ws.close()

    async def turn(self, say, stopping):
        speaker = "Lumen" if self.rng.random() < 0.4 else "User"
        text = f"{LUMEN if speaker == 'Lumen' else self.rng.choice(TEXTS)} {self.number} {len(self.acknowledged)}"
        key = str(uuid.UUID(int=self.rng.getrandbits(128)))
        give_up = None
        self.open = text
        while True:
            try:
                answer, wait = await say(speaker, text, key)
            except BROKEN:
                self.book.broken += 1
                answer, wait = None, 0.05
            if answer:
                self.acknowledged.append(Sent(speaker, text, answer))
                self.open = None
                return
            if stopping.is_set():
                give_up = give_up or time.monotonic() + GIVE_UP_SECONDS
                if time.monotonic() > give_up:
                    return
            await asyncio.sleep(wait)

    def refused(self, status, retry_after, what):
        """How long to wait, where that is an answer that a fault may bring."""
        if status in (503, 429) and retry_after is not None:
            self.book.refused += 1
            return float(retry_after)
        self.book.wrong.append(f"{what}: {status}, Retry-After {retry_after}")
        return 1.0

    # --- HTTP ---

    async def over_http(self, speaker, text, key):
        headers = [f"Idempotency-Key: {key}"]
        if self.rng.random() < 0.1:
            headers.append("Prefer: respond-async")
        status, told, body = await self.connection.request("POST", self.path + "/turns",
                                                           {"speaker": speaker, "raw_text": text}, headers)
        if status not in (201, 202):
            return None, self.refused(status, told.get("retry-after"), f"POST turns {body}")
        if self.rng.random() < 0.08:
            await self.again(speaker, text, headers, status, body)
        elif self.rng.random() < 0.05:
            await self.look()
        return body, 0

    async def again(self, speaker, text, headers, status, body):
        """The same key once more: the same answer, or where the first could not be kept, the same turn."""
        try:
            status2, told, body2 = await self.connection.request("POST", self.path + "/turns",
                                                                 {"speaker": speaker, "raw_text": text}, headers)
        except BROKEN:
            self.book.broken += 1
            return
        if status2 not in (201, 202):
            self.refused(status2, told.get("retry-after"), f"a repeat {body2}")
            return
        self.book.repeats += 1
        if told.get("idempotency-replayed") == "true":
            same = (status, body) == (status2, body2)
        else:
            same = (body["turn_id"], body["seq"]) == (body2["turn_id"], body2["seq"])
        if not same:
            self.book.wrong.append(f"a repeat was answered otherwise: {status} {body} / {status2} {body2}")

    async def look(self):
        try:
            status, told, body = await self.connection.request("GET", self.path + "/status")
        except BROKEN:
            self.book.broken += 1
            return
        if status != 200:
            self.refused(status, told.get("retry-after"), f"GET status {body}")

    # --- WebSocket ---

    async def over_socket(self, speaker, text, key):
        try:
            if self.ws is None:
                self.ws = await asyncio.wait_for(connect(self.url, self.client.token), ANSWER_SECONDS)
            self.asked += 1
            await self.ws.send(json.dumps({"type": "turn", "id": self.asked, "conversation_id": self.conversation,
                                           "speaker": speaker, "raw_text": text, "idempotency_key": key}))
            deadline = time.monotonic() + ANSWER_SECONDS
            while True:
                message = json.loads(await asyncio.wait_for(self.ws.recv(), deadline - time.monotonic()))
                if message.get("id") == self.asked and message["type"] in ("ack", "error"):
                    break
        except BROKEN:
            self.drop()
            raise
        if message["type"] == "ack":
            return message["turn"], 0
        return None, self.refused(message["problem"]["status"], 1, f"turn on the socket {message}")

    def drop(self):
        if self.ws:
            self.ws.transport.abort()
        self.ws = None


async def connect(url, token):
    return await websockets.connect(url.replace("http", "ws", 1) + "/api/v1/ws", subprotocols=["cleanerctx.v1"],
                                    extra_headers={"Authorization": f"Bearer {token}"}, max_size=1 << 22, ping_interval=None,
                                    close_timeout=1, open_timeout=ANSWER_SECONDS,
                                    max_queue=None)
