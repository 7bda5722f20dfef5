# SPDX-License-Identifier: ISC
"""Deciders and cleaners with real servers, without gateway and notifier: the test plays both, on the wire.

For what cannot be steered through HTTP: two deciders at once, a turn sent twice, a worker killed at a known moment.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

import zmq

from stack import build as builds

from . import wire
from .installation import COMPLAINT, SANITIZERS, build_folder
from .wait import until

SERVERS = os.path.join(builds.ROOT, "tests", "harness", "servers.sh")
DONE, QUEUED, PAUSED, UNAVAILABLE = 0, 1, 2, 5  # msg_verdict.outcome


class Workers:
    def __init__(self, deciders=1, cleaners=2, options=None):
        self.dir = tempfile.mkdtemp(prefix="cleanerctx-workers-")
        self.postgres = f"host={self.dir} user=cleanerctx dbname=postgres"
        self.decider_count, self.cleaner_count = deciders, cleaners
        self.options = options or {}
        self.processes = {}
        self.results, self.verdicts = [], []
        self.user = str(uuid.uuid4())

    # --- life ---

    def __enter__(self):
        self.servers("start")
        self.config = os.path.join(self.dir, "cleanerctx.conf")
        turns = ", ".join(self.turns_endpoint(n) for n in range(1, self.decider_count + 1))
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f"[common]\nruntime_dir = {self.dir}\npostgres = {self.postgres}\n"
                    f"redis = unix://{self.dir}/redis.sock\nturns = {turns}\n")
            for section, values in self.options.items():
                f.write(f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in values.items()))
        subprocess.run([self.program("gateway/admin/cleanerctx-admin"), "--config", self.config, "migrate"], check=True,
                       stdout=subprocess.DEVNULL)
        self.sql(f"INSERT INTO users (id, email, password_hash) VALUES ('{self.user}', 'a@example.com', '')")
        self.context = zmq.Context()
        self.pull = self.context.socket(zmq.PULL)
        self.pull.bind(self.results_endpoint())
        self.dealer = self.context.socket(zmq.DEALER)
        for n in range(1, self.decider_count + 1):
            self.start(f"decider-{n}")
            self.dealer.connect(self.turns_endpoint(n))
        for n in range(1, self.cleaner_count + 1):
            self.start(f"cleaner-{n}")
        return self

    def __exit__(self, kind, *_):
        complaints = []
        try:
            codes = {name: self.stop(name) for name in list(self.processes)}
            self.context.destroy(linger=0)
            complaints = self.complaints()
            bad = {name: code for name, code in codes.items() if code}
        finally:
            subprocess.run([SERVERS, "stop", self.dir], check=False)
        if kind is None:
            assert not complaints, "\n".join(complaints)
            assert not bad, f"ended badly: {bad}"
        shutil.rmtree(self.dir, ignore_errors=True)

    def turns_endpoint(self, n):
        return f"ipc://{self.dir}/turns-{n}"

    def results_endpoint(self):
        return f"ipc://{self.dir}/results"

    def hand_over(self):
        """From here another program plays gateway and notifier, on the same endpoints."""
        self.dealer.close(0)
        self.pull.close(0)

    def program(self, path):
        return os.path.join(build_folder(), path)

    def log(self, name):
        return os.path.join(self.dir, f"{name}.log")

    def launch(self, name):
        service, n = name.split("-")
        words = [self.program(f"{service}/cleanerctx-{service}"), "--config", self.config, "--instance", name]
        if service == "decider":
            words += ["--turns_bind", self.turns_endpoint(int(n))]
        with open(self.log(name), "ab") as log:
            self.processes[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                    env={**os.environ, **SANITIZERS})

    def start(self, name):
        before = self.ready_count(name)
        self.launch(name)
        until(f"{name} is ready", lambda: self.ready_count(name) > before)

    def ready_count(self, name):
        if not os.path.exists(self.log(name)):
            return 0
        with open(self.log(name), encoding="utf-8", errors="replace") as f:
            return f.read().count("event=service.ready")

    def stop(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name)
        process.send_signal(signal.SIGCONT)
        process.send_signal(how)
        return process.wait(30)

    def kill(self, name):
        self.stop(name, signal.SIGKILL)

    def signal(self, name, number):
        self.processes[name].send_signal(number)

    def count(self, name, text):
        with open(self.log(name), encoding="utf-8", errors="replace") as f:
            return f.read().count(text)

    def says(self, name, text):
        return self.count(name, text) > 0

    def servers(self, verb, *which):
        subprocess.run([SERVERS, verb, self.dir, *which], check=True)

    def complaints(self):
        found = []
        for name in sorted(os.listdir(self.dir)):
            if name.endswith(".log") and name != "redis.log":
                with open(os.path.join(self.dir, name), encoding="utf-8", errors="replace") as f:
                    found += [f"{name}: {line.strip()}" for line in f if COMPLAINT.search(line)]
        return found

    # --- stores ---

    def sql(self, text):
        done = subprocess.run(["psql", "-X", "-q", "-At", "-F", "|", "-v", "ON_ERROR_STOP=1", self.postgres],
                              input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [line.split("|") for line in done.stdout.splitlines()]

    def redis(self, *words):
        return subprocess.run(["redis-cli", "-s", f"{self.dir}/redis.sock", *words], capture_output=True, text=True,
                              check=True).stdout.strip()

    def new_conversation(self, status="active"):
        cid = str(uuid.uuid4())
        self.sql(f"INSERT INTO conversations (id, user_id, name, status) VALUES ('{cid}', '{self.user}', 'a', '{status}')")
        return cid

    def new_conversations(self, count):
        made = [str(uuid.uuid4()) for _ in range(count)]
        self.sql("INSERT INTO conversations (id, user_id, name) VALUES " + ", ".join(f"('{c}', '{self.user}', 'a')" for c in made))
        return made

    def pause(self, cid, paused):
        self.sql(f"UPDATE conversations SET status = '{'paused' if paused else 'active'}' WHERE id = '{cid}'")
        if not paused:
            self.dealer.send_multipart(wire.encode("kick", conversation_id=cid))

    def admin(self, *words):
        return subprocess.run([self.program("gateway/admin/cleanerctx-admin"), "--config", self.config, *words], text=True,
                              capture_output=True, check=True).stdout

    def held_up(self, table="glossary_terms"):
        """While it lasts cleaners that take a turn of a new conversation have it in hand: what they read first waits."""
        return self.holding(f"LOCK TABLE {table}")

    @contextlib.contextmanager
    def holding(self, statement):
        """While it lasts a transaction of another holds what the statement locks."""
        with subprocess.Popen(["psql", "-X", "-q", "-At", self.postgres], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as psql:
            psql.stdin.write(f"BEGIN; {statement} \\g /dev/null\nSELECT 'locked';\n")
            psql.stdin.flush()
            assert psql.stdout.readline() == "locked\n"
            yield
            psql.stdin.close()

    def holder(self, cid):
        """Which cleaner has a turn of the conversation, if one has got so far as to hold it."""
        entry, _, held = self.redis("HMGET", f"q:{{0}}:busy:{cid}", "entry", "held").partition("\n")
        rows = self.redis("XPENDING", "q:{0}:ready", "cleaners", entry, entry, "1").splitlines() if entry and held else []
        return rows[1] if rows else None

    def crashes(self, cid, turn):
        return int(self.redis("HGET", f"q:{{0}}:busy:{cid}", f"crashes:{turn}") or 0)

    # --- turns ---

    def send(self, cid, text, turn_id=None, dealer=None, **more):
        turn_id = turn_id or str(uuid.uuid4())
        values = {"turn_id": turn_id, "conversation_id": cid, "user_id": self.user, "gateway": "g-test", "speaker": "User",
                  "raw_text": text, "received_at": time.time_ns() // 1000, **more}
        (dealer or self.dealer).send_multipart(wire.encode("turn", **values))
        return turn_id

    def gather(self):
        """Takes what has arrived at the gateway's and the notifier's place."""
        dead = [name for name, p in self.processes.items() if p.poll() is not None]
        assert not dead, f"died by themselves: {dead}: {self.complaints()}"
        for socket, to in ((self.dealer, self.verdicts), (self.pull, self.results)):
            while socket.poll(0):
                to.append(wire.decode(socket.recv_multipart()))

    def verdict(self, turn_id):
        def look():
            self.gather()
            return next((v for v in self.verdicts if v.turn_id == turn_id), None)
        return until(f"verdict of {turn_id}", look)

    def accept(self, cid, text, **more):
        """Sends a turn until it is taken, with one id, as a gateway and its client do; gives the verdict."""
        turn_id = str(uuid.uuid4())

        def taken():
            self.send(cid, text, turn_id=turn_id, **more)
            try:
                verdict = until("a verdict", lambda: self.gather() or
                                next((v for v in self.verdicts if v.turn_id == turn_id), None), seconds=2)
            except AssertionError:
                return None
            if verdict.outcome == UNAVAILABLE:
                self.verdicts.remove(verdict)
                return None
            return verdict
        return until("the turn is taken", taken)

    def processed(self, turn_id):
        """The turn as the durable result told it."""
        def look():
            self.gather()
            return next((r for r in self.results if r.turn_id == turn_id and r.durable), None)
        return json.loads(until(f"result of {turn_id}", look).turn)

    def events(self, kind):
        """Results of one kind (a number of EVENT_TABLE)."""
        self.gather()
        return [r for r in self.results if r.event == kind]

    def wait_done(self, cid, count):
        until(f"{count} turns are done", lambda: self.gather() or self.sql(
            f"SELECT count(*) FROM turns WHERE conversation_id = '{cid}' AND state <> 'queued'")[0][0] == str(count))
