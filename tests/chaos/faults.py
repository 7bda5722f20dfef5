# SPDX-License-Identifier: ISC
"""The injection of faults: a method a kind."""

import asyncio
import os
import signal
import subprocess
import time

from .schedule import RUBBISH, STEP_SECONDS


class Injector:
    def __init__(self, place, say):
        self.place, self.say = place, say
        self.done = []

    async def run(self, faults, begin):
        """Faults may overlap when their times do."""
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

    async def command(self, *words):
        process = await asyncio.create_subprocess_exec(*words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                                       stderr=subprocess.DEVNULL)
        await process.wait()

    # --- processes ---

    async def kill(self, fault):
        self.send(self.process(fault.target), signal.SIGKILL)

    async def stop(self, fault):
        pid = self.process(fault.target)
        self.send(pid, signal.SIGSTOP)
        await asyncio.sleep(fault.seconds)
        self.send(pid, signal.SIGCONT)

    async def clock(self, fault):
        step = STEP_SECONDS if fault.amount % 2 else -STEP_SECONDS
        self.place.programs.step(fault.target, step)
        await asyncio.sleep(fault.seconds)
        self.place.programs.step(fault.target, 0)

    # --- Redis ---

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
        self.place.empty_redis()

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

    # --- disks ---

    async def full(self, name, fault):
        disk = self.place.disks[name]
        await asyncio.to_thread(disk.fill)
        await asyncio.sleep(fault.seconds)
        disk.empty()

    async def postgres_disk(self, fault):
        await self.full("postgres", fault)

    async def redis_disk(self, fault):
        await self.full("redis", fault)

    # --- the language model ---

    async def model_case(self, fault, case):
        fault.target = case
        await asyncio.to_thread(self.place.model.set, "case", case)
        await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(self.place.model.set, "case", "normal")

    async def model_429(self, fault):
        await self.model_case(fault, "429")

    async def model_503(self, fault):
        await self.model_case(fault, "503")

    async def model_stall(self, fault):
        await self.model_case(fault, "stall")

    async def model_reset(self, fault):
        await self.model_case(fault, "reset")

    async def model_rubbish(self, fault):
        await self.model_case(fault, RUBBISH[fault.amount % len(RUBBISH)])

    async def model_refused(self, fault):
        fault.target = "model"
        await self.relayed(fault, "refuse")

    # --- the network ---

    async def relayed(self, fault, *words):
        self.place.tell_relay(words[0], fault.target, *words[1:])
        await asyncio.sleep(fault.seconds)
        self.place.tell_relay("clear", fault.target)

    async def delay(self, fault):
        await self.relayed(fault, "delay", 20 + fault.amount % 280)

    async def stall(self, fault):
        await self.relayed(fault, "stall")

    async def half_open(self, fault):
        self.place.tell_relay("half-open", fault.target)

    async def reset(self, fault):
        self.place.tell_relay("reset", fault.target)

    async def filtered(self, fault, rules):
        await self.command(*rules)
        await asyncio.sleep(fault.seconds)
        await self.command(*self.place.nets[fault.target].whole())

    async def partition(self, fault):
        await self.filtered(fault, self.place.nets[fault.target].cut())

    async def loss(self, fault):
        await self.filtered(fault, self.place.nets[fault.target].lossy(10 + fault.amount % 40))
