# SPDX-License-Identifier: ISC
"""The decider's two ways to store turns, accept_one.sql for one and accept.sql for several: the same rows, the same answer.

Each case runs by both ways, in transactions that are taken back, and everything that they wrote and answered is compared.
"""

import json
import os
import unittest
import uuid

from harness.installation import Installation
from stack import build as builds

NAMES = ("turn_id conversation_id user_id speaker agent raw_text level forced reason metadata processing_ms gateway shared_context "
         "priority words opt_set deadline_ms verbatim formats profile traceparent received_us started_us ended_us").split()
METADATA = '{"confidence_score":"HIGH","cleaning_applied":false}'
TURN = {"speaker": "User", "agent": False, "raw_text": "it's \"this\", {that} \\ and\nso", "level": 2, "forced": False,
        "reason": "known_pattern", "processing_ms": 1.5, "gateway": "gateway-1", "priority": 0, "opt_set": 0, "deadline_ms": 0,
        "verbatim": False, "formats": 0, "received_us": 1790000000000000}
AGENT = {"speaker": "Lumen", "agent": True, "level": 0, "reason": "bypass", "metadata": METADATA}
NOTHING = {"level": 0, "reason": "acknowledgement", "metadata": METADATA}
OPTIONS = {"opt_deadline_ms": 900, "opt_formats": 3, "opt_verbatim": True, "opt_profile": "google"}
CASES = {  # what of the turn is otherwise; what of the conversation (or, with user_, of its owner)
    "cleaned later": ({}, {}), "the agent's": (AGENT, {}), "needs nothing": (NOTHING, {}),
    "the agent's, paused": (AGENT, {"status": "paused"}), "paused": ({}, {"status": "paused"}),
    "needs nothing, paused": (NOTHING, {"status": "paused"}), "completed": ({}, {"status": "completed"}),
    "looks right": (dict(NOTHING, reason="well_formed"), {}),
    "looks right, glossary": (dict(NOTHING, reason="well_formed"), {"glossary_version": 3}),
    "looks right, user's glossary": (dict(NOTHING, reason="well_formed"), {"user_glossary_version": 3}),
    "the agent looks right, glossary": (dict(AGENT, reason="well_formed"), {"glossary_version": 3}),
    "looks right, the conversation's recogniser": (dict(NOTHING, reason="well_formed"), OPTIONS),
    "looks right, its own recogniser": (dict(NOTHING, reason="well_formed", opt_set=8, profile="amazon"), OPTIONS),
    "conversation's options": ({}, OPTIONS),
    "the turn's options win": ({"opt_set": 15, "deadline_ms": 80, "formats": 5, "verbatim": False, "profile": "amazon"}, OPTIONS),
    "the turn's profile is none": ({"opt_set": 8}, OPTIONS), "some of the turn's options": ({"opt_set": 3, "deadline_ms": 70, "formats": 1}, OPTIONS),
    "all that a turn can have": ({"forced": True, "shared_context": "c", "priority": 1, "words": "[]", "traceparent": "00-x",
                                  "started_us": 1790000000000001, "ended_us": 1790000000000002}, {}),
    "after others": ({}, {"turn_count": 7, "queued_count": 2, "user_done": 4, "processing_ms": 90, "medium_count": 3}),
    "another's conversation": ({"user_id": str(uuid.uuid4())}, {}), "no conversation": ({"conversation_id": str(uuid.uuid4())}, {}),
    "a repeat of what failed": ({"repeat": "failed"}, {}), "a repeat of what is done": ({"repeat": "done"}, {}),
    "another conversation's turn": ({"repeat": "elsewhere"}, {}),
}
WRITTEN = """
SELECT to_jsonb(t) - 'created_at' - 'finished_at' || jsonb_build_object('now', t.created_at = now(), 'finished', t.finished_at = now())
  FROM turns t ORDER BY conversation_id, seq;
SELECT to_jsonb(o) - 'at' || jsonb_build_object('now', o.at = now()) FROM outbox o ORDER BY turn_id;
SELECT to_jsonb(c) - 'last_turn_at' - 'updated_at' || jsonb_build_object('now', c.last_turn_at = now(), 'updated', c.updated_at = now())
  FROM conversations c ORDER BY id;
"""


