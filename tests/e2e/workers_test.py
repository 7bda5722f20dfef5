# SPDX-License-Identifier: ISC
"""Deciders and cleaners under what HTTP cannot steer: several of each at once, repeats, deaths, stalls, an emptied Redis."""

import signal
import unittest
import uuid

from harness.wait import until
from harness.workers import DONE, PAUSED, QUEUED, Workers

EVENT_PROCESSING, EVENT_PROCESSED, EVENT_ERROR = 1, 2, 3  # rows of EVENT_TABLE
TEXT = "so um we have seventy five employees number {}"


class WorkersCase(unittest.TestCase):
    def workers(self, **how):
        return self.enterContext(Workers(**how))

    def fill(self, w, conversations, turns):
        """Sends turns of all conversations interleaved, without waiting; gives the ids sent."""
        return [w.send(cid, TEXT.format(n)) for n in range(turns) for cid in conversations]

    def all_accepted(self, w, ids):
        wanted = set(ids)
        until("every turn has a verdict", lambda: w.gather() or wanted <= {v.turn_id for v in w.verdicts})

    def check_history(self, w, cid, turns):
        """Every turn once, numbered without a gap, finished in order, told in order."""
        rows = w.sql(f"SELECT id, seq, state, revision FROM turns WHERE conversation_id = '{cid}' ORDER BY seq")
        self.assertEqual([int(r[1]) for r in rows], list(range(1, turns + 1)))
        self.assertEqual({(r[2], r[3]) for r in rows}, {("done", "1")})
        finished = w.sql(f"SELECT seq FROM turns WHERE conversation_id = '{cid}' ORDER BY finished_at, seq")
        self.assertEqual([int(r[0]) for r in finished], list(range(1, turns + 1)), "finished out of order")
        counts = w.sql(f"SELECT turn_count, queued_count, user_done FROM conversations WHERE id = '{cid}'")[0]
        self.assertEqual(counts, [str(turns), "0", str(turns)])

    def check_results(self, w, cid, turns):
        """A durable result of every turn came, the first of each in the order of seq."""
        def told():
            w.gather()
            return list(dict.fromkeys(r.turn_id for r in w.results if r.conversation_id == cid and r.durable))
        until("every result came", lambda: len(told()) == turns)
        seqs = dict(w.sql(f"SELECT id, seq FROM turns WHERE conversation_id = '{cid}'"))
        return [int(seqs[t]) for t in told()]


class Order(WorkersCase):
    def test_two_deciders_two_cleaners(self):
        w = self.workers(deciders=2, cleaners=2)
        conversations = [w.new_conversation() for _ in range(10)]
        self.all_accepted(w, self.fill(w, conversations, 30))
        for cid in conversations:
            w.wait_done(cid, 30)
            self.check_history(w, cid, 30)
            self.check_results(w, cid, 30)
        for name in ("decider-1", "decider-2"):
            with open(w.log(name), encoding="utf-8") as log:
                self.assertNotIn("40P01", log.read(), "deadlock")
        self.assertEqual(w.redis("XLEN", "q:{0}:ready"), "0")
        self.assertEqual(w.redis("HLEN", "q:{0}:jobs"), "0")

    def test_one_cleaner_tells_in_order(self):
        w = self.workers(deciders=1, cleaners=1)
        cid = w.new_conversation()
        self.all_accepted(w, self.fill(w, [cid], 50))
        w.wait_done(cid, 50)
        self.assertEqual(self.check_results(w, cid, 50), list(range(1, 51)))

    def test_a_turn_sent_again_is_the_same_turn(self):
        w = self.workers(deciders=2, cleaners=1)
        cid = w.new_conversation()
        turn_id = str(uuid.uuid4())
        for _ in range(6):  # the DEALER gives them to both in turn
            w.send(cid, "I'm the vector of marketing", turn_id=turn_id)
        w.send(cid, "We are based in Leeds")
        until("verdicts", lambda: w.gather() or len(w.verdicts) >= 3)
        w.wait_done(cid, 2)
        again = w.send(cid, "I'm the vector of marketing", turn_id=turn_id)
        until("the last verdict", lambda: w.gather() or
              [v for v in w.verdicts if v.turn_id == again and v.outcome == DONE and v.existed])
        self.assertEqual(w.sql(f"SELECT count(*) FROM turns WHERE conversation_id = '{cid}'"), [["2"]])
        self.check_history(w, cid, 2)


