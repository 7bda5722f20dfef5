# SPDX-License-Identifier: ISC
"""A private installation for a test: deploy/run on a temporary state folder and a free port.

Use it as a context manager. At its end it is stopped in the ordinary way, and the logs of all processes are searched for
what a sanitizer said: that is a failure of the test, whatever else it found.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from stack import build as builds
from stack.places import State

from .client import Client
from .wait import until

COMPLAINT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer|event=bug")
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


def build_folder():
    return os.environ.get("CLEANERCTX_TEST_BUILD") or os.path.join(builds.ROOT, "build")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def deploy_run(*words, **how):
    """deploy/run with these words; gives the finished process with its output as text."""
    return subprocess.run([os.path.join(builds.ROOT, "deploy", "run"), *words], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=300, check=False, **how)


class Installation:
    def __init__(self, build=None, cleaners=2, environment=None, fake_model=None):
        self.build = build or build_folder()
        self.cleaners = cleaners
        self.environment = environment or {}
        self.fake_model = fake_model  # deploy/run's words for it: "latency=40"
        self.folder = tempfile.mkdtemp(prefix="cleanerctx-test-")
        os.chmod(self.folder, 0o755)
        self.state = State(os.path.join(self.folder, "state"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None:
            complaints = self.complaints()
            if complaints:
                raise AssertionError("processes complained:\n" + "\n".join(complaints))
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.state.run, ignore_errors=True)

    # --- the life of the installation ---

    def words(self):
        return ["--build", self.build, "--state", self.state.path, "--port", str(self.port),
                "--cleaners", str(self.cleaners), "--no-install",
                *(["--fake-model", self.fake_model] if self.fake_model is not None else [])]

    def start(self, *more):
        done = deploy_run(*self.words(), "--detach", "--no-demo", *more,
                          env={**os.environ, **SANITIZERS, **self.environment})
        if done.returncode:
            raise AssertionError(f"deploy/run failed: {done.stderr}")
        return done

    def stop(self):
        done = deploy_run("--stop", "--state", self.state.path)
        if done.returncode:
            raise AssertionError(f"deploy/run --stop failed: {done.stderr}")

    def close(self):
        if self.state.holder():
            self.stop()

    def complaints(self):
        found = []
        for name in sorted(os.listdir(self.state.logs)) if os.path.isdir(self.state.logs) else ():
            with open(os.path.join(self.state.logs, name), encoding="utf-8", errors="replace") as log:
                lines = log.read().splitlines()
            hits = [n for n, line in enumerate(lines) if COMPLAINT.search(line)]
            if hits:
                found.append(f"{name}:\n  " + "\n  ".join(lines[max(0, hits[0] - 2):hits[0] + 30]))
        return found

    # --- its processes ---

    def pid(self, name):
        with open(os.path.join(self.state.pids, name + ".pid"), encoding="ascii") as f:
            return int(f.read())

    def names(self):
        return sorted(name.removesuffix(".pid") for name in os.listdir(self.state.pids))

    def kill(self, name, number=signal.SIGKILL):
        """Sends the signal; gives the process id that it had."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def kill_and_wait(self, name):
        """kill -9, then until the supervisor has started another."""
        old = self.kill(name)
        until(f"{name} is started again", lambda: self.pid(name) != old)

    def wait_ready(self):
        client = Client(self.url)
        until("the gateway is ready", lambda: client.try_get("/readyz") == 200)

    def model_url(self):
        """Where the fake model is."""
        with open(self.state.config, encoding="utf-8") as f:
            return re.search(r"^model_url = (.*)$", f.read(), re.M)[1]

    # --- its users and data ---

    def credentials(self):
        with open(self.state.credentials, encoding="utf-8") as f:
            return f.read().splitlines()

    def admin(self, *words, stdin=""):
        return subprocess.run([builds.program(self.build, "admin"), "--config", self.state.config, *words], input=stdin,
                              text=True, capture_output=True, timeout=60, check=True).stdout.strip()

    def add_user(self, email, password, role="user"):
        """Gives a client that is this user, by an API key."""
        self.admin("user", "add", email, "--role", role, stdin=password + "\n")
        return Client(self.url, self.admin("key", "add", email))

    def client(self):
        """The demo user."""
        return Client(self.url, self.credentials()[2])

    def sql(self, query):
        """Rows as lists of text."""
        done = subprocess.run(["psql", "-h", self.state.socket("pg"), "-U", "cleanerctx", "-d", "cleanerctx", "-qAtX",
                               "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-c", query], text=True, capture_output=True,
                              timeout=300, check=False)
        if done.returncode:
            raise AssertionError(f"psql: {done.stderr.strip()}")
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    @contextlib.contextmanager
    def locked(self, statement):
        """A transaction that has done so stays open meanwhile."""
        with subprocess.Popen(["psql", "-h", self.state.socket("pg"), "-U", "cleanerctx", "-d", "cleanerctx", "-qAtX"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as psql:
            psql.stdin.write(f"BEGIN; {statement}; SELECT 'locked';\n")
            psql.stdin.flush()
            if psql.stdout.readline() != "locked\n":
                raise AssertionError(f"{statement} did not pass")
            yield
            psql.stdin.close()

    def plan(self, before, statement):
        """The nodes of a statement's plan, flattened; `before` is run first, in the same session."""
        rows = self.sql(before + "EXPLAIN (FORMAT JSON) " + statement)
        nodes, found = [json.loads("\n".join(row[0] for row in rows))[0]["Plan"]], []
        while nodes:
            node = nodes.pop()
            found.append(node)
            nodes += node.get("Plans", [])
        return found

    def redis(self, *words):
        return subprocess.run(["redis-cli", "-s", self.state.socket("redis.sock"), *words], text=True, capture_output=True,
                              timeout=60, check=True).stdout.strip()
