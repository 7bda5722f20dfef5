# SPDX-License-Identifier: ISC
"""tests/chaos/run --emptied N: Redis is killed and comes back with nothing, while N turns wait in its queue.

The cleaners are held back until then, so that all N wait. Before that they do some turns: what comes faster than has ever been
done is refused (gateway/admission.h). Then: the time until each is done, and the ledger.
"""

import asyncio
import time
import uuid

from harness.wait import until

from .talkers import BROKEN, TEXTS, Connection, Sent
from .verdict import Verdict

TURNS_OF_A_CONVERSATION = 50
AT_ONCE = 32           # connections
WARM_CONVERSATIONS = 20
WRITE_SECONDS = 300.0
DONE_SECONDS = 300.0


class Writer:
    """A conversation and its turns, as the verdict wants them."""

    def __init__(self, client, number):
        self.conversation = client.new_conversation(name=f"emptied {number}")
        self.acknowledged, self.open, self.token = [], None, client.token

    async def write(self, url, count, free):
        async with free:
            connection = Connection(url, self.token)
            for n in range(count):
                await self.turn(connection, f"{TEXTS[n % len(TEXTS)]} {n}")
            connection.close()

    async def turn(self, connection, text):
        key = uuid.uuid4()
        while True:
            try:
                status, told, body = await connection.request(
                    "POST", f"/api/v1/conversations/{self.conversation}/turns", {"speaker": "User", "raw_text": text},
                    ["Prefer: respond-async", f"Idempotency-Key: {key}"])
            except BROKEN:
                continue
            if status == 202:
                self.acknowledged.append(Sent("User", text, body))
                return
            await asyncio.sleep(float(told.get("retry-after", 1)))


def states(place):
    return dict(place.sql("SELECT state, count(*) FROM turns GROUP BY state"))


def write(place, writers):
    async def all_of_them():
        free = asyncio.Semaphore(AT_ONCE)
        async with asyncio.timeout(WRITE_SECONDS):
            await asyncio.gather(*(w.write(place.url, TURNS_OF_A_CONVERSATION, free) for w in writers))

    try:
        asyncio.run(all_of_them())
    except TimeoutError:
        raise AssertionError(f"after {WRITE_SECONDS:.0f} s only these were taken: {states(place)}") from None


def await_done(place):
    until("all are done", lambda: "queued" not in states(place), DONE_SECONDS)


def run(place, count, say):
    """The Verdict."""
    client = place.add_user(f"emptied-{uuid.uuid4()}@example.com", "a long password")
    writers = [Writer(client, n) for n in range(WARM_CONVERSATIONS + max(1, count // TURNS_OF_A_CONVERSATION))]
    write(place, writers[:WARM_CONVERSATIONS])
    await_done(place)
    cleaners = place.workers("cleaner", place.cleaners)
    for name in cleaners:
        place.programs.hold(name)
        place.kill_and_wait(name)
    write(place, writers[WARM_CONVERSATIONS:])
    queued = int(states(place).get("queued", 0))
    say(f"{queued} turns queued in {len(writers) - WARM_CONVERSATIONS} conversations; Redis is emptied")
    place.empty_redis()
    begin = time.monotonic()
    for name in cleaners:
        place.programs.let_go(name)
    await_done(place)
    say(f"all done after {time.monotonic() - begin:.1f} s: {states(place)}")
    verdict = Verdict()
    verdict.check_turns(place, writers)
    if queued < count * 0.99:
        verdict.stuck.append(f"only {queued} of {count} were queued when Redis was emptied")
    return verdict
