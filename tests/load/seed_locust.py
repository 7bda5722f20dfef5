# SPDX-License-Identifier: ISC
"""The load script of the performance document that this product comes from, completed so that it can fail for real.

Kept: the users' mix (list 1, person's turn 3, Lumen's turn 2, status 1), their waits of 1 to 3 s, texts and limits.
Completed: on_start checks its answers; a turn must be 201 and carry its metadata; a person's turn must be cleaned to what it
should become; the process ends with exit 1 when anything failed.
"""

import random

from locust import HttpUser, between, events, task

TURNS = {
    "I'm the vector of marketing": "I'm the director of marketing.",
    "We have seventy five employees": "We have 75 employees.",
    "Our book marketing is working well": "Our Facebook marketing is working well.",
    "We get about fifty leads per month": "We get about 50 leads per month.",
}
LUMEN = "Thank you for that information. Can you tell me more?"


def milliseconds(response):
    return response.elapsed.total_seconds() * 1000


class PerformanceTestUser(HttpUser):
    wait_time = between(1, 3)

    def on_start(self):
        login = self.client.post("/api/v1/auth/login", json={"email": "test@example.com", "password": "testpassword"})
        login.raise_for_status()
        self.headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
        made = self.client.post("/api/v1/conversations", json={"name": "Load Test Conversation"}, headers=self.headers)
        made.raise_for_status()
        self.conversation = "/api/v1/conversations/" + made.json()["id"]

    def checked(self, method, path, name, status, limit, body=None):
        """Asks; fails when the status or the time is wrong. Gives the answer's JSON, or None."""
        with self.client.request(method, path, json=body, headers=self.headers, name=name, catch_response=True) as answer:
            if answer.status_code != status:
                answer.failure(f"status {answer.status_code}: {answer.text[:200]}")
                return None
            if milliseconds(answer) > limit:
                answer.failure(f"too slow: {milliseconds(answer):.0f} ms, limit {limit}")
            problem = self.wrong_turn(body, answer.json()) if body else None
            if problem:
                answer.failure(problem)
            return answer.json()

    def wrong_turn(self, sent, turn):
        metadata = turn["metadata"]
        if sent["speaker"] == "Lumen":
            if metadata["cleaning_applied"] or turn["cleaned_text"] != sent["raw_text"]:
                return "Lumen's turn was changed"
            if metadata["processing_time_ms"] > 10:
                return f"Lumen's processing time too high: {metadata['processing_time_ms']} ms"
        elif turn["cleaned_text"] != TURNS[sent["raw_text"]]:
            return f"cleaned to {turn['cleaned_text']!r}"
        return None

    @task(1)
    def list_conversations(self):
        self.checked("GET", "/api/v1/conversations", "list", 200, 150)

    @task(3)
    def process_user_turn(self):
        body = {"speaker": "User", "raw_text": random.choice(list(TURNS))}
        self.checked("POST", self.conversation + "/turns", "user turn", 201, 500, body)

    @task(2)
    def process_lumen_turn(self):
        self.checked("POST", self.conversation + "/turns", "Lumen turn", 201, 50, {"speaker": "Lumen", "raw_text": LUMEN})

    @task(1)
    def check_conversation_status(self):
        self.checked("GET", self.conversation + "/status", "status", 200, 50)


@events.quitting.add_listener
def fail_for_real(environment, **_):
    if environment.stats.total.fail_ratio > 0 or environment.stats.total.num_requests == 0:
        environment.process_exit_code = 1
