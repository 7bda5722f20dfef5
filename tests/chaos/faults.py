# SPDX-License-Identifier: ISC
"""Faults: a table of kinds, a schedule of them that only the seed decides, and their injection.

A fault is (at, kind, target, seconds, amount). Those with seconds are begun, lasted, and ended; the others are one blow. What they
touch is the time from the blow to SHADOW_SECONDS after the end.
"""

import asyncio
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import time

SHADOW_SECONDS = 3.0
FIRST_SECONDS = 2.0    # before the first fault: so many requests at least are untouched
STOP_SECONDS = 20.0    # the longest SIGSTOP; the watchdog's patience too
OUTAGE_SECONDS = 4.0   # the longest of the others


@dataclasses.dataclass
class Fault:
    at: float
    kind: str
    target: str
    seconds: float
    amount: int = 0
    begun: float = 0.0     # monotonic
    ended: float = 0.0
    wall: float = 0.0      # when it was begun, as the logs count

    def __str__(self):
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:7.2f}  {self.kind} {self.target}{lasts}"


def _processes(place):
    return [n for n in place.names() if n not in ("postgres", "redis")]


def _servers_links(place):
    return place.links() + ["postgres", "redis", "front"]


# kind: (weight, its targets, seconds at most (0: a blow))
KINDS = {
    "kill": (10, _processes, 0),
    "stop": (6, _processes, STOP_SECONDS),
    "redis-kill": (2, None, 0), "redis-stop": (2, None, OUTAGE_SECONDS), "redis-flush": (2, None, 0), "redis-wipe": (1, None, 0),
    "redis-read-only": (1, None, OUTAGE_SECONDS), "redis-full": (1, None, OUTAGE_SECONDS),
    "postgres-kill": (2, None, 0), "postgres-stop": (2, None, OUTAGE_SECONDS), "postgres-restart": (1, None, 0),
    "postgres-cut": (2, None, 0), "postgres-lock": (1, None, OUTAGE_SECONDS),
    "delay": (3, _servers_links, OUTAGE_SECONDS), "stall": (4, _servers_links, OUTAGE_SECONDS),
    "half-open": (4, _servers_links, 0), "reset": (4, _servers_links, 0),
}
NOT_TRIED = ("disk full, partition by nft, clock steps (libfaketime), faults of a model: not part of this harness")


def schedule(seed, place, seconds, count, longest):
    """`count` faults over the time, each kind as often as its weight says; every kind comes before one comes twice as often as
    it should: the kinds are dealt, not thrown."""
    rng = random.Random(seed)
    deck, faults = [], []
    for n in range(count):
        if not deck:
            deck = [kind for kind, (weight, _, _) in KINDS.items() for _ in range(weight)]
            rng.shuffle(deck)
        kind = deck.pop()
        _, targets, most = KINDS[kind]
        most = min(most, longest)
        at = FIRST_SECONDS + (seconds - FIRST_SECONDS) * n / count + rng.uniform(0, 0.5 * seconds / count)
        lasts = min(most, 1.0 + rng.expovariate(0.5)) if most else 0.0
        faults.append(Fault(at, kind, rng.choice(targets(place)) if targets else "", lasts, rng.randint(20, 300)))
    return faults


class Injector:
    def __init__(self, place, say):
        self.place, self.say = place, say
        self.done = []

    async def run(self, faults, begin):
        """Faults may overlap when their times do, but never on one target: two blows there are one."""
        tasks = []
        for fault in faults:
            await asyncio.sleep(max(0, begin + fault.at - time.monotonic()))
            tasks.append(asyncio.ensure_future(self.one(fault)))
        await asyncio.gather(*tasks)

    async def one(self, fault):
        self.say(str(fault))
        self.done.append(fault)
        fault.wall, fault.begun = time.time(), time.monotonic()
        fault.ended = float("inf")
        try:
            await getattr(self, fault.kind.replace("-", "_"))(fault)
        finally:
            fault.ended = time.monotonic()

    def process(self, name):
        try:
            return self.place.pid(name)
        except FileNotFoundError:
            return None

    def send(self, pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # it is just being started again

    # --- processes ---

    async def kill(self, fault):
        self.send(self.process(fault.target), signal.SIGKILL)

    async def stop(self, fault):
        pid = self.process(fault.target)
        self.send(pid, signal.SIGSTOP)
        await asyncio.sleep(fault.seconds)
        self.send(pid, signal.SIGCONT)

    # --- Redis ---

    async def command(self, *words):
        process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        await process.wait()

    async def redis(self, *words):
        await self.command("redis-cli", "-s", self.place.state.socket("redis.sock"), *words)

    async def redis_kill(self, _):
        self.send(self.process("redis"), signal.SIGKILL)

    async def redis_stop(self, fault):
        fault.target = "redis"
        await self.stop(fault)

    async def redis_flush(self, _):
        await self.redis("FLUSHALL")

    async def redis_wipe(self, _):
        shutil.rmtree(f"{self.place.state.redis}/appendonlydir", ignore_errors=True)
        self.send(self.process("redis"), signal.SIGKILL)

    async def redis_read_only(self, fault):
        await self.redis("CONFIG", "SET", "min-replicas-to-write", "1")
        await asyncio.sleep(fault.seconds)
        await self.redis("CONFIG", "SET", "min-replicas-to-write", "0")

    async def redis_full(self, fault):
        await self.redis("CONFIG", "SET", "maxmemory", "1")
        await asyncio.sleep(fault.seconds)
        await self.redis("CONFIG", "SET", "maxmemory", "0")

    # --- PostgreSQL ---

    async def sql(self, statement):
        await self.command("psql", "-h", self.place.state.socket("pg"), "-U", "cleanerctx", "-d", "cleanerctx", "-qX", "-c",
                           statement)

    async def postgres_kill(self, _):
        self.send(self.process("postgres"), signal.SIGKILL)

    async def postgres_restart(self, _):
        self.send(self.process("postgres"), signal.SIGINT)

    async def postgres_stop(self, fault):
        pid = self.process("postgres")
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                pids = [pid] + [int(word) for word in f.read().split()]
        except OSError:
            return
        for one in pids:
            self.send(one, signal.SIGSTOP)
        await asyncio.sleep(fault.seconds)
        for one in pids:
            self.send(one, signal.SIGCONT)

    async def postgres_cut(self, _):
        await self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                       "AND datname = 'cleanerctx'")

    async def postgres_lock(self, fault):
        await self.sql(f"BEGIN; LOCK TABLE turns IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({fault.seconds:.2f}); COMMIT")

    # --- the network ---

    async def delay(self, fault):
        self.place.tell_relay("delay", fault.target, fault.amount)
        await self.clear_later(fault)

    async def stall(self, fault):
        self.place.tell_relay("stall", fault.target)
        await self.clear_later(fault)

    async def clear_later(self, fault):
        await asyncio.sleep(fault.seconds)
        self.place.tell_relay("clear", fault.target)

    async def half_open(self, fault):
        self.place.tell_relay("half-open", fault.target)

    async def reset(self, fault):
        self.place.tell_relay("reset", fault.target)
