# SPDX-License-Identifier: ISC
"""Packages and Meson: from a source tree to a build folder with every program in it."""

import os
import subprocess

from . import Trouble
from .places import FileLock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICES = ("monitor", "notifier", "decider", "cleaner", "gateway")
FOLDERS = {"admin": "gateway/admin", "fake-model": "tests/fake_model"}  # programs that are not a service


def program(build, name):
    return os.path.join(build, FOLDERS.get(name, name), "cleanerctx-" + name)


def install(sections, may_install):
    command = [os.path.join(ROOT, "deploy", "install-packages")]
    if not may_install:
        command.append("--check")
    done = subprocess.run(command + list(sections), stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["install-packages failed"]
        raise Trouble(said[-1].removeprefix("install-packages: "))


def build(folder, setup=(), targets=()):
    """Meson's setup, once, and ninja; one at a time for a folder. Its words are kept in FOLDER/deploy.log."""
    os.makedirs(folder, exist_ok=True)
    with FileLock(os.path.join(folder, ".lock"), f"another build in {folder}"):
        with open(os.path.join(folder, "deploy.log"), "w", encoding="utf-8") as log:
            if not os.path.exists(os.path.join(folder, "build.ninja")):
                _step(log, ["meson", "setup", *setup, folder, ROOT])
            _step(log, ["ninja", "-C", folder, *targets])


def _step(log, command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise Trouble(f"the build failed: {_reason(log.name)} (all of it: {log.name})")


def _reason(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        lines = [line.strip() for line in log if line.strip()]
    for line in lines:
        if "error:" in line.lower():
            return line
    return lines[-1] if lines else "no output"


def check_programs(folder):
    for name in SERVICES + ("admin",):
        if not os.access(program(folder, name), os.X_OK):
            raise Trouble(f"{program(folder, name)} is not there; build first, or leave out --build")
