# SPDX-License-Identifier: ISC
"""tests/chaos/run: the options, the order of a run, what is printed."""

import argparse
import asyncio
import shutil
import sys
import time
import uuid

from harness.wait import until

from .faults import KINDS, NOT_TRIED, STOP_SECONDS, Injector, schedule
from .place import Place
from .talkers import Talker
from .verdict import TAKEOVER_MS, TARGET_MS, Book, Verdict, quantile, takeovers, untouched
from .watchers import Watcher

USERS = 4
TURNS_PER_TALKER = 4.0    # a second, at most: so many conversations there are
SETTLE_SECONDS = 90.0     # after the load: until all is acknowledged, final and seen
FAULTS_PER_MINUTE = 8     # their shadows leave half of the time untouched


def options_of(arguments):
    p = argparse.ArgumentParser(prog="tests/chaos/run", description="Everything, under load and under faults; then the ledger.")
    p.add_argument("--minutes", type=float, default=1.0)
    p.add_argument("--seed", type=int, default=None, help="the same seed: the same faults, texts and keys")
    p.add_argument("--faults", type=int, default=None, help=f"default {FAULTS_PER_MINUTE} a minute")
    p.add_argument("--rate", type=float, default=50.0, metavar="TURNS_PER_S")
    p.add_argument("--build", metavar="DIR", help="use the programs of this build folder")
    p.add_argument("--deciders", type=int, default=2)
    p.add_argument("--cleaners", type=int, default=3)
    p.add_argument("--only", metavar="KINDS", help="these kinds of fault only, comma-separated: " + ", ".join(KINDS))
    p.add_argument("--longest", type=float, default=STOP_SECONDS, help="seconds that a fault lasts at most")
    p.add_argument("--keep", action="store_true", help="keep the state folder, with its logs, when something is wrong")
    options = p.parse_args(arguments)
    if options.seed is None:
        options.seed = int(time.time()) % 100000
    if options.faults is None:
        options.faults = max(1, round(options.minutes * FAULTS_PER_MINUTE))
    if options.only:
        for kind in set(KINDS) - set(options.only.split(",")):
            del KINDS[kind]
    return options


def say(text):
    print(text, flush=True)


