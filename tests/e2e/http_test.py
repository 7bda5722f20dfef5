# SPDX-License-Identifier: ISC
"""HTTP as bytes: what the gateway says to well-formed, odd and broken requests, on raw sockets; tokens, keys, idempotency."""

import json
import os
import socket
import threading
import time
import unittest

from harness.client import Client
from harness.installation import Installation
from harness.wait import until

JSON = "Content-Type: application/json"

UNBUILT = "/api/v1/conversations/01900000-0000-7000-8000-000000000000/export"  # described, answered 501


def read_answer(f):
    """(status, headers in lower case, body) of the next answer; None at the end of the connection."""
    line = f.readline()
    if not line:
        return None
    headers = {}
    while (header := f.readline().strip()):
        name, _, value = header.decode().partition(":")
        headers[name.lower()] = value.strip()
    return int(line.split()[1]), headers, f.read(int(headers.get("content-length", 0)))


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())
        cls.email, cls.password, cls.key = cls.here.credentials()[:3]
        cls.client = Client(cls.here.url, cls.key)
        cls.auth = f"Authorization: Bearer {cls.key}"

    def socket(self):
        s = socket.create_connection(("127.0.0.1", self.here.port), timeout=30)
        self.addCleanup(s.close)
        return s, s.makefile("rb")

    def raw(self, *lines, body=b""):
        return "\r\n".join(["{}", "Host: x", *lines, "", ""]).encode() + body

    def say(self, s, line, *headers, body=b""):
        s.sendall("\r\n".join([line, "Host: x", *headers, "", ""]).encode() + body)

    def ask(self, line, *headers, body=b""):
        s, f = self.socket()
        self.say(s, line, *headers, body=body)
        return read_answer(f)

    def is_problem(self, answer, status):
        self.assertIsNotNone(answer, "no answer")
        self.assertEqual((answer[0], answer[1]["content-type"]), (status, "application/problem+json"), answer)
        problem = json.loads(answer[2])
        self.assertEqual(problem["status"], status)
        self.assertEqual(Client(self.here.url).get(problem["type"]).status, 200, "type is a served path")

    # --- requests ---

    def test_a_body_that_does_not_come_is_told_so(self):
        here = self.enterContext(Installation(cleaners=1, environment={"CLEANERCTX_BODY_TIMEOUT_S": "1"}))
        waiting = []
        for framing, part in 8 * (("Content-Length: 50", b""), ("Content-Length: 50", b'{"em'),
                                  ("Transfer-Encoding: chunked", b'5\r\n{"em')):
            s = socket.create_connection(("127.0.0.1", here.port), timeout=30)
            self.addCleanup(s.close)
            self.say(s, "POST /api/v1/auth/login HTTP/1.1", JSON, framing, body=part)
            waiting.append(s.makefile("rb"))
            time.sleep(0.05)  # at many places between two looks after those who wait
        for f in waiting:
            self.is_problem(read_answer(f), 408)
            self.assertEqual(f.read(), b"")

    def test_every_error_is_a_problem(self):
        for line, headers, status in (
                ("GET /nothing HTTP/1.1", (), 404), ("POST /healthz HTTP/1.1", ("Content-Length: 0",), 405),
                ("FOO / HTTP/1.1", (), 400), ("CONNECT x:443 HTTP/1.1", (), 400),
                ("GET /%zz HTTP/1.1", (), 400), ("GET /a%00b HTTP/1.1", (), 400),
                ("GET /api/v1/auth/me HTTP/1.1", (), 401), ("GET /api/v1/auth/me HTTP/1.0", (), 401),
                ("GET /api/v1/auth/me HTTP/1.1", ("Authorization: Basic eA==",), 401),
                (f"GET {UNBUILT} HTTP/1.1", (), 401), (f"GET {UNBUILT} HTTP/1.1", (self.auth,), 501),
                ("GET /api/v1/ws HTTP/1.1", (self.auth,), 426),
                ("GET /api/v1/conversations?page=0 HTTP/1.1", (self.auth,), 422),
                ("GET /api/v1/conversations?page=x HTTP/1.1", (self.auth,), 422),
                ("GET /api/v1/conversations?status=odd HTTP/1.1", (self.auth,), 422),
                ("POST /api/v1/auth/login HTTP/1.1", ("Content-Length: 0", JSON), 400),
                ("POST /api/v1/auth/login HTTP/1.1", ("Content-Length: 0",), 415),
                ("POST /api/v1/auth/login HTTP/1.1", ("Content-Length: 2", "Transfer-Encoding: chunked", JSON), 400),
                ("POST /api/v1/auth/login HTTP/1.1", ("Transfer-Encoding: gzip", JSON), 400),
                ("GET /healthz HTTP/1.1", ("X: " + "a" * 20000,), 431)):
            with self.subTest(line, headers=[h[:60] for h in headers]):
                self.is_problem(self.ask(line, *headers), status)

    def test_headers_of_every_answer(self):
        status, headers, body = self.ask("GET /healthz HTTP/1.1", "X-Request-Id: mine-1")
        self.assertEqual((status, headers["x-request-id"], headers["cache-control"]), (200, "mine-1", "no-store"))
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertIn("total;dur=", headers["server-timing"])
        self.assertNotIn("connection", headers)
        for odd in ("a b", "x" * 200, "\x7f"):
            self.assertNotEqual(self.ask("GET /healthz HTTP/1.1", "X-Request-Id: " + odd)[1]["x-request-id"], odd)

    def test_head_and_options(self):
        s, f = self.socket()
        self.say(s, "HEAD /healthz HTTP/1.1")
        line = f.readline()
        self.assertIn(b"200", line)
        while f.readline().strip():
            pass
        self.say(s, "GET /healthz HTTP/1.1")  # no body came before it
        self.assertEqual(read_answer(f)[0], 200)
        status, headers, _ = self.ask("OPTIONS /api/v1/conversations HTTP/1.1")
        self.assertEqual((status, headers["allow"]), (204, "GET, POST, OPTIONS, HEAD"))

    def test_kept_connection_and_pipelining(self):
        s, f = self.socket()
        request = f"GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\n{self.auth}\r\n\r\n".encode()
        s.sendall(request * 5 + b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertEqual([read_answer(f)[0] for _ in range(6)], [200] * 6)
        self.assertEqual(f.read(), b"", "closed after Connection: close")

    def test_pipelined_bodies(self):
        """A request with a body that comes right behind another has that body, whole or in pieces, and the next one follows."""
        def post(body, *headers):
            return self.raw(self.auth, JSON, *headers, body=body).replace(b"{}", b"POST /api/v1/conversations HTTP/1.1", 1)

        def named(name):
            body = json.dumps({"name": name}).encode()
            return post(body, f"Content-Length: {len(body)}")

        get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        names = ["first", "second " + "x" * 180, "third"]
        everything = get + named(names[0]) + named(names[1]) + get + named(names[2]) + get
        second = everything.index(b'{"name": "second')
        for cut in (len(everything), len(get) + 20, second - 2, second, second + 30, len(everything) - 1):
            s, f = self.socket()
            s.sendall(everything[:cut])
            answers = [read_answer(f)]  # it was answered: the rest comes in a packet of its own
            s.sendall(everything[cut:])
            answers += [read_answer(f) for _ in range(5)]
            self.assertEqual([a[0] for a in answers], [200, 201, 201, 200, 201, 200], cut)
            self.assertEqual([json.loads(a[2])["name"] for a in answers if a[0] == 201], names, cut)
        for last, body, status in (
                ("Transfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n", 201), ("Accept: */*", b"", 201),
                ("Content-Length: 20000", b"x", None), ("Content-Length: +2", b"{}", 400), ("Content-Length: 2, 2", b"{}", 400)):
            s, f = self.socket()
            s.sendall(get + post(body, last))
            self.assertEqual(read_answer(f)[0], 200)
            if status:
                self.assertEqual(read_answer(f)[0], status, last)
            self.assertEqual(self.ask("GET /healthz HTTP/1.1")[0], 200, "others are served meanwhile")

    def test_body_in_pieces(self):
        body = json.dumps({"name": "in pieces"}).encode()
        s, f = self.socket()
        self.say(s, "POST /api/v1/conversations HTTP/1.1", self.auth, JSON, f"Content-Length: {len(body)}")
        for i in range(len(body)):
            s.sendall(body[i:i + 1])
        self.assertEqual(read_answer(f)[0], 201)
        self.say(s, "GET /healthz HTTP/1.1")
        self.assertEqual(read_answer(f)[0], 200, "the connection is kept")

    def test_chunked_body(self):
        for chunks in (b'b\r\n{"name":"x"\r\n1\r\n}\r\n0\r\n\r\n', b'c;odd="1"\r\n{"name":"x"}\r\n0\r\nTrailer: y\r\n\r\n'):
            answer = self.ask("POST /api/v1/conversations HTTP/1.1", self.auth, JSON, "Transfer-Encoding: chunked", body=chunks)
            self.assertEqual((answer[0], json.loads(answer[2])["name"]), (201, "x"))

    def test_expect_continue(self):
        s, f = self.socket()
        self.say(s, "POST /api/v1/conversations HTTP/1.1", self.auth, JSON, "Content-Length: 2", "Expect: 100-continue")
        self.assertEqual(f.readline() + f.readline(), b"HTTP/1.1 100 Continue\r\n\r\n")
        s.sendall(b"{}")
        self.assertEqual(read_answer(f)[0], 201)
        answer = self.ask("POST /api/v1/conversations HTTP/1.1", self.auth, JSON, "Content-Length: 99999999",
                          "Expect: 100-continue")
        self.is_problem(answer, 413)

    def test_bodies_over_the_limit(self):
        for what, headers, body in (
                ("declared", (f"Content-Length: {80 * 1024}",), b"a" * 80 * 1024),
                ("declared, far over", (f"Content-Length: {4 << 20}",), b"a" * (4 << 20)),
                ("chunked", ("Transfer-Encoding: chunked",), (b"4000\r\n" + b"a" * 0x4000 + b"\r\n") * 64)):
            with self.subTest(what):
                s, f = self.socket()
                self.say(s, "POST /api/v1/conversations HTTP/1.1", self.auth, JSON, *headers)
                try:
                    s.sendall(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # answered and closed before all of it was sent
                self.is_problem(read_answer(f), 413)

    def test_half_a_request_and_gone(self):
        before = len(os.listdir(f"/proc/{self.here.pid('gateway')}/fd"))
        for text in (b"", b"GET", b"GET / HTTP/1.1\r\nHo", b"POST /api/v1/conversations HTTP/1.1\r\nHost: x\r\n"
                     + self.auth.encode() + b"\r\nContent-Length: 50\r\n\r\n{"):
            s, _ = self.socket()
            s.sendall(text)
            s.close()
        self.assertEqual(self.client.get("/healthz").status, 200)
        until("the sockets are closed",
              lambda: len(os.listdir(f"/proc/{self.here.pid('gateway')}/fd")) <= before + 1)

    def test_gone_while_waiting(self):
        conversation = self.client.new_conversation()
        stream, _ = self.socket()
        self.say(stream, f"GET /api/v1/conversations/{conversation}/events HTTP/1.1", self.auth)
        stream.recv(100)
        stream.shutdown(socket.SHUT_RDWR)
        open_now = lambda: [line for line in Client(self.here.url).get("/metrics").bytes.decode().splitlines()
                            if line.startswith("cleanerctx_http_requests_open ")]
        until("only the asker's own request is open", lambda: open_now() == ["cleanerctx_http_requests_open 1"])

    def test_slow_reader_of_a_large_answer(self):
        s, f = self.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(20):
            self.say(s, "GET /openapi.json HTTP/1.1")
        sizes = {len(read_answer(f)[2]) for _ in range(20)}
        self.assertEqual(len(sizes), 1)

    # --- pages of other origins ---

    def test_cors(self):
        own = self.ask("GET /healthz HTTP/1.1", "Origin: http://x")
        self.assertEqual(own[1]["access-control-allow-origin"], "http://x", "the Host is x")
        other = self.ask("GET /healthz HTTP/1.1", "Origin: http://evil.example")
        self.assertNotIn("access-control-allow-origin", other[1])
        self.assertEqual(other[1]["vary"], "Origin")
        answer = self.ask("OPTIONS /api/v1/conversations HTTP/1.1", "Origin: http://x", "Access-Control-Request-Method: POST")
        self.assertIn("POST", answer[1]["access-control-allow-methods"])
        upgrade = self.ask("GET /api/v1/ws HTTP/1.1", self.auth, "Origin: http://evil.example", "Upgrade: websocket",
                           "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        self.is_problem(upgrade, 403)

    def test_other_upgrades_are_not_taken(self):
        answer = self.ask("GET /healthz HTTP/1.1", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMA")
        self.assertEqual(answer[0], 200)

    def test_a_half_asked_upgrade_is_told_what_it_lacks(self):
        upgrade, asked = "Upgrade: websocket", "Connection: keep-alive, Upgrade"
        version, key = "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        for lacks, headers in (
                ("Connection: Upgrade", (upgrade, version, key)),
                ("Connection: Upgrade", (upgrade, version, key, "Connection: close")),
                ("Sec-WebSocket-Key", (upgrade, asked, version)),
                ("cleanerctx.v1", (upgrade, asked, version, key, "Sec-WebSocket-Protocol: chat, bearer.x"))):
            answer = self.ask("GET /api/v1/ws HTTP/1.1", self.auth, *headers)
            self.is_problem(answer, 400)
            self.assertIn(lacks, json.loads(answer[2])["detail"])
        s, f = self.socket()
        self.say(s, "GET /api/v1/ws HTTP/1.1", self.auth, upgrade, asked, version, key,
                 "Sec-WebSocket-Protocol: chat, cleanerctx.v1")
        self.assertIn(b" 101 ", f.readline())

    def test_head_of_a_stream_leaves_the_connection_free(self):
        s, f = self.socket()
        conversation = self.client.new_conversation()
        self.say(s, f"HEAD /api/v1/conversations/{conversation}/events HTTP/1.1", self.auth)
        status, headers, _ = read_answer(f)
        self.assertEqual((status, headers["content-type"]), (200, "text/event-stream"))
        self.say(s, "GET /healthz HTTP/1.1")
        self.assertEqual(read_answer(f)[0], 200)
        self.say(s, f"GET /api/v1/conversations/{conversation}/events HTTP/1.1", self.auth)
        names = [line.split(b":")[0].lower() for line in iter(f.readline, b"\r\n")]
        self.assertEqual(len(names), len(set(names)), "each header once")

    # --- tokens and keys ---

    def login(self):
        return Client(self.here.url).post("/api/v1/auth/login", {"email": self.email.upper(), "password": self.password}).json

    def refresh(self, token):
        return Client(self.here.url).post("/api/v1/auth/refresh", {"refresh_token": token})

    def test_refresh_rotates_and_reuse_revokes(self):
        first = self.login()["refresh_token"]
        a, b = self.refresh(first), self.refresh(first)
        self.assertEqual((a.status, a.json["refresh_token"], a.json["access_token"]),
                         (200, b.json["refresh_token"], b.json["access_token"]), "within the grace the same pair")
        second = a.json["refresh_token"]
        third = self.refresh(second).json["refresh_token"]
        self.here.sql("UPDATE refresh_tokens SET replaced_at = replaced_at - interval '31 seconds'"
                      " WHERE replaced_at IS NOT NULL")
        self.assertEqual(self.refresh(first).status, 401, "shown again after its time")
        answer = self.refresh(third)
        self.assertEqual(answer.status, 401, "the whole family is revoked")
        self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))

    def test_refresh_at_the_same_time(self):
        token, answers = self.login()["refresh_token"], []
        threads = [threading.Thread(target=lambda: answers.append(self.refresh(token))) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual({a.status for a in answers}, {200})
        self.assertEqual(len({a.json["refresh_token"] for a in answers}), 1)

    def test_logout(self):
        token = self.login()["refresh_token"]
        for _ in range(2):
            answer = Client(self.here.url).post("/api/v1/auth/logout", {"refresh_token": token})
            self.assertEqual((answer.status, answer.json), (200, {"success": True}))
        self.assertEqual(self.refresh(token).status, 401)

    def test_keys(self):
        made = self.client.post("/api/v1/auth/keys", {"name": "laptop"})
        self.assertEqual(made.status, 201)
        mine = Client(self.here.url, made.json["key"])
        self.assertEqual(mine.get("/api/v1/auth/me").json["email"], self.email)
        listed = self.client.get("/api/v1/auth/keys").json["keys"]
        self.assertIn(made.json["id"], [k["id"] for k in listed])
        self.assertNotIn("key", listed[0])
        path = f"/api/v1/auth/keys/{made.json['id']}"
        self.assertEqual([self.client.request("DELETE", path).status for _ in range(2)], [204, 404])
        self.assertEqual(mine.get("/api/v1/auth/me").status, 401)

    def test_failed_logins_are_limited(self):
        def attempt():
            return Client(self.here.url).post("/api/v1/auth/login", {"email": "victim@example.com", "password": "guess"})

        statuses = [attempt().status for _ in range(12)]
        self.assertEqual(set(statuses), {401, 429})
        self.assertGreater(int(attempt().headers["Retry-After"]), 0)
        self.assertEqual(self.refresh(self.login()["refresh_token"]).status, 200, "others log in as before")

    def test_rate_limit(self):
        self.here.add_user("fast@example.com", "a long password")
        client = Client(self.here.url).login("fast@example.com", "a long password")
        s, f = self.socket()
        request = f"GET {UNBUILT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n\r\n".encode()
        s.sendall(request * 400)
        answers = [read_answer(f) for _ in range(400)]
        limited = [a for a in answers if a[0] == 429]
        self.assertTrue(limited, "400 at once are over 100 a second")
        self.assertTrue(all("retry-after" in a[1] and "ratelimit" in a[1] for a in limited))
        self.assertEqual(self.client.get("/api/v1/auth/me").status, 200, "others are not held up")

    # --- idempotency ---

    def test_idempotency_key(self):
        headers = {"Idempotency-Key": "first"}
        a = self.client.post("/api/v1/conversations", {"name": "once"}, headers)
        b = self.client.post("/api/v1/conversations", {"name": "once"}, headers)
        self.assertEqual((a.status, a.json), (b.status, b.json))
        self.assertEqual((a.headers.get("Idempotency-Replayed"), b.headers["Idempotency-Replayed"]), (None, "true"))
        self.assertEqual(a.headers["Location"], b.headers["Location"])
        self.assertEqual(self.client.post("/api/v1/conversations", {"name": "other"}, headers).status, 422)
        for odd in ("", "a b", "x" * 256):
            if odd:
                self.assertEqual(self.client.post("/api/v1/conversations", {}, {"Idempotency-Key": odd}).status, 422, odd)

    def test_idempotency_key_at_the_same_time(self):
        answers = []
        clients = [self.client.copy() for _ in range(10)]
        threads = [threading.Thread(target=lambda c=c: answers.append(
            c.post("/api/v1/conversations", {"name": "many"}, {"Idempotency-Key": "together"}))) for c in clients]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual({a.status for a in answers}, {201})
        self.assertEqual(len({a.json["id"] for a in answers}), 1)
        self.assertEqual(sum(a.headers.get("Idempotency-Replayed") == "true" for a in answers), 9)

    # --- conversations ---

    def test_conversation_life(self):
        made = self.client.post("/api/v1/conversations", {
            "name": "Ünï \U0001f600", "description": "d", "metadata": {"a": [1, {"b": None}]}, "external_id": "crm-1",
            "options": {"deadline_ms": 300, "formats": {"money": False}, "verbatim": True, "profile": "amazon"}})
        self.assertEqual(made.status, 201, made)
        path = made.headers["Location"]
        self.assertEqual(self.client.get(path).json, made.json)
        self.assertEqual(made.json["options"]["formats"]["money"], False)
        self.assertEqual(self.client.post("/api/v1/conversations", {"external_id": "crm-1"}).status, 409)
        changed = self.client.request("PATCH", path, {"name": "new", "description": None})
        self.assertEqual((changed.json["name"], changed.json["description"], changed.json["metadata"]),
                         ("new", None, {"a": [1, {"b": None}]}))
        self.assertEqual(self.client.request("PATCH", path, {"status": "completed"}).json["status"], "completed")
        self.assertEqual(self.client.request("POST", path + "/pause").status, 409)
        listed = self.client.get("/api/v1/conversations?status=completed&per_page=1").json
        self.assertEqual([c["id"] for c in listed["conversations"]], [made.json["id"]])
        self.assertEqual(self.client.request("DELETE", path).status, 204)
        self.assertEqual(self.client.get(path).status, 404)

    def test_wrong_members(self):
        for members, pointer in (({"name": ""}, "/name"), ({"name": " "}, "/name"), ({"name": "a" * 201}, "/name"),
                                 ({"nane": "x"}, "/nane"), ({"metadata": []}, "/metadata"),
                                 ({"metadata": {"a": "\x00"}}, "/metadata"), ({"options": {"deadline_ms": 49}}, "/options/deadline_ms"),
                                 ({"options": {"formats": {"odd": True}}}, "/options/formats/odd"),
                                 ({"options": {"profile": "nobody"}}, "/options/profile"), ([], "")):
            with self.subTest(members=str(members)[:60]):
                answer = self.client.post("/api/v1/conversations", members)
                self.assertEqual((answer.status, answer.json["errors"][0]["pointer"]), (422, pointer), answer)

    def test_context(self):
        path = f"/api/v1/conversations/{self.client.new_conversation()}/context"
        put = lambda text: self.client.post(path, {"context_type": "business_info", "shared_context": text})
        self.assertEqual(put("We sell paint").json["shared_context"], {"business_info": "We sell paint"})
        self.assertEqual(put("We sell art").json["shared_context"], {"business_info": "We sell art"})
        self.assertEqual(put("x" * 8193).status, 422)
        self.assertEqual(self.client.get(path).json["shared_context"], {"business_info": "We sell art"})
        self.assertEqual(put(None).json["shared_context"], {})

    def test_what_changed_the_contexts_is_told(self):
        conversation = self.client.new_conversation()
        self.client.turn(conversation, "we spend it all on facebook ads")
        for _ in range(10):  # as many turns as a window has
            self.client.turn(conversation, "Fine.", speaker="Lumen")
        self.client.turn(conversation, "well the weather outside looks nice")
        changes = self.client.get(f"/api/v1/conversations/{conversation}/context").json["context_transitions"]
        self.assertEqual([(c["from_contexts"], c["to_contexts"], c["reason"]) for c in changes],
                         [([], ["marketing"], 'came: marketing ("facebook" in turn 1)'),
                          (["marketing"], [], "went: marketing (too little of it in the last turns)")])

    def test_stays_idle(self):
        """A client that waits, has hung up or pipelines costs no processor time."""
        conversation = self.client.new_conversation()
        sockets = []
        for _ in range(5):
            s, _ = self.socket()
            self.say(s, f"GET /api/v1/conversations/{conversation}/events HTTP/1.1", self.auth)
            s.recv(4096)
            self.say(s, "GET /healthz HTTP/1.1")  # pipelined behind a stream: it waits, unread
            sockets.append(s)

        def ticks():
            with open(f"/proc/{self.here.pid('gateway')}/stat", encoding="ascii") as f:
                return sum(int(n) for n in f.read().split(")")[1].split()[11:13])

        before, began = ticks(), time.monotonic()
        until("two seconds passed", lambda: time.monotonic() - began > 2)
        self.assertLess(ticks() - before, 60, "ticks of 10 ms in two seconds")


if __name__ == "__main__":
    unittest.main()
