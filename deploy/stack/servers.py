# SPDX-License-Identifier: ISC
"""The private PostgreSQL and Redis of a state folder: on Unix sockets only, with their data in it.

Both are built with systemd support in Debian, so they too say READY=1 when they take requests. PostgreSQL refuses to
run as root: then it runs as the user postgres, and if that user cannot reach the state folder (a clone in /root) it is
given the one capability for that, CAP_DAC_OVERRIDE, instead of opening the folders of somebody's home.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess

from . import Trouble
from .places import anyone_may_pass
from .supervise import Process

PG_BIN = "/usr/lib/postgresql/15/bin"
PG_USER = "cleanerctx"

# 64 MB hold the hot rows of a private installation; the processes together open fewer than 60 connections. What is
# acknowledged is on disk: fsync and synchronous_commit stay on.
PG_SETTINGS = {
    "listen_addresses": "", "port": "5432", "unix_socket_permissions": "0700", "max_connections": "100",
    "shared_buffers": "64MB", "fsync": "on", "synchronous_commit": "on", "wal_level": "replica",
    "max_wal_size": "512MB", "checkpoint_timeout": "15min", "wal_compression": "on", "jit": "off",
    "password_encryption": "scram-sha-256", "timezone": "UTC", "log_timezone": "UTC", "log_destination": "stderr",
    "log_error_verbosity": "terse", "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0", "log_min_error_statement": "panic",
}

CREATE_DATABASE = r"""\set ON_ERROR_STOP on
SELECT 'CREATE DATABASE cleanerctx' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'cleanerctx')\gexec
"""

REDIS_SETTINGS = (
    "port 0", "unixsocketperm 700", "supervised systemd", "daemonize no", "save \"\"", "appendonly yes",
    "appendfsync everysec", "maxmemory-policy noeviction", "databases 4",
)


def postgres_conninfo(state):
    host = state.socket("pg").replace("\\", "\\\\").replace("'", "\\'")  # libpq's quoting, 34.1.1.1
    return f"host='{host}' dbname=cleanerctx user={PG_USER}"


def redis_url(state):
    return f"unix://{state.socket('redis.sock')}"


def _postgres_owner(state):
    """(words to put before a command, user and group ids) to run something as whom PostgreSQL runs."""
    if os.getuid() != 0:
        return ["setpriv", "--pdeathsig", "INT", "--"], os.getuid(), os.getgid()
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise Trouble("PostgreSQL refuses to run as root, and there is no user postgres; "
                      "install the package postgresql-15") from None
    words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    if not anyone_may_pass(state.path):
        words += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return words + ["--pdeathsig", "INT", "--"], user.pw_uid, user.pw_gid


def _owned_folder(path, uid, gid):
    os.makedirs(path, exist_ok=True)
    if os.getuid() == 0:
        os.chown(path, uid, gid)
    os.chmod(path, 0o700)


def _init_database(state, words):
    data = os.path.join(state.postgres, "data")
    if os.path.exists(os.path.join(data, "PG_VERSION")):
        return data
    shutil.rmtree(data, ignore_errors=True)  # what an initdb that was interrupted left: it has no version yet
    done = subprocess.run(
        words + [f"{PG_BIN}/initdb", "-D", data, "-U", PG_USER, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", check=False)
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        said = [line for line in done.stderr.splitlines() if "error: " in line or "FATAL: " in line] or [f"exit {done.returncode}"]
        raise Trouble(f"PostgreSQL's initdb failed: {said[0]}")
    return data


def postgres(state):
    """Makes the cluster if need be; gives the process to start. Its socket's folder is the key: only its owner, and
    root, come in, so connections need no password."""
    if not os.access(f"{PG_BIN}/postgres", os.X_OK):
        raise Trouble("PostgreSQL 15 is missing; install the package postgresql-15, or give --pg CONNINFO")
    words, uid, gid = _postgres_owner(state)
    _owned_folder(state.postgres, uid, gid)
    _owned_folder(state.socket("pg"), uid, gid)
    data = _init_database(state, words)
    command = words + [f"{PG_BIN}/postgres", "-D", data, "-c", f"unix_socket_directories={state.socket('pg')}"]
    for key, value in PG_SETTINGS.items():
        command += ["-c", f"{key}={value}"]
    # SIGINT is the fast shutdown: it does not wait for clients to leave
    return Process("postgres", command, stop_signal=signal.SIGINT, ready_seconds=120, stop_seconds=30,
                   short_slices=True)


def create_database(state):
    done = subprocess.run(
        [f"{PG_BIN}/psql", "-h", state.socket("pg"), "-U", PG_USER, "-d", "postgres", "-qAtX"],
        input=CREATE_DATABASE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Trouble(f"PostgreSQL: {done.stderr.strip()}")


def redis(state):
    server = shutil.which("redis-server")
    if not server:
        raise Trouble("Redis is missing; install the package redis-server, or give --redis URL")
    os.makedirs(state.redis, mode=0o700, exist_ok=True)
    config = os.path.join(state.redis, "redis.conf")
    with open(config, "w", encoding="utf-8") as f:
        folder = state.redis.replace("\\", "\\\\").replace('"', '\\"')
        f.write("\n".join(REDIS_SETTINGS) + f"\nunixsocket \"{state.socket('redis.sock')}\"\ndir \"{folder}\"\n")
    return Process("redis", [server, config], ready_seconds=60, stop_seconds=30, short_slices=True)


def check_redis(url):
    """A server that is somebody else's: does it answer?"""
    try:
        with _redis_connect(url) as s:
            s.settimeout(5)
            s.sendall(b"PING\r\n")
            if s.recv(64)[:5] not in (b"+PONG", b"-NOAU"):  # a password is the services' business
                raise OSError("it answers, but not like Redis")
    except (OSError, ValueError) as error:
        raise Trouble(f"the Redis at {url.split('@')[-1]} does not answer: {error}") from None


def _redis_connect(url):
    kind, _, rest = url.partition("://")
    if kind == "unix":
        s = socket.socket(socket.AF_UNIX)
        s.connect(rest.partition("?")[0])
        return s
    if kind != "redis":
        raise ValueError("the URL is unix:///path or redis://host:port")
    host, _, port = rest.rpartition("@")[2].partition("/")[0].partition(":")
    return socket.create_connection((host, int(port or 6379)), timeout=5)