class Deaths(WorkersCase):
    def under_fault(self, w, fault, conversations=8, turns=40):
        cids = [w.new_conversation() for _ in range(conversations)]
        ids = self.fill(w, cids, turns)
        until("some are done", lambda: w.gather() or sum(r.durable for r in w.results) > 5)
        fault()
        self.all_accepted(w, ids)
        for cid in cids:
            w.wait_done(cid, turns)
            self.check_history(w, cid, turns)
            self.check_results(w, cid, turns)

    def test_cleaner_killed(self):
        w = self.workers(cleaners=2)
        self.under_fault(w, lambda: w.kill("cleaner-1"))

    def test_all_cleaners_killed(self):
        w = self.workers(cleaners=2)

        def fault():
            w.kill("cleaner-1")
            w.kill("cleaner-2")
            w.start("cleaner-1")
        self.under_fault(w, fault)

    def test_cleaner_stands_still_and_wakes(self):
        w = self.workers(cleaners=2)
        cid = w.new_conversation()
        self.under_fault(w, lambda: w.signal("cleaner-1", signal.SIGSTOP))
        w.signal("cleaner-1", signal.SIGCONT)
        self.assertEqual(w.processed(w.accept(cid, "we have seventy five").turn_id)["state"], "done")

    def stall(self, w, turn, cid):
        """Cleaner-1 stands still with the turn in hand and its commit not sent, past its lease; cleaner-2 has done it."""
        with w.held_up():
            w.start("cleaner-1")
            until("it has the turn in hand", lambda: w.holder(cid) == "cleaner-1")
            w.signal("cleaner-1", signal.SIGSTOP)
        w.start("cleaner-2")
        self.assertEqual(w.processed(turn)["cleaned_text"], "We have 75.")

    def check_overwrites_nothing(self, change):
        w = self.workers(cleaners=0, options={"decider": {"sweep_ms": 3600000}})  # which would rightly queue it again
        cid = w.new_conversation()
        turn = w.accept(cid, "um we have seventy five").turn_id
        self.stall(w, turn, cid)
        until("its place is free", lambda: w.redis("EXISTS", f"q:{{0}}:busy:{cid}") == "0")
        w.stop("cleaner-2")
        w.sql(f"UPDATE turns SET {change} WHERE id = '{turn}'")
        row = f"SELECT cleaned_text, state, revision, fence FROM turns WHERE id = '{turn}'"
        before = w.sql(row)
        w.signal("cleaner-1", signal.SIGCONT)
        self.assertEqual(w.stop("cleaner-1"), 0)  # it ends when what it had in hand has ended
        self.assertEqual(w.sql(row), before)
        return w

    def test_a_stalled_cleaner_overwrites_nothing(self):
        w = self.check_overwrites_nothing("cleaned_text = 'as the later one said'")
        self.assertTrue(w.says("cleaner-1", "event=lease.overtaken"))

    def test_a_stalled_cleaner_does_not_finish_what_is_queued_again(self):
        self.check_overwrites_nothing("cleaned_text = NULL, state = 'queued'")

    def test_cleaner_stopped_in_order(self):
        w = self.workers(cleaners=2)

        def fault():
            self.assertEqual(w.stop("cleaner-1"), 0)
        self.under_fault(w, fault)
        with open(w.log("cleaner-1"), encoding="utf-8") as log:
            self.assertNotIn("drain_cut", log.read())

    def test_postgres_killed(self):
        w = self.workers(cleaners=2)

        def fault():
            w.servers("kill", "postgres")
            w.servers("start", "postgres")
        self.under_fault(w, fault)

    def test_cleaner_stops_while_postgres_is_away(self):
        """It hands back what it cannot commit; the next cleaner has it at once, not after a lease's time."""
        w = self.workers(cleaners=1)
        cid = w.new_conversation()
        w.sql(f"""CREATE FUNCTION fail() RETURNS trigger AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100''; END' LANGUAGE plpgsql;
                  CREATE TRIGGER fail BEFORE UPDATE ON turns FOR EACH ROW EXECUTE FUNCTION fail()""")  # as a full disk answers
        turn = w.accept(cid, "um we have seventy five").turn_id
        until("it is tried", lambda: w.says("cleaner-1", "event=lease.waits"))
        self.assertEqual(w.stop("cleaner-1"), 0)
        self.assertEqual(w.redis("XPENDING", "q:{0}:ready", "cleaners").splitlines()[0], "0", "a lease is left")
        self.assertEqual(w.redis("HMGET", f"q:{{0}}:busy:{cid}", f"retries:{turn}", f"crashes:{turn}"), "1")
        w.sql("DROP TRIGGER fail ON turns")
        w.start("cleaner-2")
        self.assertEqual(w.processed(turn)["cleaned_text"], "We have 75.")

    def test_a_commit_that_postgres_refuses(self):
        """The turn is answered with its raw text, and those behind it are cleaned."""
        w = self.workers(cleaners=1)
        cid = w.new_conversation()
        w.sql("ALTER TABLE turns ADD CONSTRAINT odd CHECK (cleaned_text <> 'We have 75.')")
        bad, behind = (w.accept(cid, f"um we have seventy {n}").turn_id for n in ("five", "six"))
        self.assertEqual(w.processed(bad)["state"], "failed")
        self.assertEqual(w.processed(behind)["cleaned_text"], "We have 76.")

    def test_redis_emptied_with_turns_queued(self):
        w = self.workers(deciders=2, cleaners=2)
        self.under_fault(w, lambda: w.redis("FLUSHALL"))

    def test_redis_emptied_and_the_later_turn_comes_first(self):
        """A new turn reaches an empty Redis before the sweep: the cleaner puts the earlier ones before it."""
        w = self.workers(cleaners=0, options={"decider": {"sweep_ms": 3600000}})
        cid = w.new_conversation()
        for n in range(20):
            self.assertEqual(w.accept(cid, TEXT.format(n)).outcome, QUEUED)
        w.redis("FLUSHALL")
        w.accept(cid, TEXT.format(20))
        self.assertEqual(w.redis("HLEN", "q:{0}:jobs"), "1")
        w.start("cleaner-1")
        w.wait_done(cid, 21)
        self.check_history(w, cid, 21)
        self.assertEqual(self.check_results(w, cid, 21), list(range(1, 22)))


