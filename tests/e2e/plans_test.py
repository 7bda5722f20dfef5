# SPDX-License-Identifier: ISC
"""The plans of all statements at 100,000 rows, the list, the status and the turns among them: index reads, never a
sequential scan.

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
PROCESSES = ("gateway", "decider", "cleaner", "notifier", "monitor")
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
        cls.here.sql(FILL)
        cls.here.sql("VACUUM ANALYZE")

    def test_filled(self):
        self.assertGreaterEqual(int(self.here.sql("SELECT count(*) FROM turns")[0][0]), ROWS)

    def test_no_sequential_scan(self):
        files = [path for process in PROCESSES for path in sorted(glob.glob(os.path.join(builds.ROOT, process, "*.sql")))]
        self.assertTrue(files)
        for path in files:
            with self.subTest(os.path.relpath(path, builds.ROOT)):
                with open(path, encoding="utf-8") as f:
                    statement = re.sub(r"--[^\n]*", "", f.read()).strip().rstrip(";")
                self.check(statement)

    def check(self, statement):
        """The generic plan of the statement, as a prepared statement has it: for any parameters."""
        count = max((int(n) for n in re.findall(r"\$(\d+)", statement)), default=0)
        nulls = f"({', '.join(['NULL'] * count)})" if count else ""
        plan = self.here.plan(f"SET plan_cache_mode = force_generic_plan; PREPARE p AS {statement}; ", f"EXECUTE p{nulls}")
        scans = {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}
        self.assertEqual(scans & LARGE, set())


if __name__ == "__main__":
    unittest.main()
