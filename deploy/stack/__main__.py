# SPDX-License-Identifier: ISC
"""The command line of deploy/run, and the order of the work.

The asking process builds and talks; a second one, its child in a session of its own, supervises. They share two pipes:
`words` tells the first how it goes, `life` is held by the first as long as it wants the second to go on. So Ctrl-C, a
closed terminal and kill -9 all end in an orderly stop, and --detach is one byte.
"""

import argparse
import os
import shlex
import signal
import socket
import sys
import time
import traceback

from . import Trouble, account, build, servers, services
from .places import State
from .supervise import Supervisor

STOP_SECONDS = 120


def fake_model_words(text):
    """latency=150,fail=10:503 as the program's own options."""
    words = []
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in ("latency", "fail", "seed", "connections") or not value:
            raise argparse.ArgumentTypeError(f"{part}: it takes latency=MS, fail=PERCENT[:CASE], seed=N, connections=N")
        words += [f"--{name}", value]
    return words


def arguments():
    p = argparse.ArgumentParser(prog="deploy/run", description="Installs, builds and starts everything; shows a sample.")
    p.add_argument("--detach", action="store_true", help="return when all is ready; it goes on running")
    p.add_argument("--stop", action="store_true", help="stop what runs in the state folder")
    p.add_argument("--state", metavar="DIR", default=os.path.join(build.ROOT, ".run"),
                   help="data, logs, pids, credentials (default .run)")
    p.add_argument("--port", type=int, default=8080, help="the gateway's, on 127.0.0.1 (default 8080)")
    p.add_argument("--cleaners", type=int, default=2, metavar="N", help="cleaner processes (default 2)")
    p.add_argument("--deciders", type=int, default=1, metavar="N", help="decider processes (default 1)")
    p.add_argument("--fake-model", metavar="latency=MS,fail=PERCENT[:CASE]", nargs="?", const="", type=fake_model_words,
                   help="let a fake language-model service answer fully cleaned turns, to see how that works without a key")
    p.add_argument("--no-demo", action="store_true", help="play no sample conversation")
    p.add_argument("--no-install", action="store_true", help="install no packages")
    p.add_argument("--pg", metavar="CONNINFO", help="use this PostgreSQL database (libpq's words) instead of a private one")
    p.add_argument("--redis", metavar="URL", help="use this Redis (unix:///path or redis://host:port/db)")
    p.add_argument("--build", metavar="DIR", help="use the programs of this build folder, as they are")
    options = p.parse_args()
    if not 1 <= options.port <= 65535:
        p.error("--port is 1 to 65535")
    if not 1 <= options.cleaners <= 64:
        p.error("--cleaners is 1 to 64")
    if not 1 <= options.deciders <= 16:
        p.error("--deciders is 1 to 16")
    return options


def check_port(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError as error:
            raise Trouble(f"port {port} cannot be used: {error.strerror}; choose another with --port") from None


def make_programs(options):
    if options.build:
        folder = os.path.abspath(options.build)
        build.check_programs(folder)
        return folder
    wanted = ["build", "run"] + ([] if options.pg else ["postgresql"]) + ([] if options.redis else ["redis"])
    build.install(wanted, not options.no_install)
    folder = os.path.join(build.ROOT, "build")
    print("building ..", flush=True)
    build.build(folder)
    return folder


# --- the supervising process ---

def start_all(supervisor, state, options, programs):
    own = ([] if options.fake_model is None else [services.fake_model(programs, options)]) + ([] if options.pg else [servers.postgres(state)]) + ([] if options.redis else [servers.redis(state)])
    if options.redis:
        servers.check_redis(options.redis)
    supervisor.start(*own)
    if not options.pg:
        servers.create_database(state)
    services.migrate(state, programs)
    supervisor.start(*services.all_of(state, programs, options))


def supervise(state, options, programs, words, life):
    def tell(word, text=""):
        try:
            os.write(words, f"{word} {text}\n".encode())
        except BrokenPipeError:
            pass  # it left: the log has it

    def say(text):
        try:
            print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)
        except OSError:
            pass  # a full disk: what runs goes on
        tell("say", text)

    state.lock()
    supervisor = Supervisor(state, say, life)
    try:
        options.fake_port = services.free_port() if options.fake_model is not None else None
        services.write_config(state, options)
        start_all(supervisor, state, options, programs)
        tell("ready")
        supervisor.stay()
    finally:
        killed = supervisor.stop()
        if killed:
            say("had to be killed: " + ", ".join(killed))
    tell("stopped")


