# SPDX-License-Identifier: ISC
"""A machine of its own for a test: systemd, booted on this machine's files in namespaces of its own (boot.sh). What happens in
it stays in it. It needs root and what a kernel may not allow: then `Booted.refused()` says why.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile

from .wait import until

SYSTEMD = "/lib/systemd/systemd"
NAMESPACES = ("--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup")
BOOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot.sh")


def _control_groups():
    """The folders of the hierarchies that systemd uses: the second version's, and the first's own."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return [line.split()[4] for line in f if re.search(r" - cgroup2 | - cgroup .*name=systemd", line)]


class Booted:
    def __init__(self, *shown):
        self.shown = shown  # folders that are seen in it, read-only, whatever they are mounted on
        self.folder = tempfile.mkdtemp(prefix="cleanerctx-booted-")
        self.groups = [os.path.join(path, os.path.basename(self.folder)) for path in _control_groups()]
        self.child = self.init = None

    @staticmethod
    def refused():
        """Why there can be none here; None: there can."""
        if os.getuid() != 0:
            return "it needs root"
        if not os.access(SYSTEMD, os.X_OK) or not _control_groups():
            return "no systemd, or no control groups"
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["unshare", *NAMESPACES, "--fork", "sh", "-ec",
                                   f"mount -t tmpfs tmpfs {folder}; mkdir {folder}/u {folder}/w {folder}/m; mount -t overlay "
                                   f"-o lowerdir=/,upperdir={folder}/u,workdir={folder}/w overlay {folder}/m"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done.stderr.strip() or None

    def __enter__(self):
        try:
            self._boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _boot(self):
        for group in self.groups:
            os.mkdir(group)
        with open(os.path.join(self.folder, "console"), "wb") as console:
            self.child = subprocess.Popen(["unshare", *NAMESPACES, "--fork", "--kill-child", BOOT, self.folder,
                                           *self.shown],
                                          stdin=subprocess.DEVNULL, stdout=console, stderr=console, preexec_fn=self._join)
        self.init = until("systemd is started", self._started)
        until("systemd is up", lambda: self.run("systemctl is-system-running", check=False).stdout.strip()
              in ("running", "degraded"))

    def _join(self):
        """Into control groups of its own: what is the root of its hierarchy is then none of this machine's."""
        for group in self.groups:
            with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as f:
                f.write(str(os.getpid()))

    def _started(self):
        if self.child.poll() is not None:
            with open(os.path.join(self.folder, "console"), encoding="utf-8", errors="replace") as f:
                raise AssertionError(f"it did not boot: {f.read()}")
        with open(f"/proc/{self.child.pid}/task/{self.child.pid}/children", encoding="ascii") as f:
            pids = f.read().split()
        return pids and os.path.realpath(f"/proc/{pids[0]}/exe") == os.path.realpath(SYSTEMD) and int(pids[0])

    def run(self, script, check=True, stdin=""):
        """Runs a shell's words in it."""
        done = subprocess.run(["nsenter", "-t", str(self.init), "-m", "-p", "-n", "-i", "-u", "-C", "-r", "-w", "bash", "-euo",
                               "pipefail", "-c", script], input=stdin, text=True, capture_output=True, timeout=180, check=False)
        if check and done.returncode:
            raise AssertionError(f"{script}\nexit {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def close(self):
        """The first process's end is everybody's in it."""
        if self.child is not None:
            if self.init:
                os.kill(self.init, signal.SIGKILL)
            self.child.kill()
            self.child.wait()
        for group in self.groups:
            for path, _, _ in os.walk(group, topdown=False):
                until(f"{path} is empty", lambda path=path: _removed(path))
        shutil.rmtree(self.folder, ignore_errors=True)


def _removed(path):
    try:
        os.rmdir(path)
        return True
    except FileNotFoundError:
        return True
    except OSError:
        return False
