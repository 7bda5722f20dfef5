# SPDX-License-Identifier: ISC
"""What one network address, one user and one process may take of a gateway, with small bounds: each is hit, others never feel it."""

import asyncio
import contextlib
import socket
import unittest
import uuid

import websockets

from harness.client import Socket
from harness.installation import Installation
from harness.wait import until

ADDRESS_CONNECTIONS, PROCESS_CONNECTIONS, CONNECTS_PER_S, ADDRESS_RATE, USER_SOCKETS = 30, 50, 100, 100, 3
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation(cleaners=1, environment={
            "CLEANERCTX_ADDRESS_CONNECTIONS": str(ADDRESS_CONNECTIONS), "CLEANERCTX_MAX_CONNECTIONS": str(PROCESS_CONNECTIONS),
            "CLEANERCTX_ADDRESS_CONNECTS_PER_S": str(CONNECTS_PER_S), "CLEANERCTX_ADDRESS_RATE_PER_S": str(ADDRESS_RATE),
            "CLEANERCTX_USER_SOCKETS": str(USER_SOCKETS)}))

    def connect(self, source):
        """From an address of its own, 127.0.0.source."""
        s = socket.create_connection(("127.0.0.1", self.here.port), timeout=30, source_address=(f"127.0.0.{source}", 0))
        self.addCleanup(s.close)
        return s

    def serves(self, s, request=REQUEST):
        """Is the connection answered, or was it closed?"""
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            s.sendall(request)
            return s.recv(4096).startswith(b"HTTP/1.1 200")
        return False

    def wait_served(self, source):
        until(f"127.0.0.{source} is served", lambda: self.serves(self.connect(source)))

    def metric(self, line):
        me = self.here.client()
        text = until("metrics", lambda: next((a for a in [me.get("/metrics")] if a.status == 200), None)).bytes.decode()
        return float(next(row for row in text.splitlines() if row.startswith(line)).split()[-1])

    def fill(self, source, count):
        held = [self.connect(source) for _ in range(count)]
        self.assertTrue(all(self.serves(s) for s in held))
        return held

    def test_connections_of_an_address(self):
        refused = self.metric("cleanerctx_http_address_refused_total")
        held = self.fill(21, ADDRESS_CONNECTIONS)
        self.assertFalse(self.serves(self.connect(21)), "one too many")
        self.assertTrue(self.serves(self.connect(22)), "others are let in")
        self.assertTrue(self.serves(held[0]), "those who are in stay")
        self.assertGreater(self.metric("cleanerctx_http_address_refused_total"), refused)
        for s in held:
            s.close()
        self.wait_served(21)

    def test_connections_of_the_process(self):
        held = self.fill(23, 25) + self.fill(24, 20)
        refused = []

        def over():
            s = self.connect(25 + len(held) % 20)
            (held if self.serves(s) else refused).append(s)
            return refused
        until("it is full", over)
        self.assertLessEqual(len(held), PROCESS_CONNECTIONS)
        self.assertTrue(self.serves(held[0]))
        for s in held:
            s.close()
        self.wait_served(24)

    def test_connects_a_second(self):
        def over():
            for _ in range(3 * CONNECTS_PER_S):  # without a pause
                with self.connect(51) as s:
                    if not self.serves(s):
                        return True
            return False
        until("connections come too fast", over)
        self.assertTrue(self.serves(self.connect(52)), "others are let in")
        self.wait_served(51)

    def test_requests_of_an_address(self):
        s = self.connect(53)
        s.sendall(REQUEST * 4 * ADDRESS_RATE)
        f = s.makefile("rb")
        limited = None
        for _ in range(4 * ADDRESS_RATE):
            status = int(f.readline().split()[1])
            headers = {}
            while (header := f.readline().strip()):
                name, _, value = header.decode().partition(":")
                headers[name.lower()] = value.strip()
            f.read(int(headers["content-length"]))
            if status == 429:
                limited = headers
        self.assertTrue(limited, "400 at once are over 100 a second")
        self.assertEqual(limited["retry-after"], "1")
        self.assertTrue(self.serves(self.connect(54)), "others are answered")
        self.wait_served(53)

    def test_sockets_of_a_user(self):
        me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        other = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        self.addCleanup(me.close)
        conversation = me.new_conversation()
        events = f"/api/v1/conversations/{conversation}/events"

        async def run():
            async with contextlib.AsyncExitStack() as stack:
                mine = [await stack.enter_async_context(Socket(me)) for _ in range(USER_SOCKETS)]
                with self.assertRaises(websockets.exceptions.InvalidStatusCode) as refused:
                    await Socket(me).__aenter__()
                self.assertEqual((refused.exception.status_code, bool(refused.exception.headers["Retry-After"])), (429, True))
                answer = me.get(events)
                self.assertEqual((answer.status, bool(answer.headers["Retry-After"])), (429, True))
                await stack.enter_async_context(Socket(other))
                self.assertEqual((await mine[0].ask("subscribe", conversation_id=conversation))["type"], "ack")
                await mine.pop().ws.close()
                await asyncio.to_thread(until, "there is room again", lambda: asyncio.run(self.opens(me)))
        asyncio.run(run())

    async def opens(self, client):
        try:
            async with Socket(client):
                return True
        except websockets.exceptions.InvalidStatusCode:
            return False

    def test_a_key_that_is_not_known_yet(self):
        """Whose it is shows only after the upgrade: the socket over the bound is closed with 1013."""
        me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        keys = [me.copy() for _ in range(USER_SOCKETS + 1)]
        for client in keys:
            client.token = me.post("/api/v1/auth/keys", {}).json["key"]
        conversation = me.new_conversation()

        async def run():
            async with contextlib.AsyncExitStack() as stack:
                sockets = [await stack.enter_async_context(Socket(client)) for client in keys]
                ends = [asyncio.ensure_future(s.ws.wait_closed()) for s in sockets]
                done, _ = await asyncio.wait(ends, timeout=60, return_when=asyncio.FIRST_COMPLETED)
                closed = [s.ws.close_code for s, end in zip(sockets, ends) if end in done]
                self.assertEqual(closed, [1013])
                for s, end in zip(sockets, ends):
                    if end not in done:
                        self.assertEqual((await s.ask("subscribe", conversation_id=conversation))["type"], "ack")
        asyncio.run(run())


if __name__ == "__main__":
    unittest.main()