def child(state, options, programs, words, life):
    """In the child of a fork: cut loose from the caller's terminal and files, then supervise. Never returns."""
    code = 1
    try:
        os.setsid()
        os.umask(0o077)
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDONLY)
        log = os.open(state.log("run"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for fd, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(fd, target)
        low, high = sorted((words, life))
        os.closerange(3, low)
        os.closerange(low + 1, high)
        os.closerange(high + 1, os.sysconf("SC_OPEN_MAX"))
        supervise(state, options, programs, words, life)
        code = 0
    except Trouble as trouble:
        os.write(words, f"trouble {trouble}\n".encode())
    except OSError as error:  # a full disk: the log cannot be written either
        os.write(words, f"trouble {error.filename or state.path}: {error.strerror}\n".encode())
        traceback.print_exc()
    except BaseException:
        traceback.print_exc()
        os.write(words, f"trouble the supervisor failed; see {state.log('run')}\n".encode())
    finally:
        os._exit(code)


# --- the asking process ---

class Child:
    def __init__(self, state, options, programs):
        words_read, words_write = os.pipe()
        life_read, self.life = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(words_read)
            os.close(self.life)
            child(state, options, programs, words_write, life_read)
        os.close(words_write)
        os.close(life_read)
        self.words = os.fdopen(words_read, encoding="utf-8", errors="replace")

    def wait_for(self, wanted):
        for line in self.words:
            word, _, text = line.rstrip("\n").partition(" ")
            if word == wanted:
                return
            if word == "trouble":
                raise Trouble(text)
            if word == "say":
                print(text, flush=True)
        raise Trouble("the supervisor ended; the log folder says more")

    def leave(self):
        os.write(self.life, b"+")

    def stop(self):
        """Ends it, whatever its state; a second Ctrl-C does not cut the stop short."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.close(self.life)
        for line in self.words:
            if line.startswith("say "):
                print(line[4:], end="", flush=True)
        os.waitpid(self.pid, 0)


class Asked(Exception):
    """The user, or the system, wants it to end."""


def on_end(*_):
    raise Asked


def greet(state, options, who):
    email, password, _ = who
    print(f"""
CleanerContext listens on http://127.0.0.1:{options.port}
  log in as {email} with the password {password}
  or: curl -H "Authorization: Bearer $(sed -n 3p {shlex.quote(state.credentials)})" http://127.0.0.1:{options.port}/api/v1/conversations
  logs: {state.logs}""", flush=True)


def show_sample(port, key):
    import sample  # beside this package; a program of its own too
    try:
        sample.play(f"http://127.0.0.1:{port}", key)
    except (sample.Failed, OSError) as error:
        raise Trouble(f"the sample failed: {error}") from None


def run(options, state):
    if state.holder():
        raise Trouble(f"{state.path} is in use by a run already (process {state.holder()}); stop it with --stop")
    check_port(options.port)
    programs = make_programs(options)
    state.make()
    print("starting ..", flush=True)
    supervising = Child(state, options, programs)
    try:
        supervising.wait_for("ready")
        who = account.ensure(state, programs, options.port)
        if not options.no_demo:
            show_sample(options.port, who[2])
        greet(state, options, who)
        if options.detach:
            supervising.leave()
            return
        print("Ctrl-C stops it.", flush=True)
        supervising.wait_for("stopped")
    except BaseException:
        supervising.stop()
        raise


def stop(state):
    pid = state.holder()
    if pid is None:
        print(f"nothing runs in {state.path}")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while state.holder() == pid:
        if time.monotonic() > deadline:
            raise Trouble(f"process {pid} did not stop within {STOP_SECONDS} s; see {state.log('run')}")
        time.sleep(0.02)
    print("stopped")


def main():
    options = arguments()
    state = State(options.state)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_end)
    try:
        stop(state) if options.stop else run(options, state)
    except Asked:
        print("stopped", flush=True)
    except Trouble as trouble:
        print(f"deploy/run: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
