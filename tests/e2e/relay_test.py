# SPDX-License-Identifier: ISC
"""The fault harness' relay: what each of its commands does to a connection."""

import os
import socket
import subprocess
import time
import unittest

from harness.installation import build_folder, free_port
from harness.wait import until

PROGRAM = os.path.join(build_folder(), "tests", "chaos", "relay", "cleanerctx-relay")
LONG = os.urandom(1 << 20) * 64  # more than sockets and relay hold together
SHORT_SECONDS = 0.2         # in which nothing may come


class Relay(unittest.TestCase):
    def setUp(self):
        self.behind = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        self.port = free_port()
        self.process = subprocess.Popen([PROGRAM, "way", f"tcp:127.0.0.1:{self.port}", f"tcp:127.0.0.1:{self.behind.getsockname()[1]}"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.assertEqual(self.process.stdout.readline(), "ready\n")

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.assertEqual(self.process.wait(20), 0)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def connect(self):
        here = self.enterContext(socket.create_connection(("127.0.0.1", self.port), timeout=20))
        there = self.enterContext(self.behind.accept()[0])
        there.settimeout(20)
        return here, there

    def ask(self, here, there):
        here.sendall(b"question")
        self.assertEqual(there.recv(100), b"question")
        there.sendall(b"answer")
        self.assertEqual(here.recv(100), b"answer")

    def silent(self, sock):
        sock.settimeout(SHORT_SECONDS)
        with self.assertRaises(TimeoutError):
            sock.recv(1)
        sock.settimeout(20)

    def test_both_ways_and_an_end(self):
        here, there = self.connect()
        self.ask(here, there)
        here.close()
        self.assertEqual(there.recv(1), b"")

    def test_a_reader_that_comes_late_gets_all(self):
        here, there = self.connect()
        here.setblocking(False)
        sent = 0
        while sent < len(LONG):
            try:
                sent += here.send(LONG[sent:])
            except BlockingIOError:
                break
        self.assertLess(sent, len(LONG), "it holds more than it should")
        here.close()
        got = b""
        while piece := there.recv(1 << 20):
            got += piece
        self.assertEqual(got, LONG[:sent])

    def test_stall_and_clear(self):
        here, there = self.connect()
        self.ask(here, there)
        self.tell("stall way")
        until("nothing comes through", lambda: self.is_held(here, there))
        self.tell("clear way")
        self.assertTrue(there.recv(100).endswith(b"."))

    def is_held(self, here, there):
        here.sendall(b".")
        there.settimeout(SHORT_SECONDS)
        try:
            there.recv(100)
            return False
        except TimeoutError:
            return True
        finally:
            there.settimeout(20)

    def test_delay(self):
        here, there = self.connect()
        self.tell("delay way 300")

        def late():
            begun = time.monotonic()
            here.sendall(b"a")
            there.recv(1)
            return time.monotonic() - begun >= 0.3

        until("a byte takes that long", late)

    def test_half_open(self):
        here, there = self.connect()
        self.ask(here, there)
        self.tell("half-open way")
        until("nothing comes through", lambda: self.is_held(here, there))
        here.close()
        self.silent(there)
        self.ask(*self.connect())

    def test_reset(self):
        here, there = self.connect()
        self.tell("reset way")
        for end in (here, there):
            self.assertRaises(ConnectionResetError, end.recv, 1)
        self.ask(*self.connect())

    def test_refuse_and_clear(self):
        here, _ = self.connect()
        self.tell("refuse way")
        self.assertRaises(ConnectionResetError, here.recv, 1)
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", self.port))
        self.tell("clear way")

        def again():
            try:
                return self.connect()
            except ConnectionRefusedError:
                return None

        self.ask(*until("it listens again", again))


if __name__ == "__main__":
    unittest.main()
