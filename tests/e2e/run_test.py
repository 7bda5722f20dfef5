# SPDX-License-Identifier: ISC
"""deploy/run itself: what it promises on its command line, and that it leaves nothing behind."""

import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import unittest

from harness.client import Client
from harness.installation import Installation, deploy_run, free_port
from harness.wait import until
from stack import build as builds
from stack.places import State

ALL = ["cleaner-1", "cleaner-2", "decider", "gateway", "monitor", "notifier", "postgres", "redis"]


def running_in(folder):
    """Command lines of processes that mention the folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if folder in line and int(pid) != os.getpid():
            found.append(line)
    return found


class Run(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(Installation())

    def test_state_folder(self):
        self.assertEqual(self.here.names(), ALL)
        for name in ALL:
            os.kill(self.here.pid(name), 0)
            self.assertTrue(os.path.exists(self.here.state.log(name)), name)
        self.assertEqual(stat.S_IMODE(os.stat(self.here.state.credentials).st_mode), 0o600)
        email, password, key = self.here.credentials()
        me = Client(self.here.url).login(email, password).get("/api/v1/auth/me").json
        self.assertEqual(me["email"], email)
        self.assertEqual(Client(self.here.url, key).get("/api/v1/auth/me").json["id"], me["id"])

    def test_who_gives_way(self):
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        for name in ALL:
            least = 10 if name.startswith("cleaner") else 5 if name == "notifier" else 0
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, self.here.pid(name)), max(ours, least), name)
            if ours < least and os.path.exists("/proc/self/autogroup"):
                with open(f"/proc/{self.here.pid(name)}/autogroup", encoding="ascii") as f:
                    self.assertIn(f" nice {least}\n", f.read(), name)

    def test_data_is_kept(self):
        client = self.here.client()
        conversation = client.new_conversation(name="kept")
        client.turn(conversation, "I'm the vector of marketing")
        before = client.all_turns(conversation)
        credentials = self.here.credentials()
        client.close()
        self.here.stop()
        self.assertEqual(running_in(self.here.state.path), [])
        self.assertEqual(self.here.names(), [])
        self.here.start()
        self.assertEqual(self.here.credentials(), credentials)
        self.assertEqual(self.here.client().all_turns(conversation), before)

    def test_two_side_by_side(self):
        with Installation(cleaners=1) as other:
            theirs = other.client().new_conversation()
            self.assertEqual(self.here.client().get(f"/api/v1/conversations/{theirs}").status, 401 if
                             other.client().token == self.here.client().token else 404)
            self.assertEqual(other.client().turn(theirs, "yes").status, 201)

    def test_the_same_state_twice(self):
        done = deploy_run(*self.here.words(), "--detach")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        self.assertEqual(self.here.client().get("/api/v1/auth/me").status, 200)

    def test_a_long_way_to_the_state_folder(self):
        """The sockets' folder is one that the services take, however long the way to the state folder is."""
        for n in range(60, 120):
            words = [builds.program(self.here.build, "monitor"), "--check-config", "--runtime_dir", State("/" + "x" * n).run]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

    def test_a_state_folder_of_an_odd_name(self):
        odd = os.path.join(self.here.folder, "my work, it's @run@ \"x\"")
        self.addCleanup(shutil.rmtree, State(odd).run, ignore_errors=True)
        words = ["--no-install", "--no-demo", "--build", self.here.build, "--state", odd, "--port", str(free_port())]
        started = deploy_run("--detach", *words)
        stopped = deploy_run("--stop", "--state", odd)
        self.assertEqual((started.returncode, started.stderr, stopped.stdout), (0, "", "stopped\n"))

    def test_sample_is_shown(self):
        self.here.stop()
        done = deploy_run(*self.here.words(), "--detach")
        self.assertEqual(done.returncode, 0, done.stderr)
        for text in ("I'm the vector of marketing", "I'm the director of marketing.", "75 employees", "Facebook",
                     self.here.url, self.here.credentials()[0], self.here.credentials()[1]):
            self.assertIn(text, done.stdout)
        self.assertNotIn("\033", done.stdout)

    def test_detached_holds_nothing_of_the_caller(self):
        """A caller that waits for the end of its pipes gets it; and no open file of any process is one of them."""
        self.here.stop()
        read, write = os.pipe()
        done = subprocess.run([os.path.join(builds.ROOT, "deploy", "run"), *self.here.words(), "--detach", "--no-demo"],
                              stdin=subprocess.DEVNULL, stdout=write, stderr=write, pass_fds=(write,), timeout=120, check=False)
        os.close(write)
        self.assertEqual(done.returncode, 0)
        with os.fdopen(read) as f:
            self.assertIn("listens on", f.read())  # returns only when nobody has the other end any more

    def test_ctrl_c_stops_everything(self):
        self.here.stop()
        child = subprocess.Popen([os.path.join(builds.ROOT, "deploy", "run"), *self.here.words(), "--no-demo"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in child.stdout:
            if "Ctrl-C" in line:
                break
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=120)
        self.assertEqual((child.returncode, err), (0, ""), out)
        self.assertNotIn("had to be killed", out)
        self.assertEqual(running_in(self.here.state.path), [])

    def test_a_full_disk_ends_nothing(self):
        """A process dies while neither the supervisor's log nor a pid can be written: it goes on, and is whole again after."""
        supervisor, before = self.here.state.holder(), self.here.pid("cleaner-1")
        _, most = resource.prlimit(supervisor, resource.RLIMIT_FSIZE)
        resource.prlimit(supervisor, resource.RLIMIT_FSIZE, (0, most))
        os.kill(before, signal.SIGKILL)
        until("its pid is not told wrongly", lambda: "cleaner-1" not in self.here.names())
        self.assertEqual(self.here.state.holder(), supervisor)
        resource.prlimit(supervisor, resource.RLIMIT_FSIZE, (most, most))
        until("it is started again", lambda: "cleaner-1" in self.here.names() and self.here.pid("cleaner-1") != before)
        self.assertEqual(self.here.client().try_get("/readyz"), 200)

    def test_nothing_outlives_a_killed_run(self):
        os.kill(self.here.state.holder(), signal.SIGKILL)
        until("all are gone", lambda: not running_in(self.here.state.path))
        self.here.start()
        self.assertEqual(self.here.client().get("/api/v1/auth/me").status, 200)

    def test_the_dead_are_started_again(self):
        for name in ALL:
            with self.subTest(name):
                self.here.kill_and_wait(name)
        self.here.wait_ready()
        client = self.here.client()
        until("a turn is cleaned again", lambda: client.turn(
            client.new_conversation(), "I'm the vector of marketing").json.get("cleaned_text"))


class Refusals(unittest.TestCase):
    """One line that says what is wrong, and nothing left running."""

    def setUp(self):
        self.here = Installation()
        self.addCleanup(self.here.__exit__, Exception)

    def refuse(self, *words, says, **how):
        done = deploy_run(*self.here.words(), "--detach", *words, **how)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertIsNone(self.here.state.holder())
        self.assertEqual(running_in(self.here.state.path), [])

    def test_port_taken(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", self.here.port))
            s.listen()
            self.refuse(says=f"port {self.here.port}")

    def test_server_that_is_not_there(self):
        self.refuse("--pg", "host=/nonexistent dbname=x", says="/nonexistent")
        self.refuse("--redis", "unix:///nonexistent/redis.sock", says="/nonexistent/redis.sock")

    def test_a_file_that_cannot_be_written(self):
        """As on a full disk, which has no room for a word about it in the log either."""
        self.refuse(says="File too large", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)))

    def test_bad_configuration(self):
        self.refuse(says="log_level", env={**os.environ, "CLEANERCTX_LOG_LEVEL": "loud"})

    def test_bad_fake_model(self):
        for words in ("latency=abc", "latency=15ms", "fail=101", "fail=10:nothing"):
            with self.subTest(words):
                self.refuse("--fake-model", words, says=words.partition("=")[2])

    def test_stop_of_nothing(self):
        done = deploy_run("--stop", "--state", self.here.state.path)
        self.assertEqual(done.returncode, 0)

    def test_existing_servers(self):
        """--pg and --redis: another installation's servers; nothing of its own is started for them."""
        with Installation(cleaners=1) as other:
            theirs = State(other.state.path)
            self.refuse("--redis", f"unix://{theirs.socket('redis.sock')}?db=x", says="after ? stands db=N")
            self.here.start("--pg", f"host={theirs.socket('pg')} dbname=cleanerctx user=cleanerctx",
                            "--redis", f"unix://{theirs.socket('redis.sock')}?db=1")
            self.assertNotIn("postgres", self.here.names())
            self.assertNotIn("redis", self.here.names())
            self.assertEqual(self.here.client().turn(self.here.client().new_conversation(), "yes").status, 201)
            self.here.stop()


if __name__ == "__main__":
    unittest.main()