class Run:
    def __init__(self, place, options):
        self.place, self.options = place, options
        self.book, self.verdict = Book(), Verdict()
        talkers = max(4, round(options.rate / TURNS_PER_TALKER))
        clients = [place.add_user(f"chaos-{uuid.uuid4()}@example.com", "a long password") for _ in range(USERS)]
        urls = [place.url, place.through]
        self.talkers = [Talker(self.book, clients[n % USERS], n, options.seed, urls, talkers / options.rate)
                        for n in range(talkers)]
        self.watchers = [Watcher(self.book, client, urls[n % 2], [t.conversation for t in self.talkers if t.client is client])
                         for n, client in enumerate(clients)]
        for client in clients:
            client.close()
        self.injector = Injector(place, say)
        self.compared = 0

    def acknowledged(self):
        return sum(len(t.acknowledged) for t in self.talkers)

    async def run(self):
        seconds = self.options.minutes * 60
        faults = schedule(self.options.seed, self.place, seconds, self.options.faults, self.options.longest)
        stop_talking, stop_watching = asyncio.Event(), asyncio.Event()
        watching = [asyncio.ensure_future(w.run(stop_watching)) for w in self.watchers]
        talking = [asyncio.ensure_future(t.run(stop_talking)) for t in self.talkers]
        begin = time.monotonic()
        progress = asyncio.ensure_future(self.progress())
        await self.injector.run(faults, begin)
        await asyncio.sleep(max(0, begin + seconds - time.monotonic()))
        stop_talking.set()
        await asyncio.gather(*talking)
        await self.settle()
        self.compared = await self.verdict.check_replay(self.watchers)
        stop_watching.set()
        progress.cancel()
        await asyncio.gather(*watching)

    async def progress(self):
        while True:
            await asyncio.sleep(10)
            say(f"         {self.acknowledged()} turns acknowledged, {self.book.refused} refused, {self.book.broken} broken, "
                f"{self.book.reconnects} sockets opened anew")

    async def settle(self):
        """Until nothing is queued and every watcher has seen every turn final."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            v = Verdict()
            v.check_seen(self.talkers, self.watchers)
            queued = (await asyncio.to_thread(self.place.sql, "SELECT count(*) FROM turns WHERE state = 'queued'"))[0][0]
            if queued == "0" and not v.stuck:
                return
            await asyncio.sleep(0.2)

    # --- the end ---

    def judge(self):
        self.verdict.check_turns(self.place, self.talkers)
        self.verdict.check_seen(self.talkers, self.watchers)
        self.verdict.out_of_order += self.book.out_of_order
        for name in ("lost", "doubled", "out_of_order", "stuck"):
            show(name, getattr(self.verdict, name))
        show("wrong answers", self.book.wrong)
        show("missed by a socket, told by its pong", self.book.missed)
        return self.verdict.count() + len(self.book.wrong) == 0

    def report(self):
        faults = self.injector.done
        say(f"\n{'fault':18} {'count':>5}")
        for kind in KINDS:
            count = sum(f.kind == kind for f in faults)
            if count:
                say(f"{kind:18} {count:5}")
        say(NOT_TRIED)
        clean, share = untouched(self.book, faults)
        say(f"\n{'untouched':10} {'count':>6} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'worst':>8} {'target':>7}")
        for kind, times in clean.items():
            if times:
                say(f"{kind:10} {len(times):6} {quantile(times, .5):8.2f} {quantile(times, .95):8.2f} {quantile(times, .99):8.2f} "
                    f"{times[-1]:8.2f} {TARGET_MS[kind]:7}")
        say(f"untouched are {share:.0%} of the requests that were timed")
        taken = takeovers(self.place, faults)
        if taken:
            say(f"takeovers: {len(taken)}, p50 {quantile(taken, .5):.0f} ms, p99 {quantile(taken, .99):.0f} ms, worst {taken[-1]:.0f} ms "
                f"(target {TAKEOVER_MS})")
        resets = sum(s.resets for w in self.watchers for s in w.stories.values())
        say(f"refused with Retry-After: {self.book.refused}; broken connections: {self.book.broken}; repeats compared: "
            f"{self.book.repeats}; stories replayed and compared: {self.compared}, resets: {resets}; failed turns: {self.verdict.failed}; "
            f"wrong answers: {len(self.book.wrong)}")

    def last_line(self):
        v = self.verdict
        return (f"chaos: {len(self.injector.done)} faults, {v.acknowledged} turns acknowledged, {len(v.lost)} lost, {len(v.doubled)} doubled, "
                f"{len(v.out_of_order)} out of order, {len(v.stuck)} stuck (seed {self.options.seed})")


def show(name, lines):
    for line in lines[:5]:
        say(f"{name}: {line}")
    if len(lines) > 5:
        say(f"{name}: and {len(lines) - 5} more")


def main(arguments=None):
    options = options_of(arguments)
    place = Place(options.build, options.cleaners, options.deciders)
    good = False
    try:
        say(f"seed {options.seed}: {options.minutes:g} minutes at {options.rate:g} turns/s, {options.faults} faults")
        place.start()
        until("the gateway is ready", lambda: place.client().try_get("/readyz") == 200)
        run = Run(place, options)
        asyncio.run(run.run())
        good = run.judge()
        run.report()
    finally:
        place.close()
    complaints = place.complaints()
    for complaint in complaints:
        say(complaint)
    good = good and not complaints
    if good or not options.keep:
        shutil.rmtree(place.folder, ignore_errors=True)
        shutil.rmtree(place.state.run, ignore_errors=True)
    else:
        say(f"kept: {place.state.path}")
    say(run.last_line())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