def statement(name):
    with open(os.path.join(builds.ROOT, "decider", name), encoding="utf-8") as f:
        return f.read()


def quoted(value):
    if value is None:
        return "NULL"
    return "'" + str(value).replace("'", "''") + "'"


def element(value):
    return "NULL" if value is None else json.dumps(str(value), ensure_ascii=False).replace("\\n", "\n")


class Accept(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = cls.enterClassContext(Installation(cleaners=1))
        cls.here.add_user("accept@example.com", "a long password")
        client = cls.here.client().login("accept@example.com", "a long password")
        cls.conversation, cls.other = client.new_conversation(), client.new_conversation()
        client.close()
        cls.user = cls.here.sql(f"SELECT user_id FROM conversations WHERE id = '{cls.conversation}'")[0][0]

    def before(self, conversation):
        """The state that the case wants, made within the transaction."""
        lines = ["BEGIN;"]
        for key, value in conversation.items():
            table, column, row = ("users", key[5:], self.user) if key.startswith("user_glo") else ("conversations", key, self.conversation)
            lines.append(f"UPDATE {table} SET {column} = {quoted(value)} WHERE id = '{row}';")
        return "\n".join(lines)

    def store(self, turn_id, repeat):
        """The turn that the case repeats, committed: `existed` means by an earlier transaction. None is queued: the processes
        would see to it meanwhile."""
        where, state = (self.other, "done") if repeat == "elsewhere" else (self.conversation, repeat)
        self.here.sql(f"""INSERT INTO turns (id, conversation_id, seq, speaker, agent, raw_text, cleaned_text, state, revision, level,
                metadata, deadline_ms, verbatim, formats, received_at, created_at)
                VALUES ('{turn_id}', '{where}', 1, 'User', false, 'raw', {"'Raw.'" if state == "done" else "'raw'"},
                '{state}', 1, 2, {quoted(METADATA)}, 500, false, 1023,
                '2026-01-01', '2026-01-02')""")
        self.addCleanup(self.here.sql, f"DELETE FROM turns WHERE id = '{turn_id}'")

    def run_both(self, turn, conversation):
        values = [turn.get(name) for name in NAMES]
        start = self.before(conversation)
        lock = statement("lock.sql").replace("$1", quoted("{" + turn["conversation_id"] + "}"))
        one, several, standing = (statement(n).strip() for n in ("accept_one.sql", "accept.sql", "standing.sql"))
        arrays = ["{" + element(v) + "}" for v in values]
        prepare = (f"PREPARE one AS {one}; PREPARE several AS {several}; PREPARE standing AS {standing};")
        by_one = f"EXECUTE one({', '.join(quoted(v) for v in values)});"
        by_several = f"EXECUTE several({', '.join(map(quoted, arrays))}); EXECUTE standing({', '.join(map(quoted, arrays[:3]))});"
        return [self.here.sql(f"{prepare} {start} {lock}; {how} {WRITTEN} ROLLBACK;") for how in (by_one, by_several)]

    def test_same(self):
        for name, (turn, conversation) in CASES.items():
            with self.subTest(name):
                whole = dict(TURN, turn_id=str(uuid.uuid4()), conversation_id=self.conversation, user_id=self.user)
                whole.update(turn)
                if repeat := whole.pop("repeat", None):
                    self.store(whole["turn_id"], repeat)
                one, several = self.run_both(whole, conversation)
                self.doCleanups()
                self.assertEqual(self.known(one), self.known(several))
                self.assertGreaterEqual(len(one), 3)  # the answer and two conversations at least

    def known(self, rows):
        """created_us is when the transaction began, unless the turn stood already."""
        return [["now" if cell.isdigit() and int(cell) > 1767400000000000 and len(row) > 10 else cell for cell in row] for row in rows]


if __name__ == "__main__":
    unittest.main()
