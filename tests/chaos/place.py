# SPDX-License-Identifier: ISC
"""The installation under test: deploy/run's own, with a relay on every way between its parts.

Processes find each other by their configuration; the environment overrides the file that deploy/run writes, so every
endpoint here names a relay, and the relay leads to the Unix socket that the other side has bound.
"""

import json
import os
import subprocess
import sys

from harness.installation import Installation, free_port

EVENTS_KEPT = 20000  # of a conversation: all that a run makes, so that replay can be compared from its beginning


class Place(Installation):
    def __init__(self, build=None, cleaners=3, deciders=2):
        super().__init__(build=build, cleaners=cleaners)
        self.deciders = deciders
        self.relay = None
        self.front = free_port()
        self.through = f"http://127.0.0.1:{self.front}"  # the gateway, through a relay

    def words(self):
        return super().words() + ["--deciders", str(self.deciders)]

    def links(self):
        return [f"turns-{n}" for n in range(1, self.deciders + 1)] + ["results", "events"]

    def start(self, *more):
        ports = {name: free_port() for name in self.links()}
        run = self.state.run
        places = {name: [f"tcp:{port}", f"unix:{run}/{name}"] for name, port in ports.items()}
        places["postgres"] = [f"unix:{self.folder}/.s.PGSQL.5432", f"unix:{run}/pg/.s.PGSQL.5432"]
        places["redis"] = [f"unix:{self.folder}/redis.sock", f"unix:{run}/redis.sock"]
        places["front"] = [f"tcp:{self.front}", f"tcp:{self.port}"]
        self.environment = {
            "CLEANERCTX_TURNS": ",".join(f"tcp://127.0.0.1:{ports[n]}" for n in self.links() if n.startswith("turns")),
            "CLEANERCTX_RESULTS": f"tcp://127.0.0.1:{ports['results']}", "CLEANERCTX_RESULTS_BIND": f"ipc://{run}/results",
            "CLEANERCTX_EVENTS": f"tcp://127.0.0.1:{ports['events']}", "CLEANERCTX_EVENTS_BIND": f"ipc://{run}/events",
            "CLEANERCTX_POSTGRES": f"host={self.folder} dbname=cleanerctx user=cleanerctx",
            "CLEANERCTX_REDIS": f"unix://{self.folder}/redis.sock",
            "CLEANERCTX_EVENT_LOG_LENGTH": str(EVENTS_KEPT), "CLEANERCTX_RATE_PER_S": "100000",
        }
        self.relay = subprocess.Popen([sys.executable, "-B", os.path.join(os.path.dirname(__file__), "relay.py")],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.relay.stdin.write(json.dumps(places) + "\n")
        self.relay.stdin.flush()
        if self.relay.stdout.readline() != "ready\n":
            raise AssertionError("the relay did not start")
        return super().start(*more)

    def tell_relay(self, *words):
        self.relay.stdin.write(" ".join(map(str, words)) + "\n")
        self.relay.stdin.flush()

    def close(self):
        super().close()
        if self.relay:
            self.relay.stdin.close()
            self.relay.stdout.close()
            self.relay.wait(10)
            self.relay = None
