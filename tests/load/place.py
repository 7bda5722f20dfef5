# SPDX-License-Identifier: ISC
"""What the load commands share: an installation to put the load on, users for it, the client, and what the processes cost.

The installation is one that runs (--state DIR) or one of our own, in a temporary folder, stopped and removed at the end.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "deploy"), os.path.join(ROOT, "tests")]

from harness import machine  # noqa: E402
from stack import build as builds  # noqa: E402
from stack.places import State  # noqa: E402


class Failed(Exception):
    """Said in one line; the command ends with 1."""


def add_options(parser):
    parser.add_argument("--state", metavar="DIR", help="of an installation that runs; without it one is started, and stopped after")
    parser.add_argument("--build", metavar="DIR", help="programs of this build folder for an installation of our own")
    parser.add_argument("--keep", metavar="DIR", help="state folder for an installation of our own, kept afterwards")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Place:
    """with Place(options) as here: ..; environment: for an installation of our own, CLEANERCTX_KEY=value."""

    def __init__(self, options, environment=None):
        self.options, self.environment = options, environment or {}
        self.own = self.folder = None

    def __enter__(self):
        try:
            if self.options.state:
                self.state = State(self.options.state)
            else:
                self._start()
            self._look()
            print(machine.describe(self.state.path), flush=True)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _deploy(self, *words):
        done = subprocess.run([os.path.join(ROOT, "deploy", "run"), *words], stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, check=False, env={**os.environ, **self.environment})
        if done.returncode:
            raise Failed(done.stderr.strip())

    def _start(self):
        self.folder = None if self.options.keep else tempfile.mkdtemp(prefix="cleanerctx-load-")
        if self.folder:
            os.chmod(self.folder, 0o755)
        self.state = State(self.options.keep or os.path.join(self.folder, "state"))
        words = ["--build", self.options.build] if self.options.build else []
        self._deploy("--detach", "--no-demo", "--state", self.state.path, "--port", str(free_port()), *words)
        self.own = True

    def _look(self):
        try:
            with open(self.state.config, encoding="utf-8") as f:
                self.url = "http://" + re.search(r"^listen = (\S+)", f.read(), re.M)[1]
            gateway = os.readlink(f"/proc/{self.pids()['gateway']}/exe")
        except (OSError, KeyError):
            raise Failed(f"nothing runs in {self.state.path}") from None
        self.build = os.path.dirname(os.path.dirname(gateway))
        self.client = os.path.join(self.build, "tests", "load", "client", "cleanerctx-load")

    def close(self):
        if self.own:
            self._deploy("--stop", "--state", self.state.path)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.rmtree(self.state.run, ignore_errors=True)

    # --- users ---

    def admin(self, *words, stdin=""):
        return subprocess.run([builds.program(self.build, "admin"), "--config", self.state.config, *words], input=stdin,
                              text=True, stdout=subprocess.PIPE, check=True).stdout.strip()

    def keys(self, users):
        """The path of a file with the API keys of so many new users."""
        run, path = uuid.uuid4().hex[:8], os.path.join(self.state.run, f"load-{os.getpid()}.keys")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as f:
            for n in range(users):
                email = f"load-{run}-{n}@example.com"
                self.admin("user", "add", email, stdin="a long password\n")
                f.write(self.admin("key", "add", email) + "\n")
        return path

    # --- the client ---

    def load(self, *words):
        """The client at work; its standard output is a pipe of text."""
        return subprocess.Popen([self.client, self.url, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                text=True)

    # --- the processes ---

    def pids(self):
        """Name to process id, of all that the installation runs."""
        found = {}
        for name in sorted(os.listdir(self.state.pids)):
            if name.endswith(".pid"):
                with open(os.path.join(self.state.pids, name), encoding="ascii") as f:
                    found[name.removesuffix(".pid")] = int(f.read())
        return found

    def redis(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.state.socket("redis.sock"), *words], text=True,
                              stdout=subprocess.PIPE, check=False)
        return done.stdout.strip()


def children(pid):
    """The process and all below it: PostgreSQL's are one a connection."""
    found = [pid]
    for parent in found:
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{thread}/children", encoding="ascii") as f:
                    found += map(int, f.read().split())
        except OSError:
            pass  # it ended
    return found


def memory_kb(pid):
    """(RSS, PSS) of a process and those below it: a page that they share counts once in the PSS."""
    rss = pss = 0
    for each in children(pid):
        try:
            with open(f"/proc/{each}/smaps_rollup", encoding="ascii") as f:
                lines = dict(line.split(":", 1) for line in f.read().splitlines()[1:])
        except OSError:
            continue
        rss += int(lines["Rss"].split()[0])
        pss += int(lines["Pss"].split()[0])
    return rss, pss


def descriptors(pid):
    count = 0
    for each in children(pid):
        try:
            count += len(os.listdir(f"/proc/{each}/fd"))
        except OSError:
            pass
    return count


def run(main):
    """Runs a command's main; its exit code. Ctrl-C and SIGTERM end it in order."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        return main()
    except (Failed, KeyboardInterrupt) as end:
        print(f"{os.path.basename(sys.argv[0])}: {end or 'interrupted'}", file=sys.stderr)
        return 1
