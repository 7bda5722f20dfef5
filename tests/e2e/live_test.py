# SPDX-License-Identifier: ISC
"""Sockets and streams: subscriptions without gaps, commands and their errors, closing, slow readers, restarts."""

import asyncio
import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import socket
import time
import unittest
import uuid

import websockets

from harness.client import ANSWER_SECONDS, Client, Socket
from harness.installation import Installation
from harness.wait import until

TEXT = "We have seventy five employees"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(here, token, seconds):
    """The token's claims with another end, signed with the installation's own key: what the server would have made."""
    head, claims, _ = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
    claims["exp"] = int(time.time()) + seconds
    with open(here.state.config, encoding="utf-8") as f:
        key, value = re.search(r"^jwt_secret(_file)? = (.*)$", f.read(), re.MULTILINE).groups()
    if key:
        with open(value, encoding="utf-8") as f:
            value = f.readline().rstrip("\n")
    signed = head + "." + b64(json.dumps(claims).encode())
    return signed + "." + b64(hmac.new(value.encode(), signed.encode(), hashlib.sha256).digest())


def offset(event_id):
    return int(event_id.split("-")[1])


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())
        cls.client = cls.here.client()

    def setUp(self):
        self.addCleanup(self.client.close)
        self.conversation = self.client.new_conversation()

    def test_a_deleted_conversations_events_do_not_stay(self):
        log = f"ev:{{0}}:{self.conversation}"
        self.client.turn(self.conversation, TEXT)
        until("the turn is in the log", lambda: int(self.here.redis("XLEN", log)) > 1)
        self.assertGreater(int(self.here.redis("TTL", log)), 3600)
        until("it is in the window", lambda: self.here.redis("EXISTS", f"q:{{0}}:win:{self.conversation}") == "1")
        self.assertEqual(self.client.request("DELETE", f"/api/v1/conversations/{self.conversation}").status, 204)
        until("its log is about to go", lambda: int(self.here.redis("TTL", log)) <= 60)
        until("its window is gone", lambda: self.here.redis("EXISTS", f"q:{{0}}:win:{self.conversation}") == "0")

    def test_deleted_with_a_turn_under_way(self):
        """Who waits for it is told that it is gone; what its cleaner says later keeps the conversation's events no longer."""
        log = f"ev:{{0}}:{self.conversation}"
        client = self.client.copy()
        self.addCleanup(client.close)
        stopped = [self.here.kill(name, signal.SIGSTOP) for name in ("cleaner-1", "cleaner-2")]
        try:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                waits = pool.submit(self.client.turn, self.conversation, TEXT)
                path = f"/api/v1/conversations/{self.conversation}"
                until("the turn is accepted", lambda: client.get(path).json["turn_count"] == 1)
                self.assertEqual(client.request("DELETE", path).status, 204)
                self.assertEqual((waits.result().status, waits.result().json["type"]), (404, "/problems/not-found"))
            until("its log is about to go", lambda: 0 <= int(self.here.redis("TTL", log)) <= 60)
            length = int(self.here.redis("XLEN", log))
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        until("its cleaner said something", lambda: int(self.here.redis("XLEN", log)) > length)
        self.assertLessEqual(int(self.here.redis("TTL", log)), 60)

    def run_socket(self, talk, client=None):
        async def inside():
            async with Socket(client or self.client) as ws:
                return await talk(ws)

        return asyncio.run(inside())

    async def turn(self, raw_text=TEXT, speaker="User"):
        answer = await asyncio.to_thread(self.with_copy, Client.turn, self.conversation, raw_text, speaker)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def with_copy(self, method, *words):
        """One request on a connection of its own, for threads."""
        client = self.client.copy()
        try:
            return method(client, *words)
        finally:
            client.close()

    # --- subscriptions ---

    def test_two_sockets_see_the_same_events_with_growing_ids(self):
        async def talk(one):
            async with Socket(self.client) as two:
                for ws in (one, two):
                    ack = await ws.ask("subscribe", conversation_id=self.conversation)
                    self.assertEqual((ack["type"], ack["conversation_id"]), ("ack", self.conversation), ack)
                for n in range(5):
                    await self.turn(speaker="Lumen" if n % 2 else "User")
                for ws in (one, two):
                    await ws.until("turn:processed", 5)
                ids = [[offset(e["event_id"]) for e in ws.events] for ws in (one, two)]
                self.assertEqual(ids[0], list(range(ids[0][0], ids[0][0] + len(ids[0]))))
                shared = set(ids[0]) & set(ids[1])
                self.assertEqual([e for e in one.events if offset(e["event_id"]) in shared],
                                 [e for e in two.events if offset(e["event_id"]) in shared])
                positions = (await self.pong(one))["positions"]  # as of the last event before it: more may have come by then
                self.assertEqual(positions, {self.conversation: [e["event_id"] for e in one.events if "event_id" in e][-1]})

        self.run_socket(talk)

    async def pong(self, ws):
        await ws.ws.send(json.dumps({"type": "ping", "t": 7}))
        return (await ws.until("pong"))[-1]

    def test_read_then_subscribe_misses_nothing(self):
        async def talk(ws):
            await self.turn()
            page = self.client.get(f"/api/v1/conversations/{self.conversation}/turns").json
            self.assertEqual((page["total"], len(page["turns"]), page["next_after_seq"]), (1, 1, None))
            await self.turn("the second of seventy five")
            ack = await ws.ask("subscribe", conversation_id=self.conversation, after=page["as_of"])
            self.assertEqual((ack["type"], ack["event_id"]), ("ack", page["as_of"]), ack)
            await ws.until("turn:processed", which=lambda e: e["turn"]["seq"] == 2)  # the first's may have come after the page
            self.assertFalse([e for e in ws.events if e["type"] == "replay:reset"])

        self.run_socket(talk)

    def test_a_conversation_without_events_can_be_resumed_from_its_beginning(self):
        async def talk(ws):
            as_of = self.client.get(f"/api/v1/conversations/{self.conversation}/turns").json["as_of"]
            await self.turn()
            await ws.ask("subscribe", conversation_id=self.conversation, after=as_of)
            await ws.until("turn:processed")
            self.assertFalse([e for e in ws.events if e["type"] == "replay:reset"])

        self.run_socket(talk)

    def test_coming_and_going_misses_nothing_while_the_notifier_dies(self):
        """A reader that reconnects all the time, resuming at its last id, gets every event once and in order."""
        turns, got, done = 60, [], asyncio.Event()

        async def write():
            for n in range(turns):
                await self.turn(f"item {n} of seventy five", "User" if n % 3 else "Lumen")
                if n in (20, 40):
                    await asyncio.to_thread(self.here.kill_and_wait, "notifier")
            done.set()

        def processed():
            return {e["turn"]["turn_id"] for e in got if e["type"] == "turn:processed"}

        async def read_some(after, limit):
            async with Socket(self.client) as ws:
                ack = await ws.ask("subscribe", conversation_id=self.conversation, after=after)
                self.assertEqual(ack["type"], "ack", ack)
                while len(ws.events) < limit and len(processed()) < turns:
                    message = await ws.receive()
                    if "event_id" in message:
                        ws.events.append(message)
                        got.append(message)
            return ws.events[-1]["event_id"] if ws.events else after

        async def everything():
            writer = asyncio.create_task(write())
            after = self.client.get(f"/api/v1/conversations/{self.conversation}/turns").json["as_of"]
            limit = 1
            while len(processed()) < turns:
                after = await read_some(after, limit)
                limit = limit % 7 + 1
            await writer

        asyncio.run(asyncio.wait_for(everything(), ANSWER_SECONDS * 4))
        offsets = [offset(e["event_id"]) for e in got]
        self.assertEqual(offsets, list(range(1, len(offsets) + 1)))
        self.assertFalse([e for e in got if e["type"] == "replay:reset"])

    def test_a_lost_log_is_told(self):
        async def talk(ws):
            await self.turn()
            await ws.ask("subscribe", conversation_id=self.conversation)
            await self.turn("two of seventy five")
            last = (await ws.until("turn:processed"))[-1]["event_id"]
            self.here.redis("FLUSHALL")
            turn = await self.turn("three of seventy five")
            reset = (await ws.until("replay:reset"))[0]
            self.assertEqual(reset["conversation_id"], self.conversation)
            async with Socket(self.client) as late:
                await late.ask("subscribe", conversation_id=self.conversation, after=last)
                await late.until("replay:reset")
            page = self.client.get(f"/api/v1/conversations/{self.conversation}/turns").json
            self.assertIn(turn["turn_id"], [t["turn_id"] for t in page["turns"]])

        self.run_socket(talk)

    def test_many_subscriptions_at_once(self):
        """More than may be under way, and than the rate: a client that comes back asks for all that it had."""
        ids = [self.conversation] * 300

        async def talk(ws):
            for n, conversation in enumerate(ids):
                await ws.ws.send(json.dumps({"type": "subscribe", "id": n, "conversation_id": conversation}))
            answers = [await ws.receive() for _ in ids]
            self.assertEqual([a["type"] for a in answers], ["ack"] * len(ids))
            self.assertEqual(len((await self.pong(ws))["positions"]), 1)

        self.run_socket(talk)

    def presence(self):
        return self.client.get(f"/api/v1/conversations/{self.conversation}/status").json["presence"]

    def test_presence(self):
        async def talk(ws):
            await ws.ask("subscribe", conversation_id=self.conversation)
            async with Socket(self.client) as other:
                await other.ask("subscribe", conversation_id=self.conversation)
                seen = await asyncio.to_thread(self.presence)
                self.assertEqual((seen["count"], [c["kind"] for c in seen["clients"]]), (2, ["socket"] * 2))
                self.assertLessEqual(seen["clients"][0]["since"], seen["clients"][1]["since"])
                first = seen["clients"][0]
                await other.ask("unsubscribe", conversation_id=self.conversation)
            await asyncio.to_thread(until, "one is left", lambda: self.presence()["clients"] == [first])

        self.assertEqual(self.presence(), {"count": 0, "clients": []})
        self.run_socket(talk)
        until("nobody is left", lambda: self.presence()["count"] == 0)

    def test_presence_of_many(self):
        """More clients than commands may be under way at Redis: each is said again before it runs out."""
        many = 24 * 256
        ids = [row[0] for row in self.here.sql(
            "INSERT INTO conversations (id, user_id, name) SELECT gen_random_uuid(), user_id, 'many' FROM conversations, "
            f"generate_series(1, {many}) WHERE id = '{self.conversation}' RETURNING id")]
        script = ("local ends = {} for _, key in ipairs(redis.call('KEYS', 'pr:*')) do "
                  "ends[#ends + 1] = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2] end return ends")

        def ends():
            return [int(moment) for moment in self.here.redis("EVAL", script, "0").split()]

        async def subscribe(ws, mine):
            for n, conversation in enumerate(mine):
                await ws.ws.send(json.dumps({"type": "subscribe", "id": n, "conversation_id": conversation}))
            self.assertEqual([(await ws.receive())["type"] for _ in mine], ["ack"] * len(mine))

        async def talk(ws):
            async with contextlib.AsyncExitStack() as stack:
                for n in range(0, many, 256):
                    await subscribe(await stack.enter_async_context(Socket(self.client)), ids[n:n + 256])
                last = max(ends())
                await asyncio.to_thread(until, "all are said again", lambda: [m > last for m in ends()] == [True] * many)

        self.run_socket(talk)

    def test_presence_ends_with_its_gateway(self):
        async def talk(ws):
            await ws.ask("subscribe", conversation_id=self.conversation)
            self.assertEqual((await asyncio.to_thread(self.presence))["count"], 1)
            await asyncio.to_thread(self.here.kill_and_wait, "gateway")

        self.run_socket(talk)
        self.client.close()
        self.here.wait_ready()
        until("it has run out", lambda: self.presence()["count"] == 0)

    def test_a_dead_notifier_is_told_and_heard_again(self):
        def told(event):
            with open(self.here.state.log("gateway"), encoding="utf-8", errors="replace") as f:
                return sum(f"event={event}" in line for line in f)

        unheard, heard = told("hub.unheard"), told("hub.heard")
        self.here.kill_and_wait("notifier")
        until("it is not ready", lambda: told("hub.unheard") > unheard)
        until("it has heard of the next one", lambda: told("hub.heard") > heard)
        self.here.wait_ready()

    def test_unsubscribe(self):
        async def talk(ws):
            await ws.ask("subscribe", conversation_id=self.conversation)
            self.assertEqual((await ws.ask("unsubscribe", conversation_id=self.conversation))["type"], "ack")
            await self.turn()
            self.assertEqual((await self.pong(ws))["positions"], {})
            self.assertFalse([e for e in ws.events if e["type"].startswith("turn:")])

        self.run_socket(talk)

    def test_others_see_nothing(self):
        stranger = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        self.addCleanup(stranger.close)

        async def talk(ws):
            for conversation in (self.conversation, str(uuid.uuid4())):
                for command in ({"type": "subscribe"}, {"type": "turn", "speaker": "User", "raw_text": "x"},
                                {"type": "clean", "raw_text": "x"}):
                    error = await ws.ask(command.pop("type"), conversation_id=conversation, **command)
                    self.assertEqual((error["type"], error.get("problem", {}).get("status")), ("error", 404), error)
            error = await ws.ask("subscribe", channel="alerts")
            self.assertEqual(error["problem"]["status"], 403, error)

        self.run_socket(talk, stranger)
        for path in ("turns", "events", f"turns/{uuid.uuid4()}"):
            self.assertEqual(stranger.get(f"/api/v1/conversations/{self.conversation}/{path}").status, 404)
        self.assertEqual(stranger.turn(self.conversation, "x").status, 404)

    def test_operators_have_channels(self):
        async def talk(ws):
            self.assertEqual((await ws.ask("subscribe", channel="performance"))["type"], "ack")
            self.assertIsInstance((await ws.until("performance"))[0]["performance"], dict)
            self.assertEqual((await ws.ask("unsubscribe", channel="performance"))["type"], "ack")

        self.run_socket(talk)

    # --- commands ---

    def test_bad_messages_cost_nothing_but_an_error(self):
        bad = (("{", 400), ("[]", 422), ('"x"', 422), ("{}", 422), ('{"type":7}', 422), ('{"type":"shout","id":1}', 422),
               ('{"type":"subscribe","id":1}', 422), ('{"type":"subscribe","id":1,"conversation_id":"x"}', 422),
               ('{"type":"turn","id":1}', 422), ('{"type":"clean","id":1,"raw_text":"\\u0000"}', 422),
               ("[" * 10000, 400), ('{"type":"auth","id":1,"token":"x"}', 401))

        async def talk(ws):
            for text, status in bad:
                await ws.ws.send(text)
                message = await ws.receive()
                self.assertEqual((message["type"], message["problem"]["status"]), ("error", status), (text[:60], message))
            error = await ws.ask("subscribe", conversation_id=self.conversation, after="nonsense")
            self.assertEqual(error["problem"]["errors"][0]["pointer"], "/after")
            self.assertEqual((await self.pong(ws))["t"], 7)

        self.run_socket(talk)

    def test_turn_and_its_idempotency_key(self):
        async def talk(ws):
            say = dict(conversation_id=self.conversation, speaker="user", raw_text=TEXT, idempotency_key=str(uuid.uuid4()))
            first, again = await ws.ask("turn", **say), await ws.ask("turn", **say)
            self.assertEqual((first["type"], again["type"], again["replayed"]), ("ack", "ack", True), (first, again))
            self.assertEqual(first["turn"]["turn_id"], again["turn"]["turn_id"])
            other = await ws.ask("turn", **{**say, "raw_text": "another"})
            self.assertEqual(other["problem"]["status"], 422)
            lumen = await ws.ask("turn", **{**say, "speaker": "LUMEN", "idempotency_key": str(uuid.uuid4())})
            self.assertEqual((lumen["status"], lumen["turn"]["state"], lumen["turn"]["speaker"]), (201, "done", "Lumen"))
            wrong = await ws.ask("turn", **{**say, "speaker": "Nobody"})
            self.assertEqual(wrong["problem"]["errors"][0]["pointer"], "/speaker")

        self.run_socket(talk)
        self.assertEqual(len(self.client.all_turns(self.conversation)), 2)

    def test_clean(self):
        async def talk(ws):
            ack = await ws.ask("clean", raw_text=TEXT, utterance_id="u1")
            self.assertEqual((ack["cleaned_text"], ack["utterance_id"]), ("We have 75 employees.", "u1"))
            ack = await ws.ask("clean", raw_text=TEXT, conversation_id=self.conversation, utterance_id="u1")
            self.assertEqual(ack["metadata"]["cleaning_level"], "full" if "full" in json.dumps(ack) else "light")
            for n in range(20):  # as they come while somebody speaks
                await ws.ws.send(json.dumps({"type": "clean", "id": 1000 + n, "raw_text": TEXT[:10 + n],
                                             "conversation_id": self.conversation, "utterance_id": "u2"}))
            answers = [await ws.receive() for _ in range(20)]
            self.assertEqual({a["id"] for a in answers}, set(range(1000, 1020)))
            self.assertIn("cleaned_text", next(a for a in answers if a["id"] == 1019))

        self.run_socket(talk)
        self.assertEqual(self.client.all_turns(self.conversation), [])

    # --- who, and closing ---

    def token(self, email, password):
        client = Client(self.here.url)
        try:
            return client.login(email, password).token
        finally:
            client.close()

    def test_browser_token_and_origin(self):
        email, password = self.here.credentials()[:2]
        token = self.token(email, password)
        address = self.here.url.replace("http", "ws", 1) + "/api/v1/ws"

        async def connect(**how):
            async with websockets.connect(address, **how) as ws:
                await ws.send('{"type":"ping","id":1}')
                self.assertEqual(json.loads(await ws.recv())["type"], "pong")
                return ws.subprotocol

        def refused(**how):
            with self.assertRaises(websockets.InvalidStatusCode) as caught:
                asyncio.run(connect(**how))
            return caught.exception.status_code

        pair = ["cleanerctx.v1", f"bearer.{token}"]
        self.assertEqual(asyncio.run(connect(subprotocols=pair)), "cleanerctx.v1")
        self.assertEqual(refused(subprotocols=["cleanerctx.v1"]), 401)
        self.assertEqual(refused(subprotocols=["cleanerctx.v1", "bearer." + forged(self.here, token, -5)]), 401)
        self.assertEqual(refused(subprotocols=pair, origin="https://evil.example"), 403)

    def test_a_token_ends_and_is_renewed(self):
        email, password = self.here.credentials()[:2]
        token = self.token(email, password)

        async def talk(ws):
            await ws.until("auth:expiring")
            with self.assertRaises(websockets.ConnectionClosed) as caught:
                while True:
                    await ws.receive()
            self.assertEqual(caught.exception.rcvd.code, 4401)

        async def renew(ws):
            await ws.until("auth:expiring")
            self.assertEqual((await ws.ask("auth", token=token))["type"], "ack")
            await asyncio.to_thread(until, "the old token has ended", lambda: time.time() > ends)
            self.assertEqual((await self.pong(ws))["t"], 7)

        self.run_socket(talk, Client(self.here.url, forged(self.here, token, 2)))
        ends = time.time() + 3
        self.run_socket(renew, Client(self.here.url, forged(self.here, token, 2)))

    def test_what_is_no_text_or_too_big_is_closed(self):
        for message, code in ((b"\x00", 1003), ("x" * (70 * 1024), 1009)):
            async def talk(ws, message=message):
                await ws.ws.send(message)
                with self.assertRaises(websockets.ConnectionClosed) as caught:
                    while True:
                        await ws.receive()
                return caught.exception.rcvd.code

            self.assertEqual(self.run_socket(talk), code)

    def test_restart_says_when_to_come_back(self):
        async def talk(ws):
            await ws.ask("subscribe", conversation_id=self.conversation)
            old = self.here.kill("gateway", signal.SIGTERM)
            with self.assertRaises(websockets.ConnectionClosed) as caught:
                while True:
                    await ws.receive()
            self.assertEqual(caught.exception.rcvd.code, 1012)
            self.assertRegex(caught.exception.rcvd.reason, r"^retry_ms=\d+$")
            self.client.close()
            until("the gateway is back", lambda: self.here.pid("gateway") != old)

        self.run_socket(talk)
        self.here.wait_ready()

    def test_a_slow_reader_is_closed_and_others_never_feel_it(self):
        """It subscribes and reads no more: the states of a few turns are conflated, but many turns are too much."""
        slow = socket.create_connection((self.here.url.split(":")[1][2:], self.here.port))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall((f"GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Key: {base64.b64encode(b'k' * 16).decode()}\r\nSec-WebSocket-Version: 13\r\n"
                      f"Sec-WebSocket-Protocol: cleanerctx.v1\r\nAuthorization: Bearer {self.client.token}\r\n\r\n").encode())
        ask = json.dumps({"type": "subscribe", "id": 1, "conversation_id": self.conversation}).encode()
        slow.sendall(bytes((0x81, 0x80 | len(ask), 0, 0, 0, 0)) + ask)
        text = "word " * 3000  # 15 KB

        async def talk(ws):
            await ws.ask("subscribe", conversation_id=self.conversation)
            sent = 0
            while sent < 600:
                turns = [{"speaker": "Lumen", "raw_text": f"{n} {text}"} for n in range(50)]
                path = f"/api/v1/conversations/{self.conversation}/turns:batch"
                answer = await asyncio.to_thread(self.with_copy, Client.post, path, {"turns": turns})
                self.assertEqual(answer.status, 200, answer)
                sent += 50
                await ws.until("turn:processed", sent)
                if "ws.too_slow" in self.log():
                    return

            self.fail("the slow reader was kept")

        self.run_socket(talk)
        slow.close()

    def test_who_comes_back_for_much_is_not_too_slow(self):
        """What was missed of several conversations is many times what may wait for a socket; a stream's, too."""
        many, ids = 60, [self.conversation, self.client.new_conversation(), self.client.new_conversation()]
        begin = self.client.get(f"/api/v1/conversations/{self.conversation}/turns").json["as_of"]
        for conversation in ids:
            turns = [{"speaker": "Lumen", "raw_text": f"{n} {'word ' * 3000}"} for n in range(many)]
            answer = self.client.post(f"/api/v1/conversations/{conversation}/turns:batch", {"turns": turns})
            self.assertEqual(answer.status, 200, answer)
            log = f"ev:{{0}}:{conversation}"
            until("all are in the log", lambda log=log: int(self.here.redis("XLEN", log)) > many)

        async def talk(ws):
            for n, conversation in enumerate(ids):
                await ws.ws.send(json.dumps({"type": "subscribe", "id": n, "conversation_id": conversation, "after": "0-0"}))
            found = await ws.until("turn:processed", many * len(ids))
            for conversation in ids:
                mine = [e["turn"]["seq"] for e in found if e["conversation_id"] == conversation]
                self.assertEqual(mine, list(range(1, many + 1)))

        self.run_socket(talk)
        connection, answer = self.stream(**{"Last-Event-ID": begin})
        self.assertEqual(self.events(answer, many)["turn"]["seq"], many)
        connection.close()

    def test_a_turn_of_a_megabyte_is_seen(self):
        """Thousands of corrections: its event alone is all that may wait for a socket."""
        self.client.turn(self.conversation, "word " * 3000, speaker="Lumen")
        self.client.turn(self.conversation, "um a " * 2600, options={"deadline_ms": 10000})
        log = f"ev:{{0}}:{self.conversation}"
        until("it is in the log", lambda: int(self.here.redis("XLEN", log)) >= 6)  # with its beginning, and its confidence
        self.client.turn(self.conversation, "Fine.", speaker="Lumen")

        async def talk(ws):
            await ws.ask("subscribe", conversation_id=self.conversation, after="0-0")
            found = await ws.until("turn:processed", 3)
            self.assertEqual([e["turn"]["seq"] for e in found], [1, 2, 3])

        self.run_socket(talk)

    def log(self):
        with open(self.here.state.log("gateway"), encoding="utf-8", errors="replace") as f:
            return f.read()

    # --- the event stream ---

    def stream(self, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.here.port, timeout=ANSWER_SECONDS)
        connection.request("GET", f"/api/v1/conversations/{self.conversation}/events",
                           headers={"Authorization": f"Bearer {self.client.token}", **headers})
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/event-stream"))
        return connection, answer

    def events(self, answer, wanted):
        event = {}
        while wanted:
            line = answer.readline().decode().rstrip("\n")
            if line.startswith(("id: ", "data: ")):
                key, event[key] = line.split(": ", 1)[0], line.split(": ", 1)[1]
            elif line == "" and "data" in event:
                data = json.loads(event["data"])
                self.assertEqual(event["id"], data["event_id"])
                event = {}
                if data["type"] == "turn:processed":
                    wanted -= 1
                    last = data
        return last

    def test_streams_and_sockets_end_with_what_let_them_in(self):
        """A stream with its token, as a socket does; both soon after their key was revoked."""
        token = forged(self.here, self.token(*self.here.credentials()[:2]), 2)
        made = self.client.post("/api/v1/auth/keys", {"name": "short"}).json

        async def talk(ws):
            streams = [self.stream(Authorization=f"Bearer {t}") for t in (token, made["key"])]
            self.assertEqual(self.client.request("DELETE", f"/api/v1/auth/keys/{made['id']}").status, 204)
            for connection, answer in streams:
                self.assertEqual(answer.read().strip(b": \n"), b"", "it ends by itself, and had nothing but comments")
                connection.close()
            with self.assertRaises(websockets.ConnectionClosed) as caught:
                while True:
                    await ws.receive()
            self.assertEqual(caught.exception.rcvd.code, 4401)

        self.run_socket(talk, Client(self.here.url, made["key"]))

    def test_event_stream_resumes(self):
        connection, answer = self.stream()
        self.assertEqual(answer.readline(), b": \n")
        for n in range(3):
            self.client.turn(self.conversation, f"{n} of seventy five")
        last = self.events(answer, 2)
        connection.close()
        connection, answer = self.stream(**{"Last-Event-ID": last["event_id"]})
        self.assertEqual(self.events(answer, 1)["turn"]["seq"], last["turn"]["seq"] + 1)
        connection.close()

    # --- turns over HTTP ---

    def test_preferences(self):
        answer = self.client.turn(self.conversation, TEXT, headers={"Prefer": "respond-async"})
        self.assertEqual((answer.status, answer.headers["Preference-Applied"]), (202, "respond-async"), answer)
        self.assertEqual((answer.json["state"], answer.json["cleaned_text"], answer.json["revision"]), ("queued", None, 0))
        self.assertIn("queue_position", answer.json)
        answer = self.client.turn(self.conversation, TEXT, headers={"Prefer": "wait=0"})
        self.assertIn(answer.status, (201, 202), answer)
        answer = self.client.turn(self.conversation, TEXT, headers={"Prefer": "wait=5"})
        self.assertEqual((answer.status, answer.headers["Preference-Applied"]), (201, "wait=5"), answer)
        self.assertRegex(answer.headers["Server-Timing"], r"total;dur=[\d.]+")
        for prefer, applied in (('wait="5"', "wait=5"), ("handling=lenient;x=1 , Wait = 5", "wait=5"), ("wait=5;x", "wait=5"),
                                ('respond-async; x="y"', "respond-async"), ("wait", None), ('wait="x"', None), ("wait=", None)):
            answer = self.client.turn(self.conversation, "Fine.", speaker="Lumen", headers={"Prefer": prefer})
            self.assertEqual(answer.headers["Preference-Applied"], applied, prefer)

    def test_a_batch_with_bad_ones_among_it(self):
        good = {"speaker": "User", "raw_text": TEXT}
        turns = [good, {"speaker": "User"}, good, 7, {"speaker": "Lumen", "raw_text": "fine"}]
        path = f"/api/v1/conversations/{self.conversation}/turns:batch"
        results = self.client.post(path, {"turns": turns}).json["results"]
        self.assertEqual([r["status"] for r in results], [201, 422, 201, 422, 201])
        self.assertEqual(results[1]["problem"]["errors"][0]["pointer"], "/turns/1/raw_text")
        self.assertEqual([r["turn"]["seq"] for r in results if "turn" in r], [1, 2, 3])
        for body, pointer in (({}, "/turns"), ({"turns": []}, "/turns"), ({"turns": [good] * 101}, "/turns"),
                              ({"turns": [good], "more": 1}, "/more")):
            answer = self.client.post(path, body)
            self.assertEqual((answer.status, answer.json["errors"][0]["pointer"]), (422, pointer), answer)

    def test_pages(self):
        for n in range(7):
            self.client.turn(self.conversation, f"number {n}", speaker="Lumen")
        base = f"/api/v1/conversations/{self.conversation}/turns"
        cases = (("?limit=3", [1, 2, 3], 3), ("?limit=3&after_seq=3", [4, 5, 6], 6), ("?after_seq=6", [7], None),
                 ("?before_seq=4&limit=2", [2, 3], 3), ("?before_seq=1", [], None), ("?limit=7", list(range(1, 8)), None))
        for query, seqs, after in cases:
            page = self.client.get(base + query).json
            self.assertEqual(([t["seq"] for t in page["turns"]], page["next_after_seq"], page["total"]), (seqs, after, 7), query)
        for query in ("?limit=0", "?limit=501", "?after_seq=x", "?after_seq=1&before_seq=2"):
            self.assertEqual(self.client.get(base + query).status, 422, query)
        one = self.client.get(base).json["turns"][0]
        self.assertEqual(self.client.get(f"{base}/{one['turn_id']}").json, one)
        self.assertEqual(self.client.get(f"{base}/{uuid.uuid4()}").status, 404)

    def test_a_completed_conversation_takes_no_turn(self):
        path = f"/api/v1/conversations/{self.conversation}"
        self.assertEqual(self.client.request("PATCH", path, {"status": "completed"}).status, 200)
        self.assertEqual(self.client.turn(self.conversation, TEXT).status, 409)

    def test_accepted_while_workers_are_away(self):
        """No notifier and no cleaner for a while: turns are accepted, and answered late."""
        for name in ("cleaner-1", "cleaner-2", "notifier"):
            self.here.kill(name, signal.SIGSTOP)
        try:
            answer = self.client.turn(self.conversation, TEXT, headers={"Prefer": "wait=1"})
            self.assertEqual((answer.status, answer.json["state"]), (202, "queued"), answer)
            lumen = self.client.turn(self.conversation, "no cleaner needed", speaker="Lumen")
            self.assertEqual(lumen.status, 201, lumen)
        finally:
            for name in ("cleaner-1", "cleaner-2", "notifier"):
                self.here.kill(name, signal.SIGCONT)
        path = answer.headers["Location"]
        until("the turn is done", lambda: self.client.get(path).json["state"] == "done")

    def test_nothing_is_acknowledged_without_a_decider(self):
        self.here.kill("decider", signal.SIGSTOP)
        try:
            answer = self.client.turn(self.conversation, TEXT)
            self.assertEqual(answer.status, 503, answer)
            self.assertTrue(answer.headers["Retry-After"])
        finally:
            self.here.kill("decider", signal.SIGCONT)
