# SPDX-License-Identifier: ISC
"""The configuration that a run writes for the services, and the processes in the order of their start."""

import os
import secrets
import socket
import subprocess

from . import Trouble, servers
from .build import program
from .places import write_private
from .supervise import Process


def turns_endpoints(state, deciders):
    """One decider's is the default; each of several binds its own."""
    names = ["turns"] if deciders == 1 else [f"turns-{n}" for n in range(1, deciders + 1)]
    return [f"ipc://{state.socket(name)}" for name in names]


def write_config(state, options):
    """[common] and [gateway] keys that differ from the defaults; users may read it to see what is running."""
    if not os.path.exists(state.jwt_secret):
        write_private(state.jwt_secret, secrets.token_hex(32) + "\n")
    write_private(state.config, f"""# written by deploy/run at each start: changes here are lost
[common]
runtime_dir = {state.run}
turns = {", ".join(turns_endpoints(state, options.deciders))}
postgres = {options.pg or servers.postgres_conninfo(state)}
redis = {options.redis or servers.redis_url(state)}

[gateway]
listen = 127.0.0.1:{options.port}
jwt_secret_file = {state.jwt_secret}
""" + (fake_model_config(options) if options.fake_model is not None else ""))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fake_model_config(options):
    return f"""
[cleaner]
model_provider = gemini
model_url = http://127.0.0.1:{options.fake_port}
models = fake
model_key = none-is-needed
model_thinking = off
"""


def fake_model(build, options):
    return Process("fake-model", [program(build, "fake-model"), "--port", str(options.fake_port), *options.fake_model])


def migrate(state, build):
    done = subprocess.run([program(build, "admin"), "--config", state.config, "migrate"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise Trouble(f"the schema could not be applied: {said}")


def all_of(state, build, options):
    """The gateway comes last, so that whoever reaches it reaches the rest."""
    def service(name, *more, instance=None):
        return Process(instance or name, [program(build, name), "--config", state.config, *more])

    def instances(name, count):
        return [f"{name}-{n}" for n in range(1, count + 1)]

    deciders = instances("decider", options.deciders) if options.deciders > 1 else ["decider"]
    return [service("monitor"), service("notifier"),
            *(service("decider", "--instance", name, "--turns_bind", bind, instance=name)
              for name, bind in zip(deciders, turns_endpoints(state, options.deciders))),
            *(service("cleaner", "--instance", name, instance=name) for name in instances("cleaner", options.cleaners)),
            service("gateway")]
