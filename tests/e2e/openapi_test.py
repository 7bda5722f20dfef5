# SPDX-License-Identifier: ISC
"""The interface's description against the running gateway: every route that is built is described, every answer is as described."""

import os
import re
import unittest

import jsonschema

from stack import build as builds
from harness.installation import Installation

API = "/api/v1"
NOBODY = "01900000-0000-7000-8000-000000000000"


def built_routes():
    """(method, path) of every row of the route table that has a handler; path parameters as {}."""
    with open(os.path.join(builds.ROOT, "gateway", "route_table.h"), encoding="utf-8") as f:
        text = f.read()
    text = text.replace('CONV "', 'API "/conversations/{id}').replace(" CONV,", ' API "/conversations/{id}",').replace('API "', '"' + API)
    rows = re.findall(r'R\((\w+),\s*"([^"]+)",([^\n]*)\)\s*\\?', text)
    return {(m.lower(), re.sub(r"\{\w+\}", "{}", p)) for m, p, rest in rows if not rest.rstrip().endswith("LATER")}


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation())
        cls.client = cls.here.client()
        cls.document = cls.client.get("/openapi.json").json
        cls.seen = set()

    def described(self):
        return {(m, re.sub(r"\{\w+\}", "{}", p)) for p, item in self.document["paths"].items()
                for m in item if m in ("get", "post", "put", "patch", "delete")}

    def test_every_built_route_is_described(self):
        undescribed = {("get", "/"), ("get", API + "/ws")}  # a page for people, and the WebSocket, which OpenAPI cannot say
        self.assertEqual(built_routes() - undescribed, self.described())

    def schema_of(self, method, pattern, answer):
        """The schema that the document has for this answer; None for one without a body."""
        responses = self.document["paths"][pattern][method]["responses"]
        response = responses.get(str(answer.status)) or responses.get("default")
        self.assertIsNotNone(response, f"{method} {pattern} answers {answer.status}, which is not described: {answer}")
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        content = response.get("content", {})
        kind = (answer.headers.get("Content-Type") or "").split(";")[0]
        if not content:
            return None
        self.assertIn(kind, content, f"{method} {pattern} {answer.status}")
        return content[kind]["schema"] if "json" in kind else None

    def check(self, method, pattern, answer, status):
        self.assertEqual(answer.status, status, f"{method} {pattern}: {answer}")
        self.seen.add((method, re.sub(r"\{\w+\}", "{}", pattern)))
        schema = self.schema_of(method, pattern, answer)
        if schema:
            resolver = jsonschema.RefResolver("", self.document)
            jsonschema.Draft202012Validator(schema, resolver=resolver).validate(answer.json)
        return answer

    def call(self, status, method, pattern, body=None, client=None, headers=None, query="", **ids):
        path = pattern.format(**ids) + query
        answer = (client or self.client).request(method.upper(), path, body, headers)
        return self.check(method, pattern, answer, status)

    def test_answers_are_as_described(self):
        self.walk_auth()
        conversation = self.walk_conversations()
        self.walk_turns(conversation)
        self.walk_learning(conversation)
        self.walk_performance(conversation)
        self.walk_operations()
        self.call(204, "delete", API + "/conversations/{id}", id=conversation)
        self.call(404, "get", API + "/conversations/{id}", id=conversation)
        self.assertEqual(self.described() - self.seen, {("get", API + "/conversations/{}/events")},
                         "described but not tried (the stream has a test of its own)")

    def walk_auth(self):
        email, password = self.here.credentials()[:2]
        pair = self.call(200, "post", API + "/auth/login", {"email": email, "password": password}).json
        self.call(401, "post", API + "/auth/login", {"email": email, "password": "wrong password"})
        self.call(422, "post", API + "/auth/login", {"email": email})
        pair = self.call(200, "post", API + "/auth/refresh", {"refresh_token": pair["refresh_token"]}).json
        self.call(401, "post", API + "/auth/refresh", {"refresh_token": "nonsense"})
        self.call(200, "post", API + "/auth/logout", {"refresh_token": pair["refresh_token"]})
        self.call(200, "get", API + "/auth/me")
        key = self.call(201, "post", API + "/auth/keys", {"name": "openapi"}).json
        self.call(200, "get", API + "/auth/keys")
        self.call(204, "delete", API + "/auth/keys/{id}", id=key["id"])
        self.call(404, "delete", API + "/auth/keys/{id}", id=NOBODY)

    def walk_conversations(self):
        made = self.call(201, "post", API + "/conversations", {"name": "as described", "metadata": {"a": 1}}).json
        one = {"id": made["id"]}
        self.call(422, "post", API + "/conversations", {"nmae": "x"})
        self.call(200, "get", API + "/conversations", query="?per_page=5&status=active")
        self.call(422, "get", API + "/conversations", query="?per_page=x")
        self.call(200, "get", API + "/conversations/{id}", **one)
        self.call(200, "patch", API + "/conversations/{id}", {"description": "said"}, **one)
        self.call(422, "patch", API + "/conversations/{id}", {"status": "gone"}, **one)
        self.call(200, "post", API + "/conversations/{id}/pause", **one)
        self.call(200, "post", API + "/conversations/{id}/resume", **one)
        self.call(200, "get", API + "/conversations/{id}/status", **one)
        self.call(200, "post", API + "/conversations/{id}/context",
                  {"shared_context": "We sell doors.", "context_type": "business_info"}, **one)
        self.call(422, "post", API + "/conversations/{id}/context", {"context_type": "weather"}, **one)
        self.call(200, "get", API + "/conversations/{id}/context", **one)
        return made["id"]

    def walk_turns(self, conversation):
        one = {"id": conversation}
        path = API + "/conversations/{id}/turns"
        turn = self.call(201, "post", path, {"speaker": "user", "raw_text": "I'm the vector of marketing"}, **one).json
        self.call(201, "post", path, {"speaker": "Lumen", "raw_text": "Thank you."}, **one)
        self.call(200, "post", API + "/conversations/{id}/pause", **one)  # so that it cannot be done before it is answered
        self.call(202, "post", path, {"speaker": "User", "raw_text": "we have um fifty doors"},
                  headers={"Prefer": "respond-async"}, **one)
        self.call(200, "post", API + "/conversations/{id}/resume", **one)
        self.call(422, "post", path, {"speaker": "Somebody", "raw_text": "x"}, **one)
        self.call(404, "post", path, {"speaker": "User", "raw_text": "x"}, id=NOBODY)
        self.call(200, "get", path, query="?limit=2", **one)
        self.call(200, "get", path + "/{turn_id}", id=conversation, turn_id=turn["turn_id"])
        self.call(404, "get", path + "/{turn_id}", id=conversation, turn_id=NOBODY)
        self.call(200, "post", path + ":batch", {"turns": [{"speaker": "User", "raw_text": "yes"}, {"speaker": "Nobody", "raw_text": "x"}]},
                  **one)
        self.call(200, "post", API + "/clean", {"raw_text": "we have um seventy five people", "conversation_id": conversation})

    def walk_learning(self, conversation):
        one = {"id": conversation}
        path = API + "/conversations/{id}/turns/{turn_id}"
        turn = self.call(201, "post", API + "/conversations/{id}/turns",
                         {"speaker": "User", "raw_text": "um she is the vector of sales"}, **one).json
        ids = {"id": conversation, "turn_id": turn["turn_id"]}
        correction = turn["metadata"]["corrections"][0]["id"]
        judge = path + "/corrections/{correction_id}"
        self.call(200, "post", judge, {"verdict": "accept"}, correction_id=correction, **ids)
        self.call(200, "post", judge, {"verdict": "reject"}, correction_id=correction, **ids)
        self.call(404, "post", judge, {"verdict": "reject"}, correction_id="c999", **ids)
        self.call(422, "post", judge, {"verdict": "maybe"}, correction_id=correction, **ids)
        self.call(200, "patch", path, {"cleaned_text": "She is the victor of sails."}, **ids)
        self.call(422, "patch", path, {"text": "x"}, **ids)
        self.call(404, "patch", path, {"cleaned_text": "x"}, id=conversation, turn_id=NOBODY)
        for route, where in ((API + "/glossary", {}), (API + "/conversations/{id}/glossary", one)):
            tag = self.call(200, "get", route, **where).headers["ETag"]
            self.call(200, "put", route, {"terms": [{"term": "Acme", "sounds_like": ["ack me"], "category": "company"}]},
                      headers={"If-Match": tag}, **where)
            self.call(412, "put", route, {"terms": []}, headers={"If-Match": tag}, **where)
            self.call(200, "patch", route, {"add": [{"term": "Corvid"}], "remove": ["Acme"]}, **where)
            self.call(422, "patch", route, {"add": [{"name": "Corvid"}]}, **where)

    def walk_performance(self, conversation):
        self.call(200, "get", API + "/conversations/{id}/analytics", id=conversation)
        self.call(404, "get", API + "/conversations/{id}/analytics", id=NOBODY)
        self.call(200, "get", API + "/performance/costs", query="?day=2026-01-31")
        self.call(422, "get", API + "/performance/costs", query="?day=2026-02-30")
        self.call(200, "get", API + "/performance/alerts", query="?state=open&limit=3")
        for query in ("?state=closed", "?before=x", "?limit=0"):
            self.call(422, "get", API + "/performance/alerts", query=query)
        self.here.sql("INSERT INTO alerts SELECT gen_random_uuid(), 'api_response_over_target', 'api.turn_insert', 'warning', 'look',"
                      " 'open', false, NULL, 1.5, 1, 'ms', '1m', 20, 20, now(), now(), NULL")
        alert = self.call(200, "get", API + "/performance/alerts").json["alerts"][-1]
        self.call(200, "post", API + "/performance/alerts/{id}/ack", id=alert["id"])
        self.call(404, "post", API + "/performance/alerts/{id}/ack", id=NOBODY)
        other = self.here.add_user("other@example.com", "a long password")
        self.addCleanup(other.close)
        path = API + "/performance/modes"
        self.call(200, "get", path)
        self.call(403, "get", path, client=other)
        self.call(200, "put", path + "/{name}", {"on": True, "for_seconds": 60}, name="simple_page")
        self.call(200, "put", path + "/{name}", {"on": True, "for_seconds": 0}, name="simple_page")
        self.call(404, "put", path + "/{name}", {"on": True, "for_seconds": 1}, name="no_such_mode")
        self.call(422, "put", path + "/{name}", {"on": 1}, name="simple_page")

    def walk_operations(self):
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
            self.call(200, "get", path)
        self.call(200, "get", "/problems/{name}", name="not-found")
        self.call(404, "get", "/problems/{name}", name="no-such-problem")


if __name__ == "__main__":
    unittest.main()
