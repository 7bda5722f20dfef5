# SPDX-License-Identifier: ISC
"""Bad input: a clear problem, nothing stored, nothing crashed, the next request fine."""

import base64
import contextlib
import gzip
import hashlib
import hmac
import json
import socket
import time
import unittest
import uuid

from harness.installation import Installation
from harness.client import Client

TURN = {"speaker": "User", "raw_text": "We have seventy five employees"}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(header, claims, secret):
    body = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{body}.{b64(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def raw_json(**members):
    return json.dumps({**TURN, **members}).encode()


# what it is, body, status
BODIES = (
    ("no JSON", b"{", 400),
    ("half an object", b'{"speaker":"User","raw_text":"x"', 400),
    ("rubbish after it", raw_json() + b"}", 400),
    ("empty", b"", 400),
    ("invalid UTF-8", b'{"speaker":"User","raw_text":"\xff\xfe"}', 400),
    ("overlong UTF-8", b'{"speaker":"User","raw_text":"\xc0\xaf"}', 400),
    ("ten thousand deep", b"[" * 10000 + b"]" * 10000, 400),
    ("ten thousand deep in a member", b'{"speaker":"User","raw_text":"x","options":' + b'{"a":' * 9999 + b"1" + b"}" * 10000, 400),
    ("an array", b"[]", 422),
    ("a number", b"17", 422),
    ("null", b"null", 422),
    ("no text", b'{"speaker":"User"}', 422),
    ("no speaker", b'{"raw_text":"x"}', 422),
    ("unknown member", raw_json(extra=1), 422),
    ("text is a number", raw_json(raw_text=7), 422),
    ("text is null", raw_json(raw_text=None), 422),
    ("speaker is a list", raw_json(speaker=["User"]), 422),
    ("unknown speaker", raw_json(speaker="Nobody"), 422),
    ("empty text", raw_json(raw_text=""), 422),
    ("white space only", raw_json(raw_text=" \t\r\n  "), 422),
    ("16 KiB and one", raw_json(raw_text="a" * (16 * 1024 + 1)), 422),
    ("NUL", b'{"speaker":"User","raw_text":"a\\u0000b"}', 422),
    ("bell", b'{"speaker":"User","raw_text":"a\\u0007b"}', 422),
    ("raw control character", b'{"speaker":"User","raw_text":"a\x07b"}', 400),
    ("lone surrogate", b'{"speaker":"User","raw_text":"a\\ud800b"}', 422),
    ("wrong level", raw_json(force_cleaning_level="some"), 422),
    ("deadline too short", raw_json(options={"deadline_ms": 1}), 422),
    ("deadline is text", raw_json(options={"deadline_ms": "500"}), 422),
    ("over the limit", raw_json(raw_text="a" * (65 * 1024)), 413),
)


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())
        cls.client = cls.here.client()
        cls.conversation = cls.client.new_conversation(name="bad input")
        cls.turns = f"/api/v1/conversations/{cls.conversation}/turns"
        cls.pids = {name: cls.here.pid(name) for name in cls.here.names()}

    def tearDown(self):
        self.assertEqual({name: self.here.pid(name) for name in self.here.names()}, self.pids, "a process died")
        self.assertEqual(self.client.all_turns(self.conversation), [], "something was stored")
        self.assertEqual(self.client.get("/api/v1/auth/me").status, 200, "the next request")

    def check_problem(self, answer, status):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"].partition(";")[0], "application/problem+json")
        problem = answer.json
        self.assertEqual(problem["status"], status)
        for member in ("type", "title", "request_id"):
            self.assertTrue(problem[member], problem)
        return problem

    def test_bodies(self):
        for what, body, status in BODIES:
            with self.subTest(what):
                problem = self.check_problem(self.client.post(self.turns, body), status)
                if status == 422:
                    self.assertTrue(all(e["message"] and "pointer" in e for e in problem["errors"]), problem)

    def test_tab_and_newlines_are_fine(self):
        other = self.client.new_conversation()
        answer = self.client.turn(other, "one\ttwo\r\nthree")
        self.assertEqual((answer.status, answer.json["raw_text"]), (201, "one\ttwo\r\nthree"))

    def test_sixteen_kib_are_fine(self):
        answer = self.client.turn(self.client.new_conversation(), "a" * (16 * 1024), speaker="Lumen")
        self.assertEqual(answer.status, 201, answer)

    def test_unknown_and_others_conversations(self):
        stranger = self.here.add_user(f"{uuid.uuid4()}@example.com", "a long password")
        theirs = stranger.new_conversation()
        for what, identity in (("unknown", uuid.uuid4()), ("another's", theirs), ("no UUID", "test"), ("empty", "")):
            for method, rest, body in (("POST", "/turns", TURN), ("GET", "/status", None), ("GET", "/turns", None),
                                       ("DELETE", "", None), ("POST", "/pause", None)):
                if what == "empty" and not rest:
                    continue
                with self.subTest(f"{what} {method} {rest}"):
                    path = f"/api/v1/conversations/{identity}{rest}"
                    self.check_problem(self.client.request(method, path, body), 404)
        self.assertEqual(stranger.get(f"/api/v1/conversations/{theirs}").status, 200)
        self.assertEqual(stranger.all_turns(theirs), [])

    def tokens(self):
        """(what, token, what WWW-Authenticate says) - the first is good, and shows that the others are bad for a reason."""
        email, password, _ = self.here.credentials()
        good = Client(self.here.url).login(email, password).token
        header, claims = (json.loads(unb64(part)) for part in good.split(".")[:2])
        with open(self.here.state.jwt_secret, "rb") as f:
            secret = f.read().strip()
        past = int(time.time()) - 10
        return (
            ("good", good, None),
            ("signed again", signed(header, claims, secret), None),
            ("expired", signed(header, {**claims, "iat": past - 3600, "exp": past}, secret), "expired"),
            ("another secret", signed(header, claims, b"x" * 64), "forged"),
            ("alg none", f"{b64(json.dumps({**header, 'alg': 'none'}).encode())}.{good.split('.')[1]}.", "forged"),
            ("alg None, signed", signed({**header, "alg": "None"}, claims, secret), "forged"),
            ("alg HS512", signed({**header, "alg": "HS512"}, claims, secret), "forged"),
            ("unknown kid", signed({**header, "kid": "0" * 16}, claims, secret), "forged"),
            ("changed claims", ".".join((good.split(".")[0], b64(json.dumps({**claims, "role": "operator", "exp": 1 << 40})
                                                                 .encode()), good.split(".")[2])), "forged"),
            ("no signature", good.rpartition(".")[0] + ".", "forged"),
            ("half", good[:len(good) // 2], "forged"),
            ("rubbish", "rubbish", "forged"),
            ("unknown key", "ck_" + "A" * 43, "forged"),
            ("long", "a" * 3000, "forged"),
        )

    def test_tokens(self):
        for what, token, _ in self.tokens():
            with self.subTest(what):
                answer = Client(self.here.url, token).get("/api/v1/auth/me")
                if what in ("good", "signed again"):
                    self.assertEqual(answer.status, 200, answer)
                    continue
                self.check_problem(answer, 401)
                self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        answer = Client(self.here.url).get("/api/v1/auth/me")
        self.check_problem(answer, 401)

    def test_login(self):
        email, _, _ = self.here.credentials()
        unknown = self.client.post("/api/v1/auth/login", {"email": "nobody@example.com", "password": "wrong password"})
        wrong = self.client.post("/api/v1/auth/login", {"email": email, "password": "wrong password"})
        a, b = self.check_problem(unknown, 401), self.check_problem(wrong, 401)
        self.assertEqual((a["title"], a.get("detail")), (b["title"], b.get("detail")))

    def test_routes_methods_and_types(self):
        self.check_problem(Client(self.here.url).get("/api/v1/nothing"), 404)
        answer = self.client.request("PUT", self.turns, TURN)
        self.check_problem(answer, 405)
        self.assertIn("POST", answer.headers["Allow"])
        self.check_problem(self.client.post(self.turns, raw_json(), {"Content-Type": "text/plain"}), 415)
        self.check_problem(self.client.get(f"/api/v1/conversations/{self.conversation}/export"), 501)

    def test_packed_bodies(self):
        packed = gzip.compress(raw_json())
        refused = self.client.post(self.turns, packed, {"Content-Encoding": "gzip"})
        self.assertIn("Content-Encoding", self.check_problem(refused, 415)["detail"])
        self.assertEqual(refused.headers["Accept-Encoding"], "identity")
        self.assertEqual(self.client.post("/api/v1/clean", raw_json(), {"Content-Encoding": "Identity"}).status, 200)

    def raw(self, *pieces):
        """Sends bytes as they are; gives all that came back until the gateway closes or is silent for a while."""
        with socket.create_connection(("127.0.0.1", self.here.port), timeout=10) as s:
            with contextlib.suppress(OSError):  # refused and closed at the first piece: what it said may be there all the same
                for piece in pieces:
                    s.sendall(piece)
                s.shutdown(socket.SHUT_WR)
            got = b""
            try:
                while data := s.recv(65536):
                    got += data
            except (TimeoutError, ConnectionError):
                pass
            return got

    def head(self, *more):
        lines = (f"POST {self.turns} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self.client.token}",
                 "Content-Type: application/json", *more, "", "")
        return "\r\n".join(lines).encode()

    def test_broken_bodies(self):
        chunked = self.head("Transfer-Encoding: chunked")
        for what, pieces in (
            ("chunk size is no number", (chunked, b"zz\r\nhello\r\n0\r\n\r\n")),
            ("chunk size too large", (chunked, b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n")),
            ("chunk ends early", (chunked, b"20\r\n{}")),
            ("negative length", (self.head("Content-Length: -5"), b"{}")),
            ("length is no number", (self.head("Content-Length: many"), b"{}")),
            ("two lengths", (self.head("Content-Length: 2", "Content-Length: 3"), b"{}x")),
            ("body ends early", (self.head("Content-Length: 100"), b"{}")),
            ("no HTTP", (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 60,)),
            ("endless header", (b"GET / HTTP/1.1\r\nX: " + b"a" * 100000,)),
        ):
            with self.subTest(what):
                self.assertNotRegex(self.raw(*pieces), rb"^HTTP/1.1 2")


if __name__ == "__main__":
    unittest.main()
