# SPDX-License-Identifier: ISC
"""The plans of all statements at 100,000 rows, the list, the status and the turns among them: index reads, never a
sequential scan. And those that every turn pays for, before the server knows anything about its tables: by the key.

The statements are the processes' own .sql files. The session has what the services' connections have, less one thing:
sequential scans stay allowed, so that a missing index would show.
"""

import glob
import os
import re
import unittest

from harness.installation import Installation
from stack import build as builds

ROWS = 100_000
PROCESSES = ("gateway", "decider", "cleaner", "notifier", "monitor", "common")
EACH_TURNS = ("decider/accept_one.sql", "decider/accept.sql", "decider/standing.sql", "cleaner/finish.sql", "cleaner/standing.sql")
# Any other index has a whole user's conversations, or a whole conversation's turns, under what these statements give it.
KEYS = {"conversations_pkey", "turns_pkey", "turns_queued"}
LARGE = {"conversations", "turns"}  # the others are small here, where a scan is the cheapest read
FILL = """
INSERT INTO users (id, email, password_hash)
  SELECT gen_random_uuid(), 'plan-' || n || '@example.com', 'x' FROM generate_series(1, 200) n;
INSERT INTO conversations (id, user_id, name, updated_at, turn_count)
  SELECT gen_random_uuid(), u.id, 'c ' || n, now() - n * interval '1 minute', 20
  FROM users u, generate_series(1, 25) n WHERE u.email LIKE 'plan-%';
INSERT INTO turns (id, conversation_id, seq, speaker, agent, raw_text, cleaned_text, state, revision, level, metadata,
                   deadline_ms, verbatim, formats, received_at, finished_at)
  SELECT gen_random_uuid(), c.id, n, 'User', false, 'x', 'X.', 'done', 1, 1, '{}', 500, false, 0, now(), now()
  FROM conversations c, generate_series(1, 20) n WHERE c.name LIKE 'c %';
"""


class Plans(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation(cleaners=1))
        cls.unknown = {path: cls.plan(os.path.join(builds.ROOT, path)) for path in EACH_TURNS}
        cls.here.sql(FILL)
        cls.here.sql("VACUUM ANALYZE")

    def test_filled(self):
        self.assertGreaterEqual(int(self.here.sql("SELECT count(*) FROM turns")[0][0]), ROWS)

    def test_each_turns_by_the_key(self):
        for path, plan in self.unknown.items():
            with self.subTest(path):
                used = {n["Index Name"] for n in plan if n.get("Relation Name") in LARGE and "Index Name" in n}
                self.assertTrue(used)
                self.assertEqual(used - KEYS, set())

    def test_no_sequential_scan(self):
        files = [path for process in PROCESSES
                 for path in sorted(glob.glob(os.path.join(builds.ROOT, process, "**", "*.sql"), recursive=True))]
        self.assertIn(os.path.join(builds.ROOT, "gateway", "sql", "conversations_list.sql"), files)
        for path in files:
            with self.subTest(os.path.relpath(path, builds.ROOT)):
                scans = {node["Relation Name"] for node in self.plan(path) if node["Node Type"] == "Seq Scan"}
                self.assertEqual(scans & LARGE, set())

    @classmethod
    def plan(cls, path):
        """The generic plan of the statement, as a prepared statement has it: for any parameters."""
        with open(path, encoding="utf-8") as f:
            statement = re.sub(r"--[^\n]*", "", f.read()).strip().rstrip(";")
        count = max((int(n) for n in re.findall(r"\$(\d+)", statement)), default=0)
        nulls = f"({', '.join(['NULL'] * count)})" if count else ""
        before = f"SET plan_cache_mode = force_generic_plan; PREPARE p AS {statement}; "
        return cls.here.plan(before, f"EXECUTE p{nulls}")


if __name__ == "__main__":
    unittest.main()
