# SPDX-License-Identifier: ISC
"""What every process counts is in /metrics, with its help and type, and moves when its thing happens."""

import contextlib
import os
import re
import signal
import subprocess
import unittest
import uuid

from harness.installation import Installation
from harness.wait import until
from stack import build as builds

SERIES = re.compile(r'cleanerctx_(\w+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
EVENT_LOG = 10  # events kept of a conversation
ASYNC = {"Prefer": "respond-async"}
TEXT = "so um we have seventy five employees"


def counts_table():
    with open(os.path.join(builds.ROOT, "common", "wire", "counts.h"), encoding="utf-8") as f:
        return re.findall(r'\bC\(\w+, "(\w+)",', f.read().replace("\\\n", " "))


class Counts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation(cleaners=1, fake_model="latency=1", environment={
            "CLEANERCTX_EVENT_LOG_LENGTH": str(EVENT_LOG)}))

    def setUp(self):
        self.me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        self.addCleanup(self.me.close)
        self.conversation = self.me.new_conversation()

    def metrics(self):
        return self.me.get("/metrics").bytes.decode().splitlines()

    def value(self, name, **labels):
        """The sum of all series with these labels; None: there is none."""
        found = [float(m[3]) for line in self.metrics() if (m := SERIES.fullmatch(line)) and m[1] == name and
                 labels.items() <= dict(LABEL.findall(m[2] or "")).items()]
        return sum(found) if found else None

    @contextlib.contextmanager
    def moves(self, name, by=1, **labels):
        """It is there, and what happens meanwhile raises it."""
        before = until(f"{name} {labels} is there", lambda: [v] if (v := self.value(name, **labels)) is not None else None)[0]
        yield
        until(f"{name} {labels} is above {before}", lambda: (self.value(name, **labels) or 0) >= before + by)

    def turn(self, text=TEXT, **more):
        return self.me.turn(self.conversation, text, **more)

    @contextlib.contextmanager
    def cleaner_stopped(self):
        pid = self.here.kill("cleaner-1", signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def held_up(self):
        """A cleaner that takes a turn of a new conversation has it in hand: what it reads first waits."""
        with subprocess.Popen(["psql", "-h", self.here.state.socket("pg"), "-U", "cleanerctx", "-d", "cleanerctx", "-qAtX"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as psql:
            psql.stdin.write("BEGIN; LOCK TABLE glossary_terms; SELECT 'locked';\n")
            psql.stdin.flush()
            self.assertEqual(psql.stdout.readline(), "locked\n")
            yield
            psql.stdin.close()

    def test_every_name_has_one_help_and_one_type(self):
        def shown(kind):
            return [line.split()[2] for line in self.metrics() if line.startswith(f"# {kind} ")]

        def missing():
            return {f"cleanerctx_{n}" for n in counts_table()} - set(shown("TYPE"))

        self.turn(force_cleaning_level="full")
        until("all names are there", lambda: not missing())
        for kind in ("HELP", "TYPE"):
            self.assertEqual(len(shown(kind)), len(set(shown(kind))), kind)
        self.assertLessEqual({f"cleanerctx_{n}" for n in counts_table()}, set(shown("HELP")))
        types = dict(line.split()[2:4] for line in self.metrics() if line.startswith("# TYPE"))
        self.assertEqual({n for n, t in types.items() if (t == "counter") != n.endswith("_total")}, set())

    def test_decider_and_cleaner_and_notifier(self):
        with self.moves("decider_batches_total"), self.moves("decider_turns_accepted_total", to="queued"), \
                self.moves("cleaner_turns_total", state="done"), self.moves("notifier_events_published_total", by=3), \
                self.moves("monitor_timings_total", by=5):
            self.assertEqual(self.turn().status, 201)
        with self.moves("decider_turns_accepted_total", to="done"), self.moves("decider_turns_bypassed_total"):
            self.assertEqual(self.turn("Thank you.", speaker="Lumen").status, 201)
        self.me.post(f"/api/v1/conversations/{self.conversation}/pause", {})
        with self.moves("decider_turns_accepted_total", to="paused"):
            self.assertEqual(self.turn().status, 202)

    def test_the_queue_rises_while_no_cleaner_works(self):
        others = [self.me.new_conversation() for _ in range(3)]
        with self.cleaner_stopped():
            for conversation in (self.conversation, self.conversation, *others):
                self.assertEqual(self.me.turn(conversation, TEXT, headers=ASYNC).status, 202)
            self.assertEqual(self.me.turn(self.me.new_conversation(), TEXT, headers=ASYNC,
                                          priority="high").status, 202)
            until("they stand in it", lambda: (self.value("queue_turns") or 0) >= 6)
            until("by priority", lambda: (self.value("queue_ready", priority="normal"), self.value("queue_ready", priority="high"))
                  == (4, 1))
            until("they grow old", lambda: self.value("queue_oldest_seconds") > 1)
        until("it is empty", lambda: (self.value("queue_turns"), self.value("queue_ready"), self.value("queue_in_flight"),
                                      self.value("queue_oldest_seconds")) == (0, 0, 0, 0))

    def test_a_turn_that_postgres_refuses_is_a_dead_letter(self):
        self.here.sql("ALTER TABLE turns ADD CONSTRAINT odd CHECK (cleaned_text <> 'We have 75.')")
        self.addCleanup(self.here.sql, "ALTER TABLE turns DROP CONSTRAINT odd")
        with self.moves("cleaner_dead_letters_total", cause="commit_refused"), self.moves("queue_dead_letters"), \
                self.moves("cleaner_turns_total", state="failed"):
            self.assertEqual(self.turn("um we have seventy five").json["state"], "failed")

    @contextlib.contextmanager
    def full_disk(self, event):
        """PostgreSQL answers so to this event on the table of turns."""
        self.here.sql(f"""CREATE FUNCTION fail() RETURNS trigger AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100''; END'
                          LANGUAGE plpgsql; CREATE TRIGGER fail BEFORE {event} ON turns FOR EACH ROW EXECUTE FUNCTION fail()""")
        try:
            yield
        finally:
            self.here.sql("DROP TRIGGER fail ON turns; DROP FUNCTION fail")

    def test_what_postgres_cannot_do_is_tried_again(self):
        with self.full_disk("UPDATE"), self.moves("cleaner_postgres_retries_total", by=2):
            self.assertEqual(self.turn(headers=ASYNC).status, 202)
        until("it is cleaned", lambda: {t["state"] for t in self.me.all_turns(self.conversation)} == {"done"})
        with self.full_disk("INSERT"), self.moves("decider_postgres_retries_total", by=2), \
                self.moves("decider_turns_refused_total", why="postgres"):
            self.assertEqual(self.turn(headers=ASYNC).status, 503)

    def test_a_conversation_that_has_ended(self):
        path = f"/api/v1/conversations/{self.conversation}"
        self.assertEqual(self.me.request("PATCH", path, {"status": "completed"}).json["status"], "completed")
        with self.moves("decider_turns_refused_total", why="closed"):
            self.assertEqual(self.turn().status, 409)

    def test_a_full_log(self):
        with self.moves("notifier_events_trimmed_total", by=5):
            for _ in range(EVENT_LOG):
                self.turn("Thank you.", speaker="Lumen")
                self.turn("um yes we do")

    def test_a_cleaner_that_dies_with_a_turn_in_hand(self):
        """The one that comes after it counts: what died counted from its own start."""
        with self.held_up():
            turn = self.turn(headers=ASYNC).json["turn_id"]
            until("it is in hand", lambda: self.here.redis("HGET", f"q:{{0}}:busy:{self.conversation}", "held"))
            until("and told", lambda: self.value("queue_in_flight") == 1)
            self.here.kill_and_wait("cleaner-1")
        until("it is cleaned", lambda: {t["state"] for t in self.me.all_turns(self.conversation)} == {"done"})
        for name in ("cleaner_takeovers_total", "cleaner_crashes_total"):
            until(name, lambda name=name: (self.value(name) or 0) >= 1)
        self.assertEqual(turn, self.me.all_turns(self.conversation)[0]["turn_id"])

    def test_a_turn_that_somebody_else_has_taken(self):
        """A later lease stands in PostgreSQL: what the cleaner did is of no effect."""
        with self.moves("cleaner_fenced_off_total"), self.held_up():
            turn = self.turn(headers=ASYNC).json["turn_id"]
            until("it is in hand", lambda: self.here.redis("HGET", f"q:{{0}}:busy:{self.conversation}", "held"))
            self.here.sql(f"UPDATE turns SET fence = 4000000000000000000 WHERE id = '{turn}'")
        self.here.sql(f"UPDATE turns SET fence = 0 WHERE id = '{turn}'")
        until("it is cleaned", lambda: {t["state"] for t in self.me.all_turns(self.conversation)} == {"done"})

    def test_what_the_sweep_puts_back(self):
        with self.cleaner_stopped():
            self.turn(headers=ASYNC)
            with self.moves("decider_turns_requeued_total"):
                self.here.redis("DEL", "q:{0}:jobs", "q:{0}:ready", f"q:{{0}}:busy:{self.conversation}")
        until("it is cleaned", lambda: {t["state"] for t in self.me.all_turns(self.conversation)} == {"done"})

    def test_a_log_that_redis_lost(self):
        self.turn()
        with self.moves("notifier_log_resets_total"):
            self.here.redis("DEL", "evm:{0}:0")
            self.here.redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        until("turns are taken again", lambda: self.turn().status == 201)

    def test_slow_operations(self):
        with self.moves("monitor_alerts_total", kind="slow"), self.moves("monitor_alerts_suppressed_total"), self.held_up():
            for conversation in (self.me.new_conversation() for _ in range(20)):
                self.me.turn(conversation, TEXT, headers=ASYNC)
            until("they wait", lambda: (self.value("queue_oldest_seconds") or 0) > 1)


if __name__ == "__main__":
    unittest.main()
