# SPDX-License-Identifier: ISC
"""The fake language-model service (tests/fake_model) as a process, steered over HTTP."""

import json
import os
import subprocess
import urllib.request

from .installation import SANITIZERS, build_folder


class FakeModel:
    def __init__(self, *words, build=None):
        self.words, self.build = words, build or build_folder()
        self.port = 0

    def __enter__(self):
        self.start()
        return self

    def start(self):
        """On the port that it had before, if it was stopped."""
        program = os.path.join(self.build, "tests", "fake_model", "cleanerctx-fake-model")
        self.process = subprocess.Popen([program, "--port", str(self.port), *self.words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, **SANITIZERS})
        self.port = int(self.process.stdout.readline().split()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0
        self.process.stdout.close()

    def set(self, what, value):
        """case NAME, latency MS, fail PERCENT"""
        urllib.request.urlopen(f"{self.url}/fake/set/{what}/{value}", timeout=10).close()

    def asked(self):
        """The calls for an answer so far."""
        with urllib.request.urlopen(f"{self.url}/fake/log", timeout=10) as answer:
            return [call for call in json.load(answer) if call["items"]]
