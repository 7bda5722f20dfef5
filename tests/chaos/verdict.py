# SPDX-License-Identifier: ISC
"""What was acknowledged and seen, against what is stored; and the figures."""

import bisect
import datetime
import math
import os
import re

from .schedule import SHADOW_SECONDS
from .talkers import BROKEN

TARGET_MS = {"Lumen": 10, "User": 300}
TAKEOVER_MS = 2000
TAKEN = re.compile(r"(\d\d):(\d\d):(\d\d\.\d+)Z \S+ level=info event=lease.taken_over .*expired=1")
DAY_SECONDS = 86400


class Book:
    """What the clients write down."""

    def __init__(self):
        self.wrong, self.out_of_order, self.missed = [], [], []
        self.broken = self.refused = self.repeats = self.reconnects = 0
        self.times = {kind: [] for kind in TARGET_MS}  # (begun, ended), monotonic

    def time(self, kind, begun, ended):
        self.times[kind].append((begun, ended))


class Verdict:
    def __init__(self):
        self.lost, self.doubled, self.out_of_order, self.stuck, self.failed = [], [], [], [], 0
        self.acknowledged = 0

    def count(self):
        return len(self.lost) + len(self.doubled) + len(self.out_of_order) + len(self.stuck)

    def line(self):
        return (f"{self.acknowledged} turns acknowledged, {len(self.lost)} lost, {len(self.doubled)} doubled, "
                f"{len(self.out_of_order)} out of order, {len(self.stuck)} stuck")

    def show(self, say):
        for name in ("lost", "doubled", "out_of_order", "stuck"):
            show(say, name, getattr(self, name))

    def check_turns(self, place, talkers):
        """Against the store, conversation by conversation."""
        rows = {}
        for conversation, *row in place.sql(
                "SELECT t.conversation_id, t.id, t.seq, t.speaker, t.raw_text, t.state, t.finished_at > t.created_at, t.finished_at "
                "FROM turns t ORDER BY t.conversation_id, t.seq"):
            rows.setdefault(conversation, []).append(row)
        for talker in talkers:
            self.check_one(talker, rows.get(talker.conversation, []))

    def check_one(self, talker, rows):
        where = f"conversation {talker.conversation}"
        stored = {row[0]: row for row in rows}
        texts = {}
        for row in rows:
            texts[row[3]] = texts.get(row[3], 0) + 1
        self.acknowledged += len(talker.acknowledged)
        for sent in talker.acknowledged:
            row = stored.get(sent.turn_id)
            if row is None or (int(row[1]), row[2], row[3]) != (sent.seq, sent.speaker, sent.text):
                self.lost.append(f"{where}: turn {sent.turn_id} was acknowledged, stored is {row}")
        self.doubled += [f"{where}: {n} times '{text}'" for text, n in texts.items() if n > 1]
        if [int(row[1]) for row in rows] != list(range(1, len(rows) + 1)):
            self.out_of_order.append(f"{where}: seq {[row[1] for row in rows]}")
        self.check_order(where, rows)
        self.stuck += [f"{where}: turn {row[0]} is {row[4]}" for row in rows if row[4] not in ("done", "failed")]
        self.failed += sum(row[4] == "failed" for row in rows)
        if talker.open is not None:
            self.stuck.append(f"{where}: '{talker.open}' was not acknowledged")

    def check_order(self, where, rows):
        """Turns that a cleaner finished, in the order of acceptance: acknowledged, and finished."""
        last = ""
        for turn_id, seq, _, _, state, cleaned, finished in rows:
            if cleaned != "t" or state not in ("done", "failed"):
                continue
            when = finished.replace("+00", "")
            stamp = datetime.datetime.fromisoformat(when).isoformat(timespec="microseconds")
            if stamp < last:
                self.out_of_order.append(f"{where}: turn {turn_id}, seq {seq}, finished at {stamp}, the one before at {last}")
            last = max(last, stamp)

    def check_seen(self, talkers, watchers):
        stories = {s.conversation: s for w in watchers for s in w.stories.values()}
        for talker in talkers:
            story = stories.get(talker.conversation)
            missing = [s.turn_id for s in talker.acknowledged if story and s.turn_id not in story.final]
            if missing:
                self.stuck.append(f"conversation {talker.conversation}: its watcher, at {story.last}, never saw {len(missing)} turns "
                                  f"final: {missing[:3]}")

    async def check_replay(self, watchers):
        """Each story again from its base: the same events. Gives how many could be compared."""
        compared = 0
        for watcher in watchers:
            for story in watcher.stories.values():
                if story.base is None or not story.events:
                    continue
                try:
                    again = await watcher.replay(story)
                except BROKEN as error:
                    self.stuck.append(f"conversation {story.conversation}: no replay after {story.base}: {error!r}")
                    return compared
                if again is None:
                    continue
                compared += 1
                ids = {event[0] for event in again}
                seen = [event for event in story.events if event[0] in ids]
                if again[:len(story.events)] != story.events or seen != story.events:
                    self.out_of_order.append(f"conversation {story.conversation}: replay after {story.base} gives {len(again)} events, "
                                             f"seen were {len(story.events)}; first unequal: "
                                             f"{next((p for p in zip(again, story.events) if p[0] != p[1]), 'the end')}")
        return compared


