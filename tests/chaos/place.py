# SPDX-License-Identifier: ISC
"""The installation under test: deploy/run's own, with a relay on every way between its parts.

Processes find each other by their configuration; the environment overrides the file that deploy/run writes, so every
endpoint here names a relay, and the relay leads to where the other side listens. Where the kernel allows it each cleaner lives
in a network of its own, and PostgreSQL's and Redis' data on small disks; `cannot` says of which kinds of fault it does not.
"""

import contextlib
import os
import shutil
import subprocess

import zmq

from stack import build as builds

from harness.installation import Installation, free_port
from harness.model import FakeModel

from .apart import Disk, Net, own_mounts
from .programs import Programs, stepped_clock

EVENTS_KEPT = 20000  # of a conversation: all that a run makes, so that replay can be compared from its beginning
MODEL_MS = 20        # the fake model's answer: the queue is what is tried here, not patience
POSTGRES_MB = 1200   # 512 of WAL at most, and what five minutes at 200 turns a second store
REDIS_MB = 800       # the append-only file twice, while it is rewritten


class Place(Installation):
    def __init__(self, build=None, cleaners=3, deciders=2, kinds=()):
        super().__init__(build=build, cleaners=cleaners)
        self.deciders, self.kinds = deciders, kinds
        self.cannot = {}      # kind of fault -> why
        self.relay = self.model = None
        self.front = free_port()
        self.through = f"http://127.0.0.1:{self.front}"  # the gateway, through a relay
        self.real = os.path.abspath(self.build)
        self.disks, self.nets = {}, {}

    def words(self):
        return super().words() + ["--deciders", str(self.deciders)]

    def links(self):
        return [f"turns-{n}" for n in range(1, self.deciders + 1)] + ["results", "events"]

    def workers(self, service, count):
        return [f"{service}-{n}" for n in range(1, count + 1)]

    def clocks(self):
        """Who lives on a clock that can be stepped."""
        return ["gateway", "notifier", "decider-1", "cleaner-1"]

    # --- what the kernel lends ---

    def take_apart(self):
        wanted = lambda *kinds: any(kind in self.kinds for kind in kinds)
        if wanted("postgres-disk", "redis-disk", "partition", "loss"):
            wrong = own_mounts()
            self.disks = {"postgres": Disk(self.state.postgres, POSTGRES_MB), "redis": Disk(self.state.redis, REDIS_MB)}
            for name, disk in list(self.disks.items()):
                if f"{name}-disk" not in self.kinds:
                    del self.disks[name]
                elif why := wrong or disk.mount():
                    del self.disks[name]
                    self.cannot[f"{name}-disk"] = why
        if wanted("partition", "loss"):
            self.nets = {name: Net(n) for n, name in enumerate(self.workers("cleaner", self.cleaners))}
            why = wrong or next(filter(None, (net.make() for net in self.nets.values())), None)
            if why:
                self.remove_nets()
                self.cannot.update({"partition": why, "loss": why})
        if wanted("clock"):
            self.faketime, why = stepped_clock(self.real)
            if why:
                self.cannot["clock"] = why
        else:
            self.faketime = None

    def remove_nets(self):
        for net in self.nets.values():
            net.remove()
        self.nets = {}

    # --- who listens where ---

    def ways(self):
        """[name, from, to] of each relayed way, and the environment of all that makes them be used."""
        run = self.state.run
        ports = {name: (free_port(), free_port()) for name in self.links()}
        ways = [[name, f"tcp:127.0.0.1:{here}", f"tcp:127.0.0.1:{there}"] for name, (here, there) in ports.items()]
        ways += [["postgres", f"unix:{self.folder}/.s.PGSQL.5432", f"unix:{run}/pg/.s.PGSQL.5432"],
                 ["redis", f"unix:{self.folder}/redis.sock", f"unix:{run}/redis.sock"],
                 ["front", f"tcp:127.0.0.1:{self.front}", f"tcp:127.0.0.1:{self.port}"]]
        public, secret = (key.decode() for key in zmq.curve_keypair())
        self.environment = {
            "CLEANERCTX_TURNS": ",".join(f"tcp://127.0.0.1:{ports[n][0]}" for n in self.links() if n.startswith("turns")),
            "CLEANERCTX_RESULTS": f"tcp://127.0.0.1:{ports['results'][0]}",
            "CLEANERCTX_RESULTS_BIND": f"tcp://127.0.0.1:{ports['results'][1]}",
            "CLEANERCTX_EVENTS": f"tcp://127.0.0.1:{ports['events'][0]}",
            "CLEANERCTX_EVENTS_BIND": f"tcp://127.0.0.1:{ports['events'][1]}",
            "CLEANERCTX_POSTGRES": f"host={self.folder} dbname=cleanerctx user=cleanerctx",
            "CLEANERCTX_REDIS": f"unix://{self.folder}/redis.sock",
            "CLEANERCTX_CURVE_PUBLIC_KEY": public, "CLEANERCTX_CURVE_SECRET_KEY": secret,
            "CLEANERCTX_EVENT_LOG_LENGTH": str(EVENTS_KEPT), "CLEANERCTX_RATE_PER_S": "100000",
        }
        self.binds = {f"decider-{n}": f"tcp://127.0.0.1:{ports[f'turns-{n}'][1]}" for n in range(1, self.deciders + 1)}
        return ways

    def far_ways(self, net, ways):
        """A cleaner in its own network has ways of its own to the same places, over TCP: adds them, and gives its environment."""
        mine = {}
        for name in ("postgres", "redis", "results", "model"):
            there = next((to for way, _, to in ways if way == name), None)
            if there:
                mine[name] = f"{net.ours}:{free_port()}"
                ways.append([name, f"tcp:{mine[name]}", there])
        host, _, port = mine["postgres"].rpartition(":")
        far = {"CLEANERCTX_POSTGRES": f"host={host} port={port} dbname=cleanerctx user=cleanerctx",
               "CLEANERCTX_REDIS": f"redis://{mine['redis']}", "CLEANERCTX_RESULTS": f"tcp://{mine['results']}"}
        if "model" in mine:
            far["CLEANERCTX_MODEL_URL"] = f"http://{mine['model']}"
        return far

    def model_way(self, ways):
        here = free_port()
        ways.append(["model", f"tcp:127.0.0.1:{here}", f"tcp:127.0.0.1:{self.model.port}"])
        self.environment.update({
            "CLEANERCTX_MODEL_PROVIDER": "gemini", "CLEANERCTX_MODELS": "fake", "CLEANERCTX_MODEL_KEY": "none-is-needed",
            "CLEANERCTX_MODEL_THINKING": "off", "CLEANERCTX_MODEL_URL": f"http://127.0.0.1:{here}"})

    # --- life ---

    def start(self, *more):
        self.state.make()
        self.take_apart()
        if any(kind.startswith("model-") for kind in self.kinds):
            self.model = FakeModel("--latency", str(MODEL_MS), build=self.real)
            self.model.__enter__()
        ways = self.ways()
        if self.model:
            self.model_way(ways)
        self.write_programs(ways)
        self.relay = subprocess.Popen([os.path.join(self.real, "tests", "chaos", "relay", "cleanerctx-relay"), *sum(ways, [])],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.relay.stdout.readline() != "ready\n":
            raise AssertionError("the relay did not start")
        return super().start(*more)

    def write_programs(self, ways):
        programs = self.programs = Programs(self.real, os.path.join(self.folder, "programs"))
        self.build = programs.folder
        for name in ["gateway", "notifier", *self.binds, *self.workers("cleaner", self.cleaners)]:
            net = self.nets.get(name)
            programs.instance(name, net=net, faketime=self.faketime if name in self.clocks() else None,
                              environment=self.far_ways(net, ways) if net else {},
                              words=("--turns_bind", self.binds[name]) if name in self.binds else ())

    def empty_redis(self):
        """It dies, and comes back with nothing."""
        shutil.rmtree(f"{self.state.redis}/appendonlydir", ignore_errors=True)
        with contextlib.suppress(ProcessLookupError):  # another fault has killed it just now
            self.kill("redis")

    def tell_relay(self, *words):
        self.relay.stdin.write(" ".join(map(str, words)) + "\n")
        self.relay.stdin.flush()

    def close(self):
        for disk in self.disks.values():
            disk.empty()
        super().close()
        if self.relay:
            self.relay.stdin.close()
            self.relay.stdout.close()
            self.relay.wait(10)
            self.relay = None
        if self.model:
            self.model.__exit__()
            self.model = None
        self.remove_nets()

    def remove(self):
        """The whole of it; what lies on small disks goes with them."""
        for disk in self.disks.values():
            disk.unmount()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.state.run, ignore_errors=True)
