# SPDX-License-Identifier: ISC
"""Every process is held against an operator's targets: what all of them measure comes from each."""

import json
import os
import tempfile
import unittest

from harness.installation import Installation
from harness.wait import until

OF_ALL = {"system.backend_startup", "system.database_connection"}  # measured_by "all" in targets.csv
UNREACHABLE_MS = 0.000001


class Targets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        targets = os.path.join(folder, "targets.csv")
        with open(targets, "w", encoding="utf-8") as f:
            f.write("metric,area,target,unit,better\n" + "".join(f"{m},system,{UNREACHABLE_MS:f},ms,lower\n" for m in OF_ALL))
        os.chmod(folder, 0o755)
        cls.here = cls.enterClassContext(Installation(environment={"CLEANERCTX_TARGETS_FILE": targets}))

    def slow(self, source):
        """The metrics of a process that were told, each time."""
        with open(self.here.state.log("monitor"), encoding="utf-8") as log:
            lines = [json.loads(line) for line in log if line.startswith("{") and line.endswith("}\n")]
        return [line["metric"] for line in lines if line["kind"] == "slow" and line["source"] == source]

    def test_each_process_tells_of_its_start_and_its_connections(self):
        for name in ("decider", "cleaner-1", "notifier", "gateway"):
            before = len(self.slow(name))
            self.here.kill_and_wait(name)
            until(f"{name} has told of both", lambda name=name, before=before: OF_ALL <= set(self.slow(name)[before:]))


if __name__ == "__main__":
    unittest.main()
