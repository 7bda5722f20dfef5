# SPDX-License-Identifier: ISC
"""Migrations: from every earlier version, and from nothing, to the same schema; again, without a change."""

import os
import shutil
import subprocess
import tempfile
import unittest

from harness.installation import SANITIZERS, build_folder
from stack import build as builds

SERVERS = os.path.join(builds.ROOT, "tests", "harness", "servers.sh")
SCHEMA = os.path.join(builds.ROOT, "deploy", "schema")


class Migrations(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="cleanerctx-schema-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        subprocess.run([SERVERS, "start", self.dir], check=True)
        self.addCleanup(subprocess.run, [SERVERS, "stop", self.dir], check=False)

    def database(self, name):
        subprocess.run(["psql", "-h", self.dir, "-U", "cleanerctx", "-d", "postgres", "-qXc", f"CREATE DATABASE {name}"], check=True)
        return f"host={self.dir} user=cleanerctx dbname={name}"

    def ask_migrate(self, conninfo, *words):
        return subprocess.run([builds.program(build_folder(), "admin"), "--postgres", conninfo, "migrate", *words], text=True,
                              capture_output=True, check=False, env={**os.environ, **SANITIZERS})

    def migrate(self, conninfo, *words):
        done = self.ask_migrate(conninfo, *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def schema(self, conninfo):
        """As pg_dump writes it, without the order in which columns and tables came to be."""
        dump = subprocess.run(["pg_dump", "--schema-only", "-d", conninfo], text=True, capture_output=True, check=True).stdout
        return sorted(line for line in dump.splitlines() if not line.startswith("\\"))

    def test_from_every_earlier_version(self):
        files = sorted(name for name in os.listdir(SCHEMA) if name.endswith(".sql"))
        fresh = self.database("fresh")
        self.assertEqual(self.migrate(fresh).count("applied"), len(files))
        for count in range(1, len(files)):
            older = os.path.join(self.dir, f"until-{count}")
            os.mkdir(older)
            for name in files[:count]:
                shutil.copy(os.path.join(SCHEMA, name), older)
            conninfo = self.database(f"since_{count}")
            self.migrate(conninfo, "--schema", older)
            self.assertEqual(self.migrate(conninfo).count("applied"), len(files) - count)
            self.assertEqual(self.schema(conninfo), self.schema(fresh))
        self.assertEqual(self.migrate(fresh).count("applied"), 0)

    def test_a_newer_database_is_left_alone(self):
        conninfo, newer = self.database("newer"), os.path.join(self.dir, "newer")
        os.mkdir(newer)
        with open(os.path.join(newer, "999_later.sql"), "w", encoding="utf-8") as f:
            f.write("CREATE TABLE later ();")
        self.migrate(conninfo, "--schema", newer)
        before = self.schema(conninfo)
        done = self.ask_migrate(conninfo)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("999_later.sql", done.stderr)
        self.assertEqual(self.schema(conninfo), before)


if __name__ == "__main__":
    unittest.main()
