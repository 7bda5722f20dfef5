# SPDX-License-Identifier: ISC
"""PostgreSQL away: 503 with Retry-After, nothing acknowledged and lost; a locked table, a full disk, a failover to a standby."""

import concurrent.futures
import contextlib
import os
import subprocess
import time
import unittest
import uuid

from harness.client import Client
from harness.installation import Installation
from harness.wait import until
from harness.workers import Workers

BIN = "/usr/lib/postgresql/15/bin"
PACE_SECONDS = 0.05  # of a client that may ask a hundred times a second
TEXT = "so um we have seventy five employees number {}"


class Refused(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())

    def setUp(self):
        self.me = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        self.addCleanup(self.me.close)
        self.conversation = self.me.new_conversation()

    def check(self, away):
        """Refused while it lasts; the same key afterwards gives the one turn."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        with away:
            answer = self.me.turn(self.conversation, TEXT.format(1), headers=key)
            self.assertEqual((answer.status, bool(answer.headers["Retry-After"])), (503, True), answer)
            self.assertEqual(self.me.try_get("/healthz"), 200)
        answer = until("it is taken", lambda: next(
            (a for a in [self.me.turn(self.conversation, TEXT.format(1), headers=key)] if a.status == 201), None))
        self.assertEqual((answer.json["seq"], answer.json["state"]), (1, "done"))
        self.assertEqual(len(self.me.all_turns(self.conversation)), 1)

    def test_a_locked_table(self):
        self.check(self.here.locked("LOCK TABLE turns"))

    @contextlib.contextmanager
    def full(self):
        self.here.sql("CREATE FUNCTION fail() RETURNS trigger AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100''; END' LANGUAGE plpgsql; "
                      "CREATE TRIGGER fail BEFORE INSERT ON turns FOR EACH ROW EXECUTE FUNCTION fail()")
        try:
            yield
        finally:
            self.here.sql("DROP TRIGGER fail ON turns; DROP FUNCTION fail()")

    def row(self, conversation):
        return self.here.locked(f"SELECT FROM conversations WHERE id = '{conversation}' FOR UPDATE")

    def beside(self, pool, conversation):
        """A turn that another connection sends."""
        client = Client(self.me.url, self.me.token)
        self.addCleanup(client.close)
        return pool.submit(client.turn, conversation, TEXT.format(1))

    def test_a_locked_conversation(self):
        """Somebody holds its row: its turns are refused; those of others go on meanwhile, and one whose row is free soon is taken."""
        other, soon = self.me.new_conversation(), self.me.new_conversation()
        with self.row(self.conversation), concurrent.futures.ThreadPoolExecutor() as pool:
            for rest in (None, soon):
                stuck, done = self.beside(pool, self.conversation), 0
                if rest:
                    with self.row(rest):
                        waits = self.beside(pool, rest)
                        for _ in range(3):
                            self.assertEqual(self.me.turn(other, TEXT.format(2)).status, 201)
                    self.assertEqual(waits.result().status, 201)
                while not stuck.done():
                    self.assertEqual(self.me.turn(other, TEXT.format(2)).status, 201)
                    done += 1
                    time.sleep(PACE_SECONDS)
                self.assertEqual((stuck.result().status, bool(stuck.result().headers["Retry-After"])), (503, True))
                self.assertGreater(done, 5, "the others do not wait with it")
        self.assertEqual(self.me.turn(self.conversation, TEXT.format(1)).json["seq"], 1)

    def test_a_full_disk(self):
        self.check(self.full())


class Failover(unittest.TestCase):
    """Two servers in the conninfo; the second is promoted when the first has died."""

    def owner(self, *words, check=True):
        """Runs as the servers' user: PostgreSQL refuses to be root."""
        words = [f"{BIN}/{words[0]}", *words[1:]]
        if os.geteuid() == 0:
            words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", *words]
        subprocess.run(words, check=check, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def standby(self, w):
        data, sockets = f"{w.dir}/pg2", f"{w.dir}/two"
        for folder in (data, sockets):
            os.mkdir(folder, 0o700)
            if os.geteuid() == 0:
                subprocess.run(["chown", "postgres:", folder], check=True)
        os.chmod(sockets, 0o755)
        self.owner("pg_basebackup", "-h", w.dir, "-U", "cleanerctx", "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self.owner("pg_ctl", "-D", data, "-w", "-s", "-l", f"{data}/log", "-o",
                   f"-c listen_addresses= -c unix_socket_directories={sockets} -c fsync=off", "start")
        try:
            w.sql("ALTER SYSTEM SET synchronous_standby_names = '*'; SELECT pg_reload_conf()")
            until("it follows", lambda: w.sql("SELECT sync_state FROM pg_stat_replication") == [["sync"]])
            yield data
        finally:
            self.owner("pg_ctl", "-D", data, "-s", "-w", "-m", "immediate", "stop")

    def test_a_standby_is_promoted(self):
        w = Workers(cleaners=2)
        w.postgres = f"host={w.dir},{w.dir}/two user=cleanerctx dbname=postgres target_session_attrs=read-write"
        with w, self.standby(w) as data:
            cid = w.new_conversation()
            told = [w.accept(cid, TEXT.format(n)).turn_id for n in range(10)]
            w.servers("kill", "postgres")
            until("the deciders see it", lambda: w.says("decider-1", "event=pg.all_down"))
            self.owner("pg_ctl", "-D", data, "-w", "-s", "promote")
            w.sql("ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf()")
            told += [w.accept(cid, TEXT.format(n)).turn_id for n in range(10, 15)]
            w.wait_done(cid, 15)
            rows = w.sql(f"SELECT id, seq, revision FROM turns WHERE conversation_id = '{cid}' ORDER BY seq")
            self.assertEqual([r[0] for r in rows], told, "what was acknowledged is there, in order, once")
            self.assertEqual({r[2] for r in rows}, {"1"})


if __name__ == "__main__":
    unittest.main()
