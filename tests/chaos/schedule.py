# SPDX-License-Identifier: ISC
"""The kinds of fault, in a table, and the schedule of them that only the seed decides.

A fault is (at, kind, target, seconds, amount). Those with seconds are begun, last, and are ended; the others are one blow. What they
touch is the time from the blow to SHADOW_SECONDS after the end. Faults come in clumps, alone or several within CLUMP_SECONDS, so
that they meet each other's aftermath; between clumps it is quiet, as long altogether as it is not.
"""

import dataclasses
import random

SHADOW_SECONDS = 3.0
FIRST_SECONDS = 2.0    # before the first fault: so many requests at least are untouched
CLUMP_SECONDS = 2.0
CLUMPS = (1, 2, 4, 6, 8, 10)  # faults of a clump: 500 are had in half an hour
STOP_SECONDS = 20.0    # the longest SIGSTOP; the watchdog's patience too
OUTAGE_SECONDS = 4.0   # the longest of the others
LONG_ONES = 0.1        # of those that last, so many may take as long as their kind allows; the others are short
CLOCK_SECONDS = 4.0    # then it steps back; libfaketime takes up to a second to see either
STEP_SECONDS = 3600
RUBBISH = ("answers", "adds", "html", "bad-utf8", "surrogate", "truncated", "empty", "duplicate", "missing-turn", "spans", "trickle")


@dataclasses.dataclass
class Fault:
    at: float
    kind: str
    target: str
    seconds: float
    amount: int = 0        # of ms, of percent, of whatever the kind has several
    begun: float = 0.0     # monotonic
    ended: float = 0.0
    wall: float = 0.0      # when it was begun, as the logs count

    def __str__(self):
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:7.2f}  {self.kind} {self.target}{lasts}"


def _processes(place):
    return [n for n in place.names() if n not in ("postgres", "redis")]


def _ways(place):
    return place.links() + ["postgres", "redis", "front"]


def _cleaners(place):
    return list(place.nets)


# kind: (weight, its targets, seconds at most (0: a blow))
KINDS = {
    "kill": (10, _processes, 0),
    "stop": (6, _processes, STOP_SECONDS),
    "redis-kill": (2, None, 0), "redis-stop": (2, None, OUTAGE_SECONDS), "redis-flush": (2, None, 0), "redis-wipe": (1, None, 0),
    "redis-read-only": (1, None, OUTAGE_SECONDS), "redis-full": (1, None, OUTAGE_SECONDS), "redis-disk": (2, None, OUTAGE_SECONDS),
    "postgres-kill": (2, None, 0), "postgres-stop": (2, None, OUTAGE_SECONDS), "postgres-restart": (1, None, 0),
    "postgres-cut": (2, None, 0), "postgres-lock": (1, None, OUTAGE_SECONDS), "postgres-disk": (2, None, OUTAGE_SECONDS),
    "model-refused": (1, None, OUTAGE_SECONDS), "model-stall": (1, None, OUTAGE_SECONDS), "model-429": (1, None, OUTAGE_SECONDS),
    "model-503": (1, None, OUTAGE_SECONDS), "model-reset": (1, None, OUTAGE_SECONDS), "model-rubbish": (2, None, OUTAGE_SECONDS),
    "delay": (3, _ways, OUTAGE_SECONDS), "stall": (4, _ways, OUTAGE_SECONDS),
    "half-open": (4, _ways, 0), "reset": (4, _ways, 0),
    "partition": (3, _cleaners, OUTAGE_SECONDS), "loss": (2, _cleaners, OUTAGE_SECONDS),
    "clock": (4, lambda place: place.clocks(), CLOCK_SECONDS),
}


def deal(rng, kinds, count):
    """Each kind as often as its weight says; every kind comes before one comes twice as often as it should: dealt, not thrown."""
    deck, dealt = [], []
    while len(dealt) < count:
        if not deck:
            deck = [kind for kind in kinds for _ in range(KINDS[kind][0])]
            rng.shuffle(deck)
        dealt.append(deck.pop())
    return dealt


def fault_of(rng, kind, place, longest, only_targets):
    _, targets, most = KINDS[kind]
    most = min(most, longest)
    lasts = rng.uniform(1.0, max(1.0, most)) if rng.random() < LONG_ONES else min(most, 0.5 + rng.expovariate(1.0))
    names = targets(place) if targets else [""]
    names = [n for n in names if not only_targets or n in only_targets] or names
    return Fault(0.0, kind, rng.choice(names), lasts if most else 0.0, rng.randint(0, 1 << 16))


def schedule(seed, place, seconds, count, longest, kinds, only_targets=(), alone=False, dense=False):
    """`count` faults over the time, or as many as leave half of it untouched; `dense`: as many as fit."""
    rng = random.Random(seed)
    dealt = deal(rng, kinds, count)
    clumps = []
    while dealt:
        size = 1 if alone else rng.choice(CLUMPS)
        clump = [fault_of(rng, kind, place, longest, only_targets) for kind in dealt[:size]]
        dealt = dealt[size:]
        for fault in clump[1:]:
            fault.at = rng.uniform(0, CLUMP_SECONDS)
        clumps.append(sorted(clump, key=lambda f: f.at))
    shadows = [max(f.at + f.seconds for f in clump) + (0 if dense else SHADOW_SECONDS) for clump in clumps]
    while sum(shadows) > (seconds - FIRST_SECONDS) * (1 if dense else 0.5) and len(clumps) > 1:
        clumps.pop()
        shadows.pop()
    return spread(rng, clumps, shadows, seconds)


def spread(rng, clumps, shadows, seconds):
    """One clump after another, with the quiet time shared out between them by chance."""
    quiet = max(0.0, seconds - FIRST_SECONDS - sum(shadows))
    shares = [rng.uniform(0.5, 1.5) for _ in clumps]
    at, faults = FIRST_SECONDS, []
    for clump, shadow, share in zip(clumps, shadows, shares):
        for fault in clump:
            fault.at += at
        faults += clump
        at += shadow + quiet * share / sum(shares)
    return faults
