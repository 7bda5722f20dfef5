#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""files.py BUILD - what must stand beside what: targets.csv is a file of targets that the monitor takes, and the metric
table is made of it; cleanerctx-admin has every migration; every service has its unit and every program its man page.
"""

import glob
import os
import re
import subprocess
import sys

import say

SERVICES = ("gateway", "decider", "cleaner", "notifier", "monitor")


def check_targets(build):
    monitor = os.path.join(build, "monitor", "cleanerctx-monitor")
    done = subprocess.run([monitor, "--check-config", "--config", "/dev/null", "--targets_file",
                           os.path.join(say.ROOT, "common", "wire", "targets.csv")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    return [done.stderr.strip() or "the monitor refuses targets.csv"] if done.returncode else []


def check_table(build):
    """Every row of targets.csv, in its order, and no other, is in the table that the build made."""
    rows = [line.split(",")[0] for line in say.text("common", "wire", "targets.csv").splitlines()[1:] if line]
    with open(os.path.join(build, "common", "wire", "metric_table.h"), encoding="utf-8") as file:
        made = re.findall(r'M\(\w+, "([^"]+)"', file.read())
    return [] if rows == made else [f"targets.csv and metric_table.h differ: {sorted(set(rows) ^ set(made)) or 'in order'}"]


def check_migrations(build):
    """Every file of deploy/schema is in cleanerctx-admin, which applies them in the order of their names."""
    there = sorted(os.path.basename(path) for path in glob.glob(os.path.join(say.ROOT, "deploy", "schema", "*.sql")))
    with open(os.path.join(build, "gateway", "admin", "schema_table.h"), encoding="utf-8") as file:
        made = re.findall(r'^\{"([^"]+)"', file.read(), re.MULTILINE)
    return [] if there == made else [f"deploy/schema has {there}, gateway/admin/meson.build {made}"]


def check_units():
    return [f"deploy/systemd: no unit of cleanerctx-{name}" for name in SERVICES
            if not glob.glob(os.path.join(say.ROOT, "deploy", "systemd", f"cleanerctx-{name}*.service"))]


def check_pages(build):
    programs = [p for p in glob.glob(os.path.join(build, "**", "cleanerctx-*"), recursive=True)
                if os.path.isfile(p) and os.access(p, os.X_OK)]
    problems = []
    for path in programs:
        folder, name = os.path.relpath(os.path.dirname(path), build), os.path.basename(path)
        pages = [f"{name}.1", f"{name}.8", name.removeprefix("cleanerctx-") + ".8"]
        if not any(os.path.exists(os.path.join(say.ROOT, folder, page)) for page in pages):
            problems.append(f"{folder}: {name} has no man page ({', '.join(pages)})")
    return problems


def main():
    build = sys.argv[1]
    problems = check_targets(build) + check_table(build) + check_migrations(build) + check_units() + check_pages(build)
    say.end(problems, "targets, migrations, units and man pages stand where they should")


if __name__ == "__main__":
    main()
