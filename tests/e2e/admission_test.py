# SPDX-License-Identifier: ISC
"""Turns that nobody waits for are admitted as the others are: accepted and not yet cleaned, they are under way."""

import json
import os
import signal
import socket
import unittest

from harness.installation import Installation
from harness.wait import until

WAVE = 100  # sent at once; far fewer than are under way without question, so only those of earlier waves can be too many


class Admission(unittest.TestCase):
    def setUp(self):
        self.here = self.enterContext(Installation(cleaners=1, environment={
            "CLEANERCTX_RATE_PER_S": "100000", "CLEANERCTX_ADDRESS_RATE_PER_S": "0", "CLEANERCTX_ADDRESS_CONNECTS_PER_S": "0",
            "CLEANERCTX_ADDRESS_CONNECTIONS": "0"}))
        self.me = self.here.client()
        self.addCleanup(self.me.close)
        self.conversation = self.me.new_conversation()

    def answer(self, s):
        """Status, headers and JSON of the next answer."""
        f = s.makefile("rb")
        status, headers = int(f.readline().split()[1]), {}
        while (line := f.readline().strip()):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, json.loads(f.read(int(headers["content-length"])))

    def wave(self, sockets):
        body = json.dumps({"speaker": "User", "raw_text": "so um we have seventy five employees"}).encode()
        request = (f"POST /api/v1/conversations/{self.conversation}/turns HTTP/1.1\r\nHost: x\r\nPrefer: respond-async\r\n"
                   f"Authorization: Bearer {self.me.token}\r\nContent-Type: application/json\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        for s in sockets:
            s.sendall(request)
        return [self.answer(s) for s in sockets]

    def test_turns_that_nobody_waits_for(self):
        sockets = [socket.create_connection(("127.0.0.1", self.here.port), timeout=60) for _ in range(WAVE)]
        for s in sockets:
            self.addCleanup(s.close)
        pid = self.here.kill("cleaner-1", signal.SIGSTOP)
        answers = []

        def refused():
            answers.extend(self.wave(sockets))
            return [a for a in answers if a[0] != 202]

        try:
            over = until("some are refused", refused)
        finally:
            os.kill(pid, signal.SIGCONT)
        for status, headers, problem in over:
            self.assertEqual((status, bool(headers["retry-after"])), (503, True))
            self.assertIn("more turns come than can be cleaned in time", problem["detail"])
        accepted = {a[2]["turn_id"] for a in answers if a[0] == 202}
        self.assertGreaterEqual(len(accepted), WAVE)
        until("what was accepted is done", lambda: {t["state"] for t in self.me.all_turns(self.conversation)} == {"done"})
        self.assertEqual({t["turn_id"] for t in self.me.all_turns(self.conversation)}, accepted)
        self.assertIn(f'cleanerctx_turns_refused_total{{speaker="person"}} {len(over)}', self.me.get("/metrics").bytes.decode())
        until("turns are taken again", lambda: self.me.turn(self.conversation, "um yes we do").status == 201)


if __name__ == "__main__":
    unittest.main()
