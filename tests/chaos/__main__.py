# SPDX-License-Identifier: ISC
"""tests/chaos/run: the options, the order of a run, what is printed."""

import argparse
import asyncio
import gc
import os
import signal
import sys
import time
import uuid

from harness import machine
from harness.wait import until

from . import emptied
from .bulk import Bulk, BulkTalker
from .faults import Injector
from .place import Place
from .schedule import KINDS, STOP_SECONDS, schedule
from .talkers import Talker
from .verdict import TAKEOVER_MS, TARGET_MS, Book, Verdict, quantile, show, takeovers, untouched
from .watchers import Watcher

USERS = 4
TURNS_PER_TALKER = 4.0    # a second, at most: so many conversations there are
SETTLE_SECONDS = 90.0     # after the load: until all is acknowledged, final and seen
FAULTS_PER_MINUTE = 20    # about as many as leave half of the time untouched


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
    p.add_argument("--without", metavar="KINDS", default="", help="not these kinds")
    p.add_argument("--targets", metavar="NAMES", default="", help="processes, links or servers, where a kind has these among its own")
    p.add_argument("--alone", action="store_true", help="no fault while another lasts")
    p.add_argument("--longest", type=float, default=STOP_SECONDS, help="seconds that a fault lasts at most")
    p.add_argument("--dense", action="store_true", help="fault upon fault, no half of the time without: for short runs")
    p.add_argument("--emptied", type=int, metavar="N", help="instead of all that: N turns queued, then Redis emptied once")
    p.add_argument("--keep", action="store_true", help="keep the state folder, with its logs, when something is wrong")
    options = p.parse_args(arguments)
    if options.seed is None:
        options.seed = int(time.time()) % 100000
    if options.faults is None:
        options.faults = max(1, round(options.minutes * FAULTS_PER_MINUTE))
    asked = options.only.split(",") if options.only else list(KINDS)
    unknown = set(asked + [k for k in options.without.split(",") if k]) - set(KINDS)
    if unknown:
        p.error("no such kind of fault: " + ", ".join(sorted(unknown)))
    options.kinds = [] if options.emptied else [kind for kind in KINDS if kind in asked and kind not in options.without.split(",")]
    options.targets = [name for name in options.targets.split(",") if name]
    return options


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def checks(number):
    """Every fourth talker speaks over a WebSocket, every eighth over HTTP and now and then twice: they look at what they are told.
    The others are the bulk, and timed."""
    return number % 4 == 0 or number % 8 == 1


def say(text):
    print(text, flush=True)


