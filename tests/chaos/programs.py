# SPDX-License-Identifier: ISC
"""The services as the harness starts them: a folder like a build's, whose services are scripts that lead to the real ones.

What an instance gets beside what deploy/run gives it: a network namespace, a clock that a file steps, words, environment.
Each script execs, so the process is deploy/run's own child.
"""

import glob
import os
import shlex

from stack import build as builds

FAKETIME = "/usr/lib/*/faketime/libfaketime.so.1"
CLOCK_LOOKS_SECONDS = 1  # how often libfaketime reads its file: a step comes that late

SCRIPT = """#!/bin/sh
instance={name}
for word; do
	[ "$before" != --instance ] || instance=$word
	before=$word
done
exec="exec"
[ ! -e {folder}/$instance.sh ] || . {folder}/$instance.sh
while [ -e {folder}/$instance.held ]; do sleep 0.05; done
$exec {real} "$@" $more
"""


def stepped_clock(build):
    """The library, or (None, why not)."""
    found = glob.glob(FAKETIME)
    if not found:
        return None, "libfaketime is not installed (faketime)"
    with open(builds.program(build, "cleaner"), "rb") as f:
        if b"__asan_init" in f.read():
            return None, "libfaketime and AddressSanitizer exclude each other"
    return found[0], None


class Programs:
    def __init__(self, build, folder):
        self.folder = folder
        os.makedirs(folder)
        for name in builds.SERVICES:
            self.write(builds.program(folder, name), SCRIPT.format(name=name, folder=shlex.quote(folder),
                                                                    real=shlex.quote(builds.program(build, name))), 0o755)
        for name in ("admin", "fake-model"):
            os.makedirs(os.path.dirname(builds.program(folder, name)), exist_ok=True)
            os.symlink(builds.program(build, name), builds.program(folder, name))

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)

    def clock(self, instance):
        return os.path.join(self.folder, instance + ".clock")

    def step(self, instance, seconds):
        self.write(self.clock(instance) + ".new", f"{seconds:+d}\n")
        os.replace(self.clock(instance) + ".new", self.clock(instance))

    def hold(self, instance):
        """Its next start waits until it is let go."""
        self.write(os.path.join(self.folder, instance + ".held"), "")

    def let_go(self, instance):
        os.unlink(os.path.join(self.folder, instance + ".held"))

    def instance(self, name, *, environment=None, words=(), faketime=None, net=None):
        """What `name` gets."""
        before = ["exec"] + (net.enter() if net else [])
        if faketime:
            self.step(name, 0)
            before += ["env", f"LD_PRELOAD={faketime}", f"FAKETIME_TIMESTAMP_FILE={self.clock(name)}", "FAKETIME_DONT_RESET=1",
                       "FAKETIME_DONT_FAKE_MONOTONIC=1", f"FAKETIME_CACHE_DURATION={CLOCK_LOOKS_SECONDS}"]
        lines = [f"export {key}={shlex.quote(value)}" for key, value in (environment or {}).items()]
        lines += [f'exec="{" ".join(before)}"', f'more="{" ".join(words)}"']
        self.write(os.path.join(self.folder, name + ".sh"), "\n".join(lines) + "\n")
