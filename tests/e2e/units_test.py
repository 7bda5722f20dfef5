# SPDX-License-Identifier: ISC
"""README.md's "On a machine of its own" works as it stands: its commands are run, under systemd, and deploy/systemd/'s units hold."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from harness.booted import Booted
from harness.installation import build_folder, SANITIZERS
from harness.readme import blocks
from harness.wait import until
from stack import build as builds

SERVICES = ("monitor", "notifier", "decider", "cleaner@1", "cleaner@2", "gateway")
URL = "http://127.0.0.1:8080"


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        refused = Booted.refused()
        if refused:
            raise unittest.SkipTest(refused)
        made = cls.enterClassContext(tempfile.TemporaryDirectory())
        subprocess.run(["meson", "install", "--no-rebuild", "-C", build_folder()], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, env={**os.environ, "DESTDIR": made}, check=True)
        cls.machine = cls.enterClassContext(Booted(builds.ROOT, made))
        cls.machine.run("pg_createcluster 15 main && systemctl start postgresql@15-main redis-server")
        cls.machine.run("mkdir -p /etc/systemd/system.conf.d && cat >/etc/systemd/system.conf.d/sanitizers.conf", stdin=(
            # a leak is looked for by ptrace, which no service may use
            f"[Manager]\nDefaultEnvironment=ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS={SANITIZERS['UBSAN_OPTIONS']}\n"))
        commands, = blocks("On a machine of its own")
        for command in commands.strip().splitlines():
            if command.startswith("meson"):
                command = f"cp -r {made}/usr/local/* /usr/"  # of the build that is tested
            if not command.startswith("apt-get"):
                cls.machine.run(f"cd {builds.ROOT} && {command}")

    def log(self):
        return self.machine.run("journalctl --no-pager -o cat -t " + " -t ".join(
            "cleanerctx-" + name for name in builds.SERVICES)).stdout

    def answers(self):
        return self.machine.run(f"curl -s {URL}/readyz", check=False).stdout

    def restarted(self):
        units = [f"cleanerctx-{name}" for name in SERVICES]
        shown = self.machine.run(f"systemctl show -p NRestarts -p ActiveState {' '.join(units)}").stdout
        self.assertEqual(re.findall(r"ActiveState=(\w+)", shown), ["active"] * len(units), self.log())
        return sum(map(int, re.findall(r"NRestarts=(\d+)", shown)))

    def ready(self):
        until("all is ready", lambda: '"ready"' in self.answers())

    def test_a_turn(self):
        self.ready()
        self.assertEqual(self.restarted(), 0, self.log())
        self.machine.run("runuser -u cleanerctx -- cleanerctx-admin user add me@example.com", stdin="a long password\n")
        key = self.machine.run("runuser -u cleanerctx -- cleanerctx-admin key add me@example.com").stdout.strip()

        def post(path, body):
            return json.loads(self.machine.run(f"curl -s -H 'Authorization: Bearer {key}' --json @- {URL}/api/v1/{path}",
                                               stdin=json.dumps(body)).stdout)
        conversation = post("conversations", {})["id"]
        turn = post(f"conversations/{conversation}/turns", {"speaker": "User", "raw_text": "I'm the vector of marketing"})
        self.assertEqual(turn["cleaned_text"], "I'm the director of marketing.")
        self.assertEqual(post("auth/login", {"email": "me@example.com", "password": "a long password"})["token_type"], "bearer")
        self.assertNotIn("getifaddrs", self.log())

    def test_between_machines(self):
        """The endpoints that are bound are tcp:// then, with an address."""
        import zmq
        public, secret = (key.decode() for key in zmq.curve_keypair())
        self.machine.run("ip address add 10.231.0.1/24 dev lo")
        self.machine.run("cp /etc/cleanerctx/cleanerctx.conf /tmp/ && cat >>/etc/cleanerctx/cleanerctx.conf", stdin="\n[common]\n"
                         f"curve_public_key = {public}\ncurve_secret_key = {secret}\n" + "".join(
                             f"{name} = tcp://10.231.0.1:{7000 + n}\n" for n, name in enumerate(
                                 ("turns", "results", "events", "timings", "alerts", "control"))))
        try:
            self.machine.run("systemctl restart 'cleanerctx-*'")
            self.ready()
            self.assertEqual(self.restarted(), 0, self.log())
        finally:
            self.machine.run("cp /tmp/cleanerctx.conf /etc/cleanerctx/ && systemctl restart 'cleanerctx-*'")

    def test_pages(self):
        """systemctl help finds the page that a unit names."""
        for page in self.machine.run("grep -oh 'man:.*' /etc/systemd/system/cleanerctx*").stdout.split():
            name, section = re.fullmatch(r"man:([\w-]+)\((\d)\)", page).groups()
            self.machine.run(f"test -e /usr/share/man/man{section}/{name}.{section}")

    def test_stop(self):
        self.machine.run("systemctl stop cleanerctx.target")
        try:
            until("all have stopped", lambda: not self.machine.run(
                "systemctl list-units --plain --no-legend 'cleanerctx-*.service'").stdout)
        finally:
            self.machine.run("systemctl start cleanerctx.target")
            self.ready()


if __name__ == "__main__":
    unittest.main()
