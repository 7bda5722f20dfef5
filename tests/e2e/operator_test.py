# SPDX-License-Identifier: ISC
"""What an operator does from a shell: the queue, its dead letters and its bounds, what is kept, backup and restore."""

import os
import signal
import subprocess
import unittest
import uuid

from harness.installation import Installation
from harness.wait import until
from stack import build as builds

RAW, CLEANED = "we have seventy five employees", "We have 75 employees."


class Operator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())

    def setUp(self):
        self.me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        self.addCleanup(self.me.close)
        self.conversation = self.me.new_conversation()

    def deploy(self, name, *words):
        done = subprocess.run([os.path.join(builds.ROOT, "deploy", name), "--state", self.here.state.path, *words], text=True,
                              capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def give_up(self):
        """A turn as a cleaner leaves it that has given it up."""
        turn = self.me.turn(self.conversation, RAW).json["turn_id"]
        self.here.sql(f"UPDATE turns SET state = 'failed', cleaned_text = raw_text, metadata = "
                      f"jsonb_set(metadata::jsonb, '{{fallback}}', '\"raw\"')::text WHERE id = '{turn}'; "
                      f"UPDATE conversations SET user_done = user_done - 1, failed_count = failed_count + 1 "
                      f"WHERE id = '{self.conversation}'")
        self.here.redis("XADD", "q:{0}:dead", "*", "c", self.conversation, "t", turn, "cause", "too_many_crashes", "crashes",
                        "3", "retries", "1")
        return turn

    def dead(self):
        return [line.split("\t") for line in self.here.admin("dead", "list").splitlines()]

    def test_a_dead_letter_is_listed_shown_and_retried(self):
        turn = self.give_up()
        self.assertEqual([(d[1], *d[3:]) for d in self.dead() if d[0] == turn],
                         [(self.conversation, "3", "1", "too_many_crashes")])
        shown = self.here.admin("dead", "show", turn)
        self.assertIn(f"text {RAW}", shown)
        self.assertIn("fallback raw\n", shown)
        self.assertIn("crashes 0\nretries 0\n", shown)
        self.here.admin("dead", "retry", turn)
        self.assertNotIn(turn, [d[0] for d in self.dead()])
        done = until("it is cleaned", lambda: next((t for t in self.me.all_turns(self.conversation) if t["state"] == "done"), None))
        self.assertEqual((done["turn_id"], done["cleaned_text"], done["revision"]), (turn, CLEANED, 2))
        status = self.me.get(f"/api/v1/conversations/{self.conversation}/status").json
        self.assertEqual(status["processing_stats"]["user_turns_processed"], 1)
        self.assertEqual(sum(status["confidence_distribution"].values()), 1)

    def test_a_dead_letter_is_dropped(self):
        turn = self.give_up()
        self.here.admin("dead", "drop", turn)
        self.assertNotIn(turn, [d[0] for d in self.dead()])
        self.assertEqual(self.me.all_turns(self.conversation)[0]["state"], "failed")
        with self.assertRaises(subprocess.CalledProcessError):
            self.here.admin("dead", "drop", turn)

    def test_what_is_not_understood_is_refused(self):
        """An option that is passed over makes something else than was asked for."""
        for words, named in ((["user", "add", "x@example.com", "--rolle", "operator"], "--rolle"),
                             (["user", "add", "x@example.com", "--role=operator"], "--role=operator"),
                             (["user", "add", "x@example.com", "--role"], "--role"), (["dead", "list", "all"], "all"),
                             (["key", "add", "demo@example.com", "--role", "user"], "--role"), (["migrate", "--schema"], "--schema")):
            with self.assertRaises(subprocess.CalledProcessError) as refused:
                self.here.admin(*words, stdin="a long password\n")
            self.assertEqual(refused.exception.returncode, 64, words)
            self.assertIn(named, refused.exception.stderr)
        self.assertNotIn("x@example.com", self.here.admin("user", "list"))

    def test_a_conversation_is_queued_again_from_postgres(self):
        base = f"/api/v1/conversations/{self.conversation}"
        self.me.turn(self.conversation, RAW)
        self.me.post(base + "/pause", None)
        for n in range(5):
            self.me.turn(self.conversation, f"{RAW} {n}")
        figures = dict(line.split() for line in self.here.admin("queue").splitlines())
        self.assertGreaterEqual(int(figures["in_postgres"]), 5)
        self.me.post(base + "/resume", None)
        self.here.admin("requeue", self.conversation)
        until("all are done", lambda: {t["state"] for t in self.me.all_turns(self.conversation)} == {"done"})
        self.assertEqual([t["raw_text"] for t in self.me.all_turns(self.conversation)], [RAW] + [f"{RAW} {n}" for n in range(5)])

    def refuse_half(self, archive):
        """Half an archive changes nothing."""
        half = archive + ".half"
        with open(archive, "rb") as whole, open(half, "wb") as part:
            part.write(whole.read()[:os.path.getsize(archive) // 2])
        done = subprocess.run([os.path.join(builds.ROOT, "deploy", "restore"), "--state", self.here.state.path, half],
                              capture_output=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(len(self.me.all_turns(self.conversation)), 3)

    def test_backup_and_restore(self):
        archive = os.path.join(self.here.folder, "backup")
        kept = self.me.turn(self.conversation, RAW).json
        base = f"/api/v1/conversations/{self.conversation}"
        self.me.post(base + "/pause", None)
        self.me.turn(self.conversation, "we have sixty six of them")
        self.deploy("backup", archive)
        self.me.turn(self.conversation, "this one comes too late")
        self.refuse_half(archive)
        self.deploy("restore", archive)
        until("the gateway answers as before", lambda: self.me.get(base).status == 200)
        turns = self.me.all_turns(self.conversation)
        self.assertEqual([t["raw_text"] for t in turns], [RAW, "we have sixty six of them"])
        self.assertEqual((turns[0]["turn_id"], turns[0]["cleaned_text"]), (kept["turn_id"], CLEANED))
        self.me.post(base + "/resume", None)
        until("what waited then is done", lambda: {t["state"] for t in self.me.all_turns(self.conversation)} == {"done"})
        self.assertEqual(self.me.turn(self.conversation, RAW).json["seq"], 3)


class Bounds(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(Installation(environment={"CLEANERCTX_QUEUE_TURNS": "100", "CLEANERCTX_RETAIN_DAYS": "30",
                                                                "CLEANERCTX_RATE_PER_S": "10000"}))
        self.me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        self.addCleanup(self.me.close)

    def test_a_full_queue_refuses_early_and_recovers(self):
        conversation = self.me.new_conversation()
        stopped = [self.here.kill(name, signal.SIGSTOP) for name in ("cleaner-1", "cleaner-2")]
        refused, accepted = None, 0
        while not refused:
            answer = self.me.turn(conversation, RAW, headers={"Prefer": "respond-async"})
            accepted += answer.status == 202
            refused = answer if answer.status != 202 else None
            self.assertLess(accepted, 5000, "it is never full")
        self.assertEqual((refused.status, bool(refused.headers["Retry-After"])), (503, True))
        self.assertGreaterEqual(accepted, 100)
        self.assertEqual(self.me.turn(conversation, "Thank you.", speaker="Lumen").status, 201)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        until("turns are taken again", lambda: self.me.turn(conversation, RAW).status == 201)
        until("all are done", lambda: {t["state"] for t in self.me.all_turns(conversation)} == {"done"})
        self.assertEqual(len(self.me.all_turns(conversation)), accepted + 2)

    def test_what_is_old_is_deleted(self):
        old, young = self.me.new_conversation(), self.me.new_conversation()
        for conversation in (old, young):
            self.me.turn(conversation, RAW)
        self.here.sql(f"UPDATE conversations SET updated_at = now() - interval '31 days' WHERE id = '{old}'")
        self.here.kill_and_wait("decider")
        until("it is gone", lambda: self.me.get(f"/api/v1/conversations/{old}").status == 404)
        self.assertEqual(len(self.me.all_turns(young)), 1)
        self.assertEqual(self.here.sql(f"SELECT count(*) FROM turns WHERE conversation_id = '{old}'"), [["0"]])


if __name__ == "__main__":
    unittest.main()