class Groups(WorkersCase):
    """Turns that are ready while a commit is under way go together in the next one."""

    SIZE = 8

    def grouped(self):
        return self.workers(cleaners=1, options={"common": {"log_level": "debug"}, "decider": {"sweep_ms": 3600000}})

    def at_once(self, w, texts):
        """A turn of each text, of as many new conversations; the cleaner finds them all ready in one look."""
        cids = w.new_conversations(len(texts))
        first = [w.send(cid, "um we have seventy") for cid in cids]  # it reads what is known of the conversation
        for turn in first:
            w.processed(turn)
        until("they are out of Redis", lambda: w.redis("HLEN", "q:{0}:jobs") == "0")
        w.signal("cleaner-1", signal.SIGSTOP)
        ids = [w.send(cid, text) for cid, text in zip(cids, texts)]
        self.all_accepted(w, ids)
        return ids

    def states(self, w, ids):
        """State, text and revision of each, in their order."""
        rows = {r[0]: tuple(r[1:]) for r in w.sql("SELECT id, state, cleaned_text, revision FROM turns WHERE id IN "
                                                  f"({', '.join(repr(i) for i in ids)})")}
        return [rows[i] for i in ids]

    def until_grouped(self, w, event, texts, before_all=lambda ids: None):
        """Repeats it until the cleaner says that its commits came so; gives the turns of that time."""
        for _ in range(20):
            said = w.count("cleaner-1", event)
            ids = self.at_once(w, texts)
            before_all(ids)
            w.signal("cleaner-1", signal.SIGCONT)
            yield ids
            if w.count("cleaner-1", event) > said:
                return
        self.fail(f"never {event}")

    def test_turns_of_many_conversations_go_together(self):
        w = self.grouped()
        texts = [TEXT.format(n) for n in range(self.SIZE)]
        for ids in self.until_grouped(w, "event=commit.group", texts):
            for n, turn in enumerate(ids):
                self.assertTrue(w.processed(turn)["cleaned_text"].startswith(f"So we have 75 employees number {n}"))
            self.assertEqual({(s[0], s[2]) for s in self.states(w, ids)}, {("done", "1")})

    def test_one_that_postgres_refuses_fails_no_other(self):
        w = self.grouped()
        w.sql("ALTER TABLE turns ADD CONSTRAINT odd CHECK (cleaned_text <> 'We have 75.')")
        texts = [f"um we have seventy {'five' if n == self.SIZE // 2 else 'six'}" for n in range(self.SIZE)]
        for ids in self.until_grouped(w, "event=commit.taken_apart", texts):
            for turn in ids:
                w.processed(turn)
            states = self.states(w, ids)
            self.assertEqual(states.pop(self.SIZE // 2), ("failed", "um we have seventy five", "1"))
            self.assertEqual(set(states), {("done", "We have 76.", "1")})

    def test_one_that_cannot_be_committed_yet_holds_up_no_other(self):
        """As a full disk answers, for one of the turns: it waits, the others are done."""
        w = self.grouped()
        w.sql("""CREATE FUNCTION fail() RETURNS trigger AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100''; END' LANGUAGE plpgsql;
                 CREATE TRIGGER fail BEFORE UPDATE ON turns FOR EACH ROW WHEN (NEW.cleaned_text = 'We have 75.')
                 EXECUTE FUNCTION fail()""")
        texts = [f"um we have seventy {'five' if n == self.SIZE // 2 else 'six'}" for n in range(self.SIZE)]
        ids = self.at_once(w, texts)
        w.signal("cleaner-1", signal.SIGCONT)
        bad = ids.pop(self.SIZE // 2)
        for turn in ids:
            self.assertEqual(w.processed(turn)["cleaned_text"], "We have 76.")
        self.assertEqual(w.sql(f"SELECT state FROM turns WHERE id = '{bad}'"), [["queued"]])
        w.sql("DROP TRIGGER fail ON turns")
        self.assertEqual(w.processed(bad)["cleaned_text"], "We have 75.")
        self.assertEqual({s[2] for s in self.states(w, ids + [bad])}, {"1"})

    def test_one_that_a_later_lease_has_had_is_left_alone(self):
        w = self.grouped()
        texts = [TEXT.format(n) for n in range(self.SIZE)]
        fence = "UPDATE turns SET fence = {} WHERE id = '{}'"
        for ids in self.until_grouped(w, "event=commit.group", texts, lambda ids: w.sql(fence.format(2 ** 62, ids[-2]))):
            fenced = ids[-2]
            for turn in ids:
                if turn != fenced:
                    self.assertEqual(w.processed(turn)["state"], "done")
            self.assertEqual(w.sql(f"SELECT state, revision, fence FROM turns WHERE id = '{fenced}'"), [["queued", "0", str(2 ** 62)]])
            w.sql(fence.format(0, fenced))
            self.assertEqual(w.processed(fenced)["state"], "done")  # by its next delivery
            self.assertEqual({s[2] for s in self.states(w, ids)}, {"1"})

    def test_a_commit_behind_a_lock_holds_up_no_other(self):
        w = self.grouped()
        ids = self.at_once(w, [TEXT.format(n) for n in range(self.SIZE)])
        with w.holding(f"SELECT FROM conversations c JOIN turns t ON t.conversation_id = c.id WHERE t.id = '{ids[0]}' FOR UPDATE OF c"):
            w.signal("cleaner-1", signal.SIGCONT)
            for turn in ids[1:]:
                self.assertEqual(w.processed(turn)["state"], "done")
            self.assertEqual(self.states(w, ids[:1])[0][0], "queued")
        self.assertEqual(w.processed(ids[0])["state"], "done")


class Priorities(WorkersCase):
    def order(self, many, few):
        """Queues turns of both priorities, one a conversation, before there is a cleaner; gives the priorities as they were done."""
        w = self.workers(cleaners=0, options={"cleaner": {"max_in_flight": 2}})
        for count, priority in ((200, many), (10, few)):
            for cid in w.new_conversations(count):
                w.send(cid, TEXT.format(0), priority=priority)
        until("all are queued", lambda: w.gather() or w.redis("HLEN", "q:{0}:jobs") == "210")
        w.start("cleaner-1")
        until("all are done", lambda: w.gather() or w.redis("HLEN", "q:{0}:jobs") == "0")
        return [int(r[0]) for r in w.sql("SELECT priority FROM turns ORDER BY finished_at")]

    def test_high_priority_passes_what_waits(self):
        done = self.order(many=0, few=1)
        self.assertLess(max(n for n, p in enumerate(done) if p == 1), 100)

    def test_high_priority_does_not_starve_the_others(self):
        done = self.order(many=1, few=0)
        self.assertLess(max(n for n, p in enumerate(done) if p == 0), 100)


class Conversations(WorkersCase):
    def test_pause_and_resume(self):
        w = self.workers(cleaners=2)
        cid = w.new_conversation()
        w.pause(cid, True)
        ids = [w.accept(cid, TEXT.format(n)) for n in range(5)]
        self.assertEqual({v.outcome for v in ids}, {PAUSED})
        agent = w.accept(cid, "Thank you.", speaker="Lumen", bypass=1)
        self.assertEqual(agent.outcome, DONE, "the agent's turns do not wait")
        w.pause(cid, False)
        w.wait_done(cid, 6)
        order = w.sql(f"SELECT seq FROM turns WHERE conversation_id = '{cid}' AND NOT agent ORDER BY finished_at")
        self.assertEqual([int(r[0]) for r in order], [1, 2, 3, 4, 5])

    def test_paused_with_turns_in_the_queue(self):
        """Turns that Redis holds when the pause comes are taken out, not cleaned."""
        w = self.workers(cleaners=0)
        cid = w.new_conversation()
        for n in range(5):
            w.accept(cid, TEXT.format(n))
        w.pause(cid, True)
        w.start("cleaner-1")
        until("the queue is empty", lambda: w.redis("HLEN", "q:{0}:jobs") == "0")
        self.assertEqual(w.sql(f"SELECT count(*) FROM turns WHERE conversation_id = '{cid}' AND state = 'queued'"), [["5"]])
        w.pause(cid, False)
        w.wait_done(cid, 5)
        self.check_history(w, cid, 5)

    def test_resumed_before_the_cleaner_asks_why(self):
        """The pause keeps a turn from being committed and is over when the cleaner asks what did: it commits it again itself."""
        w = self.workers(cleaners=1)
        cid = w.new_conversation()
        with w.held_up():
            turn = w.send(cid, TEXT.format(0))
            until("it is in hand", lambda: w.holder(cid))
            w.pause(cid, True)
            w.sql("""CREATE FUNCTION resume() RETURNS trigger LANGUAGE plpgsql AS
                         'BEGIN UPDATE conversations SET status = ''active'' WHERE status = ''paused''; RETURN NULL; END';
                     CREATE TRIGGER resume AFTER UPDATE ON turns FOR EACH STATEMENT EXECUTE FUNCTION resume()""")
        self.assertEqual(w.processed(turn)["state"], "done")
        self.check_history(w, cid, 1)
        self.assertEqual(len(w.events(EVENT_PROCESSING)), 1, "it was left to the next delivery")

    def test_deleted_with_turns_in_the_queue(self):
        w = self.workers(cleaners=0)
        cid, other = w.new_conversation(), w.new_conversation()
        for n in range(5):
            w.accept(cid, TEXT.format(n))
        w.sql(f"DELETE FROM conversations WHERE id = '{cid}'")
        w.start("cleaner-1")
        until("the queue is empty", lambda: w.redis("HLEN", "q:{0}:jobs") == "0")
        self.assertEqual(w.processed(w.accept(other, "we have seventy five").turn_id)["cleaned_text"], "We have 75.")

    def test_window_comes_from_postgres_when_redis_lost_it(self):
        w = self.workers(cleaners=1)
        cid = w.new_conversation()
        first = w.processed(w.accept(cid, "I'm the vector of marketing").turn_id)
        self.assertIn("marketing", first["metadata"]["contexts"])
        until("it is in the window", lambda: w.redis("EXISTS", f"q:{{0}}:win:{cid}") == "1")
        w.redis("DEL", f"q:{{0}}:win:{cid}")
        second = w.processed(w.accept(cid, "um we have seventy five").turn_id)
        self.assertIn("marketing", second["metadata"]["contexts"])

    def test_a_turn_that_kills_cleaners_is_given_up(self):
        w = self.workers(cleaners=0)
        cid = w.new_conversation()
        bad = w.accept(cid, "um we have seventy five").turn_id
        behind = w.accept(cid, "um we have seventy six").turn_id
        for n in range(1, 4):
            with w.held_up():
                w.start(f"cleaner-{n}")
                until("it has the turn in hand", lambda n=n: w.holder(cid) == f"cleaner-{n}" and w.crashes(cid, bad) == n - 1)
                w.kill(f"cleaner-{n}")
        w.start("cleaner-4")
        turn = w.processed(bad)
        self.assertEqual((turn["state"], turn["cleaned_text"], turn["metadata"]["fallback"], turn["metadata"]["crashes"]),
                         ("failed", "um we have seventy five", "raw", 3))
        self.assertEqual(w.processed(behind)["cleaned_text"], "We have 76.")
        until("its dead letter", lambda: w.redis("XLEN", "q:{0}:dead") == "1")
        self.assertIn("\t3\t0\ttoo_many_crashes", w.admin("dead", "list"))
        self.assertIn("crashes 3\nretries 0\n", w.admin("dead", "show", bad))
        self.assertIn("crashes 3\nretries 0\n", w.admin("queue"))
        self.assertEqual(len(w.events(EVENT_ERROR)), 1)
        self.assertEqual(w.sql(f"SELECT failed_count, user_done, queued_count FROM conversations WHERE id = '{cid}'"),
                         [["1", "1", "0"]])


if __name__ == "__main__":
    unittest.main()