def show(say, name, lines):
    for line in lines[:5]:
        say(f"{name}: {line}")
    if len(lines) > 5:
        say(f"{name}: and {len(lines) - 5} more")


def quantile(ordered, q):
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)] if ordered else float("nan")


def untouched(book, faults):
    """{kind: sorted ms} of requests that were sent and answered outside every fault and its shadow, and the share that they are."""
    spans = merge([(f.begun, f.ended + SHADOW_SECONDS) for f in faults])
    begins = [begin for begin, _ in spans]
    clean, all_of_them = {}, 0
    for kind, times in book.times.items():
        clean[kind] = []
        for begun, ended in times:
            all_of_them += 1
            n = bisect.bisect_right(begins, ended) - 1
            if n < 0 or spans[n][1] < begun:
                clean[kind].append((ended - begun) * 1000)
        clean[kind].sort()
    return clean, sum(map(len, clean.values())) / max(1, all_of_them)


def merge(spans):
    merged = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def taken_over(place):
    """When cleaners took over what another had held, by their logs: seconds of the day, UTC."""
    taken = []
    for name in os.listdir(place.state.logs):
        if name.startswith("cleaner"):
            with open(os.path.join(place.state.logs, name), encoding="utf-8", errors="replace") as log:
                taken += [float(h) * 3600 + float(m) * 60 + float(s) for h, m, s in TAKEN.findall(log.read())]
    return taken


def clumps(faults):
    """Faults by what they share of their shadows."""
    spans = merge([(f.begun, f.ended + SHADOW_SECONDS) for f in faults])
    return [[f for f in faults if begin <= f.begun <= end] for begin, end in spans]


def takeovers(place, faults):
    """(alone, among others): ms from the death or stop of a cleaner until another took over a turn that it held, where nothing else
    was broken meanwhile; and where much was, ms from the end of the last fault until the last such turn."""
    alone, among, taken = [], [], taken_over(place)
    for clump in clumps(faults):
        struck = [f for f in clump if f.kind in ("kill", "stop") and f.target.startswith("cleaner")]
        if not struck or any(f.kind == "clock" and f.target.startswith("cleaner") for f in clump):
            continue  # a stepped cleaner's log has other times
        begun, ended = min(f.wall for f in struck), max(f.wall + f.ended - f.begun for f in clump)
        after = [(t - begun) % DAY_SECONDS for t in taken]
        after = [seconds for seconds in after if seconds < ended - begun + SHADOW_SECONDS + 2]
        if len(clump) == 1:
            alone += [seconds * 1000 for seconds in after]
        elif after:
            among.append(max(0.0, max(after) - (ended - begun)) * 1000)
    return sorted(alone), sorted(among)
