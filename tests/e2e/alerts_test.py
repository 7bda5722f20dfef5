# SPDX-License-Identifier: ISC
"""Alerts, from missed targets to what an operator reads: opened, kept over the monitor's death and a database that does not answer,
acknowledged, resolved."""

import json
import os
import tempfile
import unittest

from harness.installation import Installation
from harness.wait import until

ALERTS = "/api/v1/performance/alerts"
HEADING = "metric,area,target,unit,better\n"
MISSED, MET = "0.001", "60000"  # ms: what no request is fast enough for, and what each is
LIST, STATUS, CREATE = "api.conversation_list", "api.conversation_status", "api.conversation_create"  # a test each: one alert a metric


class Alerts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.targets = os.path.join(cls.enterClassContext(tempfile.TemporaryDirectory()), "targets.csv")
        cls.set_targets(MISSED)
        cls.here = cls.enterClassContext(Installation(cleaners=1, environment={
            "CLEANERCTX_ALERT_AFTER_S": "1", "CLEANERCTX_ALERT_CLEAR_S": "1", "CLEANERCTX_TARGETS_FILE": cls.targets,
            "CLEANERCTX_RATE_PER_S": "10000"}))  # it asks on until something happens
        cls.operator = cls.here.add_user("operator@example.com", "a long password", role="operator")
        cls.conversation = cls.operator.new_conversation()

    @classmethod
    def set_targets(cls, ms):
        with open(cls.targets, "w", encoding="ascii") as f:
            f.write(HEADING + "".join(f"{metric},api,{ms},ms,lower\n" for metric in (LIST, STATUS, CREATE)))

    def ask(self, metric, times=2):
        path = "/api/v1/conversations" + (f"/{self.conversation}/status" if metric == STATUS else "")
        for _ in range(times):
            answer = self.operator.post(path, {}) if metric == CREATE else self.operator.get(path)
            self.assertLess(answer.status, 300, answer)

    def alerts(self, metric, query=""):
        answer = self.operator.get(ALERTS + query)
        self.assertEqual(answer.status, 200, answer)
        return [alert for alert in answer.json["alerts"] if alert["metric"] == metric]

    def told(self, metric):
        """The states that the monitor's stream told of the metric, in order."""
        with open(self.here.state.log("monitor"), encoding="utf-8") as log:
            lines = [json.loads(line) for line in log if line.startswith('{"kind":"alert"')]
        return [line["state"] for line in lines if line["about"] == metric]

    def open_one(self, metric):
        """Asks on until then: what is measured while a monitor starts is lost."""
        return until("an alert is stored", lambda: self.ask(metric) or self.alerts(metric))[0]

    def test_an_alert_goes_on_until_its_target_is_met(self):
        opened = self.open_one(LIST)
        self.assertEqual((opened["alert"], opened["state"], opened["severity"], opened["has_data"], opened["resolved_at"]),
                         ("api_response_over_target", "open", "warning", True, None))
        self.assertGreaterEqual(opened["over"], 3)
        self.assertGreater(opened["value"], opened["limit"])
        self.assertEqual(self.alerts(LIST, "?state=open"), [opened])
        self.assertEqual(self.alerts(LIST, "?state=resolved"), [])
        self.here.kill_and_wait("monitor")
        self.set_targets(MET)
        self.addCleanup(self.here.kill_and_wait, "monitor")
        self.addCleanup(self.set_targets, MISSED)
        self.here.kill_and_wait("monitor")  # and this one holds lists against another target

        def resolved():
            self.ask(LIST)
            return self.alerts(LIST, "?state=resolved")
        ended = until("it is resolved", resolved)[0]
        self.assertEqual((ended["id"], ended["opened_at"]), (opened["id"], opened["opened_at"]))
        self.assertGreater(ended["resolved_at"], ended["opened_at"])
        self.assertEqual(self.told(LIST), ["opened", "resolved"])  # nothing was told of it at the starts

    def test_it_is_acknowledged_once(self):
        opened = self.open_one(STATUS)
        me, other = self.here.add_user("me@example.com", "a long password"), self.here.add_user(
            "other@example.com", "a long password", role="operator")
        path = f"{ALERTS}/{opened['id']}/ack"
        self.assertEqual(me.post(path, None).status, 403)
        self.assertIsNone(self.alerts(STATUS)[0]["acknowledged_at"])
        first, second = self.operator.post(path, None).json, other.post(path, None).json
        self.assertEqual(first["acknowledged_by"], "operator@example.com")
        self.assertEqual({key: second[key] for key in ("acknowledged_at", "acknowledged_by")},
                         {key: first[key] for key in ("acknowledged_at", "acknowledged_by")})
        self.assertEqual(self.operator.post(f"{ALERTS}/01900000-0000-7000-8000-000000000000/ack", None).status, 404)

    def test_what_is_opened_while_the_database_does_not_answer_is_stored_later(self):
        with self.here.locked("LOCK TABLE alerts IN EXCLUSIVE MODE"):
            until("it is told", lambda: self.ask(CREATE) or self.told(CREATE) == ["opened"])
        self.assertEqual(until("it is stored", lambda: self.alerts(CREATE))[0]["state"], "open")

    def test_a_page_of_many(self):
        self.here.sql("INSERT INTO alerts SELECT gen_random_uuid(), 'api_response_over_target', 'api.turn_insert', 'warning', 'look',"
                      " 'resolved', true, 1, 1, 1, 'ms', '1m', 20, 20, now(), now(), now() FROM generate_series(1, 7)")
        seen, before = [], ""
        while before is not None:
            page = self.operator.get(f"{ALERTS}?state=resolved&limit=3{before}").json
            seen += [alert["id"] for alert in page["alerts"]]
            before = page["next_before"] and f"&before={page['next_before']}"
        self.assertEqual(len(seen), 7)
        self.assertEqual(seen, sorted(set(seen), reverse=True))


if __name__ == "__main__":
    unittest.main()