class Run:
    def __init__(self, place, options):
        self.place, self.options = place, options
        self.book, self.verdict = Book(), Verdict()
        count = max(4, round(options.rate / TURNS_PER_TALKER))
        period = count / options.rate
        clients = [place.add_user(f"chaos-{uuid.uuid4()}@example.com", "a long password") for _ in range(USERS)]
        urls = [place.url, place.through]
        bulk = [BulkTalker(clients[n % USERS], n, options.seed, urls[n // 2 % 2]) for n in range(count) if not checks(n)]
        self.checkers = [Talker(self.book, clients[n % USERS], n, options.seed, urls, period) for n in range(count) if checks(n)]
        self.bulk = Bulk(place, self.book, bulk, options.seed, period)
        self.talkers = self.checkers + bulk
        self.watchers = [Watcher(self.book, client, urls[n % 2], [t.conversation for t in self.talkers if t.client is client])
                         for n, client in enumerate(clients)]
        for client in clients:
            client.close()
        self.injector = Injector(place, say)
        self.compared = 0

    def acknowledged(self):
        return sum(len(t.acknowledged) for t in self.checkers) + self.bulk.so_far()

    async def run(self):
        seconds = self.options.minutes * 60
        o = self.options
        kinds = [kind for kind in o.kinds if kind not in self.place.cannot]
        faults = schedule(o.seed, self.place, seconds, o.faults, o.longest, kinds, o.targets, o.alone, o.dense)
        stop_talking, stop_watching = asyncio.Event(), asyncio.Event()
        watching = [asyncio.ensure_future(w.run(stop_watching)) for w in self.watchers]
        while not all(w.subscribed() for w in self.watchers):  # what is said before is not seen by them
            await asyncio.sleep(0.01)
        talking = [asyncio.ensure_future(t.run(stop_talking)) for t in self.checkers]
        self.bulk.begin()
        begin = time.monotonic()
        progress = asyncio.ensure_future(self.progress())
        await self.injector.run(faults, begin)
        await asyncio.sleep(max(0, begin + seconds - time.monotonic()))
        self.note_cost()
        stop_talking.set()
        await asyncio.gather(self.bulk.end(), *talking)
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
        self.verdict.show(say)
        show(say, "wrong answers", self.book.wrong)
        show(say, "missed by a socket, told by its pong", self.book.missed)
        return self.verdict.count() + len(self.book.wrong) == 0

    def report(self):
        faults = self.injector.done
        say(f"\n{'fault':18} {'count':>5}")
        for kind in KINDS:
            count = sum(f.kind == kind for f in faults)
            if count:
                say(f"{kind:18} {count:5}")
        for kind, why in self.place.cannot.items():
            say(f"{kind:18}  none: {why}")
        clean, share = untouched(self.book, faults)
        say(f"\n{'untouched':10} {'count':>6} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'worst':>8} {'target':>7}")
        for kind, times in clean.items():
            if times:
                say(f"{kind:10} {len(times):6} {quantile(times, .5):8.2f} {quantile(times, .95):8.2f} {quantile(times, .99):8.2f} "
                    f"{times[-1]:8.2f} {TARGET_MS[kind]:7}")
        say(f"untouched are {share:.0%} of the requests that were timed; the harness took {self.cost} of a core")
        for name, taken in zip(("after a cleaner's fault", "after the last of several faults"), takeovers(self.place, faults)):
            if taken:
                say(f"takeovers {name}: {len(taken)}, p50 {quantile(taken, .5):.0f} ms, p99 {quantile(taken, .99):.0f} ms, "
                    f"worst {taken[-1]:.0f} ms (target {TAKEOVER_MS})")
        resets = sum(s.resets for w in self.watchers for s in w.stories.values())
        say(f"refused with Retry-After: {self.book.refused}; broken connections: {self.book.broken}; repeats compared: "
            f"{self.book.repeats}; stories replayed and compared: {self.compared}, resets: {resets}; failed turns: {self.verdict.failed}; "
            f"wrong answers: {len(self.book.wrong)}")

    def note_cost(self):
        """The harness' own part of the processors while it measures."""
        parts = {"checks": os.getpid(), "bulk": self.bulk.process.pid, "relay": self.place.relay.pid}
        self.cost = ", ".join(f"{processor_seconds(pid) / (self.options.minutes * 60):.1%} for its {name}" for name, pid in parts.items())

    def last_line(self):
        return f"chaos: {len(self.injector.done)} faults, {self.verdict.line()} (seed {self.options.seed})"


def fault_run(place, options):
    """(was all well, the last line)"""
    say(f"seed {options.seed}: {options.minutes:g} minutes at {options.rate:g} turns/s")
    run = Run(place, options)
    asyncio.run(run.run())
    good = run.judge()
    run.report()
    return good, run.last_line()


def emptied_run(place, options):
    verdict = emptied.run(place, options.emptied, say)
    verdict.show(say)
    return verdict.count() == 0, "chaos: Redis emptied once, " + verdict.line()


def main(arguments=None):
    options = options_of(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # in order: nothing is left behind
    gc.disable()  # a pause of the collector would be measured as one of the service; a run's memory is bounded by its length
    place = Place(options.build, options.cleaners, options.deciders, options.kinds)
    try:
        place.start()
        say(machine.describe(place.state.path))
        until("the gateway is ready", lambda: place.client().try_get("/readyz") == 200)
        good, line = (emptied_run if options.emptied else fault_run)(place, options)
        place.close()
    except BaseException:
        place.close()
        if not options.keep:
            place.remove()
        raise
    complaints = place.complaints()
    for complaint in complaints:
        say(complaint)
    good = good and not complaints
    if good or not options.keep:
        place.remove()
    else:
        say(f"kept: {place.state.path}")
    say(line)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
