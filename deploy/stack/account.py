# SPDX-License-Identifier: ISC
"""The demo user, and the credentials file: address, password, API key, one a line, for this user's eyes only."""

import http.client
import os
import secrets
import subprocess

from . import Trouble
from .build import program
from .places import write_private

DEMO = "demo@example.com"


def ensure(state, build, port):
    """Gives (address, password, key) that work: those on file, or new ones where the database does not know them."""
    known = _on_file(state)
    if known and _key_works(port, known[2]):
        return known
    password = secrets.token_urlsafe(12)
    email = DEMO
    if not _admin(state, build, ["user", "add", email, "--role", "operator"], password + "\n", may_exist=True):
        email = f"demo-{secrets.token_hex(4)}@example.com"  # a shared database, and another installation's demo user
        _admin(state, build, ["user", "add", email, "--role", "operator"], password + "\n")
    key = _admin(state, build, ["key", "add", email, "--name", "deploy/run"], "").strip()
    write_private(state.credentials, f"{email}\n{password}\n{key}\n")
    return email, password, key


def _on_file(state):
    if not os.path.exists(state.credentials):
        return None
    with open(state.credentials, encoding="utf-8") as f:
        lines = f.read().splitlines()
    return tuple(lines[:3]) if len(lines) >= 3 else None


def _key_works(port, key):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/api/v1/auth/me", headers={"Authorization": f"Bearer {key}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(f"the gateway on port {port} does not answer: {error}") from None
    finally:
        connection.close()


def _admin(state, build, words, stdin, may_exist=False):
    done = subprocess.run([program(build, "admin"), "--config", state.config, *words], input=stdin, text=True,
                          capture_output=True, check=False)
    if done.returncode == 0:
        return done.stdout
    said = (done.stderr.strip() or f"cleanerctx-admin ended with {done.returncode}").splitlines()[-1]
    if may_exist and "already" in said:
        return ""
    raise Trouble(said)
