# SPDX-License-Identifier: ISC
"""A client of the product: JSON over HTTP on one kept connection, and a WebSocket."""

import asyncio
import http.client
import json
from urllib.parse import urlsplit

import websockets

ANSWER_SECONDS = 60


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.bytes = response.read()

    @property
    def json(self):
        return json.loads(self.bytes)

    def __repr__(self):
        return f"<{self.status} {self.bytes[:400]!r}>"


class Client:
    """token is a JWT or an API key. Not for several threads: copy() it."""

    def __init__(self, url, token=None):
        self.url, self.token = url, token
        self.where = urlsplit(url)
        self.connection = None

    def copy(self):
        return Client(self.url, self.token)

    def login(self, email, password):
        answer = self.post("/api/v1/auth/login", {"email": email, "password": password})
        if answer.status != 200:
            raise AssertionError(f"login: {answer}")
        return Client(self.url, answer.json["access_token"])

    def request(self, method, path, body=None, headers=None):
        """body: bytes as they are, anything else as JSON."""
        headers = dict(headers or {})
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.where.hostname, self.where.port, timeout=ANSWER_SECONDS)
        try:
            self.connection.request(method, path, body, headers)
            return Answer(self.connection.getresponse())
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    __del__ = close

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, path, body, headers=None):
        return self.request("POST", path, body, headers)

    def try_get(self, path):
        """The status, or None when there was no answer at all."""
        try:
            return self.get(path).status
        except (OSError, http.client.HTTPException):
            return None

    # --- the few things that every test does ---

    def new_conversation(self, **members):
        answer = self.post("/api/v1/conversations", members)
        if answer.status != 201:
            raise AssertionError(f"POST /conversations: {answer}")
        return answer.json["id"]

    def turn(self, conversation, raw_text, speaker="User", headers=None, **members):
        return self.post(f"/api/v1/conversations/{conversation}/turns",
                         {"speaker": speaker, "raw_text": raw_text, **members}, headers)

    def all_turns(self, conversation):
        turns, after = [], 0
        while True:
            page = self.get(f"/api/v1/conversations/{conversation}/turns?after_seq={after}&limit=500").json
            turns += page["turns"]
            if len(turns) >= page["total"] or not page["turns"]:
                return turns
            after = page["turns"][-1]["seq"]


class Socket:
    """A WebSocket in a test's coroutine: `async with Socket(client) as ws`."""

    def __init__(self, client):
        self.address = client.url.replace("http", "ws", 1) + "/api/v1/ws"
        self.headers = {"Authorization": f"Bearer {client.token}"}
        self.number = 0
        self.events = []

    async def __aenter__(self):
        self.ws = await websockets.connect(self.address, extra_headers=self.headers, subprotocols=["cleanerctx.v1"])
        return self

    async def __aexit__(self, *_):
        await self.ws.close()

    async def receive(self):
        return json.loads(await asyncio.wait_for(self.ws.recv(), ANSWER_SECONDS))

    async def ask(self, kind, **members):
        """Sends, and gives the ack or error with its id; events that come before it are kept in self.events."""
        self.number += 1
        await self.ws.send(json.dumps({"type": kind, "id": self.number, **members}))
        while True:
            message = await self.receive()
            if message.get("id") == self.number and message["type"] in ("ack", "error"):
                return message
            self.events.append(message)

    async def until(self, kind, count=1, which=lambda event: True):
        """Until `count` such events of the kind have been seen since the beginning; gives them."""
        while True:
            found = [e for e in self.events if e["type"] == kind and which(e)]
            if len(found) >= count:
                return found
            self.events.append(await self.receive())
