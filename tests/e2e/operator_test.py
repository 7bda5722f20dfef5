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

    def deploy(self, name, *words, config=None):
        of = ["--config", config] if config else ["--state", self.here.state.path]
        done = subprocess.run([os.path.join(builds.ROOT, "deploy", name), *of, *words], text=True, capture_output=True, check=False)
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

    def test_a_dead_letter_that_an_edit_has_mended(self):
        turn = self.give_up()
        self.me.request("PATCH", f"/api/v1/conversations/{self.conversation}/turns/{turn}", {"cleaned_text": CLEANED})
        for verb in ("show", "retry"):
            with self.assertRaises(subprocess.CalledProcessError) as refused:
                self.here.admin("dead", verb, turn)
            self.assertIn("not any more", refused.exception.stderr)

    def test_a_dead_letter_is_retried_without_redis(self):
        turn = self.give_up()
        done = subprocess.run([builds.program(self.here.build, "admin"), "--config", self.here.state.config, "dead", "retry", turn],
                              text=True, capture_output=True, check=False, env={**os.environ, "CLEANERCTX_REDIS": "unix:///nowhere"})
        self.assertEqual(done.returncode, 0)
        self.assertIn("queued again", done.stderr)
        until("it is cleaned", lambda: self.me.all_turns(self.conversation)[0]["state"] == "done")

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

    def test_a_password_that_no_login_could_send_is_refused(self):
        """Not cut, and not taken over: its user could never sign in."""
        def add(email, password):
            return subprocess.run([builds.program(self.here.build, "admin"), "--config", self.here.state.config, "user", "add", email],
                                  input=password, capture_output=True, check=False)

        for password, why in ((b"p" * 1025, b"too long"), (b"p" * 5000, b"too long"), (b"an arrow \x1b[D", b"control"),
                              (b"caf\xe9 au lait", b"UTF-8"), (b" " * 9, b"white space"), (b"7 bytes", b"too short"), (b"", b"too short")):
            done = add("y@example.com", password + b"\n")
            self.assertEqual((done.returncode, why in done.stderr), (64, True), (password[:20], done.stderr))
        self.assertNotIn("y@example.com", self.here.admin("user", "list"))
        for email, password, ending in (("y1@example.com", "\u00e9" * 512, "\r\n"), ("y2@example.com", "with a\ttab", "")):
            self.assertEqual(add(email, (password + ending).encode()).returncode, 0)
            self.assertEqual(self.me.post("/api/v1/auth/login", {"email": email, "password": password}).status, 200)

    def test_keys_of_an_unknown_user_are_not_none(self):
        with self.assertRaises(subprocess.CalledProcessError) as refused:
            self.here.admin("key", "list", "demo@exmaple.com")
        self.assertEqual(refused.exception.returncode, 1)
        self.assertIn("no such user", refused.exception.stderr)
        self.here.admin("user", "add", "keyless@example.com", stdin="a long password\n")
        self.assertEqual(self.here.admin("key", "list", "KEYLESS@example.com"), "")

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

    def test_backup_and_restore_go_by_the_configuration(self):
        """Its database and its Redis, however they are given; nobody else's."""
        self.here.sql("CREATE DATABASE other")
        folder, other = self.here.folder, f"host={self.here.state.socket('pg')} user=cleanerctx dbname=other"
        archive, config, secret = (os.path.join(folder, name) for name in ("other.backup", "other.conf", "other.pg"))
        with open(secret, "w", encoding="utf-8") as f:
            f.write(other + "\n")
        with open(config, "w", encoding="utf-8") as f:
            f.write(f"[gateway]\nlisten = 127.0.0.1:1\n[common]\npostgres = dbname=none\n  postgres_file = {secret}\n"
                    f"redis = unix://{self.here.state.socket('redis.sock')}?db=1\n")

        def other_sql(query):
            return subprocess.run(["psql", "-d", other, "-qAtXc", query], text=True, capture_output=True, check=True).stdout.split()

        other_sql("CREATE TABLE kept AS SELECT 1 AS n")
        self.deploy("backup", archive, config=config)
        other_sql("UPDATE kept SET n = 2")
        self.here.redis("SET", "theirs", "1")
        self.here.redis("-n", "1", "SET", "ours", "1")
        self.deploy("restore", archive, config=config)
        self.assertEqual(other_sql("SELECT n FROM kept"), ["1"])
        self.assertEqual((self.here.redis("EXISTS", "theirs"), self.here.redis("-n", "1", "EXISTS", "ours")), ("1", "0"))
        self.assertEqual(self.me.get(f"/api/v1/conversations/{self.conversation}").status, 200)
        self.interrupt_restore(other, config, archive)

    def test_restore_among_those_at_work(self):
        """One holds the table that restore wants and wants the one that it holds: a deadlock, of which restore is the victim."""
        self.here.sql("CREATE DATABASE busy")
        busy = f"host={self.here.state.socket('pg')} user=cleanerctx dbname=busy"
        archive, config = (os.path.join(self.here.folder, name) for name in ("busy.backup", "busy.conf"))
        with open(config, "w", encoding="utf-8") as f:
            f.write(f"[common]\npostgres = {busy}\nredis = unix://{self.here.state.socket('redis.sock')}?db=2\n")
        subprocess.run(["psql", "-d", busy, "-qXc", "CREATE TABLE first (); CREATE TABLE second ()"], check=True)
        self.deploy("backup", archive, config=config)
        with subprocess.Popen(["psql", "-d", busy, "-qAtX"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
            self.addCleanup(worker.kill)
            worker.stdin.write("SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE second IN ACCESS SHARE MODE;\n\\echo locked\n")
            worker.stdin.flush()
            self.assertEqual(worker.stdout.readline(), "locked\n")
            with subprocess.Popen([os.path.join(builds.ROOT, "deploy", "restore"), "--config", config, archive]) as restore:
                until("it waits", lambda: self.here.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != [["0"]])
                worker.communicate("LOCK TABLE first IN ACCESS SHARE MODE; COMMIT;\n")
                self.assertEqual((worker.returncode, restore.wait()), (0, 0))

    def interrupt_restore(self, database, config, archive):
        """It waits for a lock when it is ended: what it has written of the data meanwhile goes with it."""
        between = os.path.join(self.here.folder, "between")
        os.mkdir(between)
        with subprocess.Popen(["psql", "-d", database, "-qXc", "BEGIN; LOCK TABLE kept; SELECT pg_sleep(60)"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as lock:
            self.addCleanup(lock.kill)
            locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE datname = 'other' AND "
            until("it is locked", lambda: self.here.sql(locks + "mode = 'AccessExclusiveLock' AND granted") != [["0"]])
            with subprocess.Popen([os.path.join(builds.ROOT, "deploy", "restore"), "--config", config, archive],
                                  env={**os.environ, "TMPDIR": between}, start_new_session=True, stderr=subprocess.DEVNULL) as restore:
                until("it waits", lambda: self.here.sql(locks + "NOT granted") != [["0"]])
                self.assertNotEqual(os.listdir(between), [])
                os.killpg(restore.pid, signal.SIGTERM)
                self.assertNotEqual(restore.wait(), 0)
            self.assertEqual(os.listdir(between), [])
            lock.kill()


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

    def test_what_is_too_much_for_one_statement_is_deleted_in_parts(self):
        old = [self.me.new_conversation() for _ in range(30)]
        for conversation in old:
            self.me.turn(conversation, RAW)
        self.here.sql("CREATE FUNCTION dawdle() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(0.2); RETURN OLD; END' LANGUAGE plpgsql; "
                      "CREATE TRIGGER dawdle BEFORE DELETE ON turns FOR EACH ROW EXECUTE FUNCTION dawdle()")
        self.here.sql("UPDATE conversations SET updated_at = now() - interval '31 days'")
        self.here.kill_and_wait("decider")
        until("all are gone", lambda: self.here.sql("SELECT count(*) FROM conversations") == [["0"]])


if __name__ == "__main__":
    unittest.main()
