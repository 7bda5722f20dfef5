#!/usr/bin/python3 -B
# SPDX-License-Identifier: ISC
"""users.py URL [--users N] [--seconds S] [--logins N] - the seed's mix by a client of our own, held against the targets.

Each user is a task with a kept connection and the seed's waits of 1 to 3 s, so the pace is the users', not the server's;
beside them --logins a second sign in. Time is from the first byte written to the last byte read. It prints p50, p95, p99
and the worst of each operation beside its target, and how many times better than the target p99 is; it exits 1 when a
request failed or a target was missed. What it costs itself is printed too: `late` is how much later than meant a wait
ended, the part of each figure above that may be this client's own.
"""

import argparse
import asyncio
import json
import math
import random
import sys
import time
from urllib.parse import urlsplit

TEXTS = ("I'm the vector of marketing", "We have seventy five employees", "Our book marketing is working well",
         "We get about fifty leads per month")
LUMEN = "Thank you for that information. Can you tell me more?"
# operation: its target in ms, and its weight in the mix (0: not part of it)
OPERATIONS = {"list": (150, 1), "user turn": (300, 3), "Lumen turn": (10, 2), "status": (50, 1), "create": (200, 0),
              "login": (200, 0)}
ANSWER_SECONDS = 30


class Connection:
    """HTTP/1.1 with Content-Length, one request at a time: as little as will do, so that it measures the server."""

    def __init__(self, where):
        self.where = where
        self.reader = self.writer = None

    async def request(self, method, path, token, body=None):
        """(status, JSON, seconds)"""
        payload = json.dumps(body).encode() if body is not None else b""
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.where.netloc}"]
        if token:
            head.append(f"Authorization: Bearer {token}")
        if body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.where.hostname, self.where.port)
        begun = time.perf_counter()
        self.writer.write("\r\n".join(head + ["", ""]).encode() + payload)
        status, answer = await asyncio.wait_for(self._answer(), ANSWER_SECONDS)
        return status, answer, time.perf_counter() - begun

    async def _answer(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length = 0
        for line in head[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        body = await self.reader.readexactly(length)
        return int(head[0].split()[1]), json.loads(body) if body else None

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


class Load:
    def __init__(self, options):
        self.where = urlsplit(options.url)
        self.options = options
        self.times = {name: [] for name in OPERATIONS}
        self.failed = []
        self.late = []
        self.end = 0.0

    async def do(self, connection, operation, method, path, token, wanted, body=None):
        try:
            status, answer, seconds = await connection.request(method, path, token, body)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            connection.close()
            self.failed.append(f"{operation}: {type(error).__name__} {error}")
            return None
        if status != wanted:
            self.failed.append(f"{operation}: {status} {answer}")
            return None
        self.times[operation].append(seconds)
        return answer

    async def login(self, connection):
        body = {"email": self.options.email, "password": self.options.password}
        answer = await self.do(connection, "login", "POST", "/api/v1/auth/login", None, 200, body)
        return answer and answer["access_token"]

    async def sleep(self, seconds):
        """True as long as the load goes on."""
        meant = time.perf_counter() + seconds
        await asyncio.sleep(min(seconds, max(0.0, self.end - time.perf_counter())))
        if time.perf_counter() >= self.end:
            return False
        self.late.append(time.perf_counter() - meant)
        return True

    async def user(self, token, rng):
        connection = Connection(self.where)
        made = await self.do(connection, "create", "POST", "/api/v1/conversations", token, 201, {"name": "Load"})
        names = [name for name, (_, weight) in OPERATIONS.items() for _ in range(weight)]
        base = "/api/v1/conversations"
        while made and await self.sleep(rng.uniform(1, 3)):
            name = rng.choice(names)
            turn = None
            if name.endswith("turn"):
                lumen = name == "Lumen turn"
                turn = {"speaker": "Lumen" if lumen else "User", "raw_text": LUMEN if lumen else rng.choice(TEXTS)}
            path = {"list": "", "status": f"/{made['id']}/status"}.get(name, f"/{made['id']}/turns")
            await self.do(connection, name, "POST" if turn else "GET", base + path, token, 201 if turn else 200, turn)
        connection.close()

    async def logins(self):
        """At the rate, whether or not the one before has been answered."""
        running = set()
        while await self.sleep(1 / self.options.logins):
            task = asyncio.ensure_future(self.one_login())
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)

    async def one_login(self):
        connection = Connection(self.where)
        await self.login(connection)
        connection.close()

    async def run(self):
        rng = random.Random(self.options.seed)
        first = Connection(self.where)
        token = await self.login(first)
        first.close()
        if not token:
            return
        self.end = time.perf_counter() + self.options.seconds
        tasks = [self.user(token, random.Random(rng.random())) for _ in range(self.options.users)]
        if self.options.logins:
            tasks.append(self.logins())
        await asyncio.gather(*tasks)


def quantile(ordered, q):
    """The nearest rank: a value that was measured, never one between two."""
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)] if ordered else float("nan")


def report(load):
    print(f"{'operation':12} {'count':>6} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'worst':>8} {'target':>7} {'times better':>13}")
    met = True
    for name, (target, _) in OPERATIONS.items():
        times = sorted(seconds * 1000 for seconds in load.times[name])
        if not times:
            continue
        p99 = quantile(times, 0.99)
        met = met and p99 <= target
        print(f"{name:12} {len(times):6} {quantile(times, .5):8.2f} {quantile(times, .95):8.2f} {p99:8.2f} {times[-1]:8.2f} "
              f"{target:7} {target / p99:13.1f}")
    late = sorted(seconds * 1000 for seconds in load.late)
    print(f"late: p50 {quantile(late, .5):.2f} ms, p99 {quantile(late, .99):.2f} ms; failed: {len(load.failed)}")
    for line in load.failed[:10]:
        print("  " + line)
    return met and not load.failed


def main():
    p = argparse.ArgumentParser(description="The seed's load mix, held against the targets.")
    p.add_argument("url")
    p.add_argument("--users", type=int, default=50)
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--logins", type=float, default=5, help="a second; 0: none")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--email", default="test@example.com")
    p.add_argument("--password", default="testpassword")
    load = Load(p.parse_args())
    asyncio.run(load.run())
    return 0 if report(load) else 1


if __name__ == "__main__":
    sys.exit(main())
