#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""config.py BUILD [--write] - each service's configuration table, its man page and the example agree.

The table is asked of the built program (--help). Its own keys must be in its man page, FOLDER/FOLDER.8, and [common]'s in
the gateway's; each with `.B key` under CONFIGURATION, no others there. deploy/examples/cleanerctx.conf has every key with
its default, commented out; --write makes it anew. A service that is not built is skipped: its section stays as it is.
"""

import argparse
import os
import re
import subprocess
import tempfile

import say

SERVICES = ("gateway", "decider", "cleaner", "notifier", "monitor")
EXAMPLE = ("deploy", "examples", "cleanerctx.conf")
HEAD = """# cleanerctx.conf - every key with its default. Take a line's # away to change it; the programs say file and line of
# what they cannot take (--check-config). KEY_file = PATH reads a value, a secret, from a file of its own.
# Made by tests/drift/config.py --write out of the programs' own tables.
"""


def program(build, service):
    path = os.path.join(build, service, f"cleanerctx-{service}")
    return path if os.access(path, os.X_OK) else None


def tables(path):
    """{section: {key: (help with bounds, default)}} in the table's order."""
    said = subprocess.run([path, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    found, section = {}, None
    for line in said.splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = found.setdefault(heading[1], {})
        elif section is not None and (row := re.fullmatch(r"  --(\w+) +(.*)", line)):
            says, _, default = row[2].partition("; default ")
            default, _, bounds = default.partition("; ")
            section[row[1]] = (f"{says}; {bounds}" if bounds else says, default)
    return found


def documented(page):
    """The keys under CONFIGURATION in a man page."""
    part = re.search(r"^\.SH CONFIGURATION\n(.*?)(?=^\.SH |\Z)", page, re.S | re.M)
    return re.findall(r"^\.TP\n\.BR? (\w+)$", part[1], re.M) if part else []


def example_section(name, keys):
    lines = [f"[{name}]"]
    for key, (says, default) in keys.items():
        lines += [f"# {says}", f"#{key} = {default}".rstrip()]
    return "\n".join(lines) + "\n"


def example_sections(text):
    """{name: text} of an example file, without blank lines at a section's end."""
    parts = re.split(r"^(?=\[\w+\]$)", text, flags=re.M)[1:]
    return {part[1:part.index("]")]: part.rstrip() + "\n" for part in parts}


def check_page(problems, folder, keys, which):
    path = (folder, f"{folder}.8")
    if not os.path.exists(os.path.join(say.ROOT, *path)):
        problems.append(f"{'/'.join(path)}: missing: the man page of cleanerctx-{folder}")
        return
    found = documented(say.text(*path))
    problems += [f"{'/'.join(path)}: {which} {key} has no `.TP .B {key}` under CONFIGURATION" for key in keys if key not in found]
    return found


def check(build):
    problems, sections, built = [], {}, [s for s in SERVICES if program(build, s)]
    for service in built:
        table = tables(program(build, service))
        sections.setdefault("common", table["common"])
        sections[service] = table.get(service, {})
        known = list(sections[service])
        found = check_page(problems, service, known, "key")
        if service == "gateway" and found is not None:
            check_page(problems, service, table["common"], "[common] key")
            known += table["common"]
        problems += [f"{service}/{service}.8: {key} is no key of the program" for key in found or () if key not in known]
    return problems, sections, built


def check_example(sections):
    path, problems = os.path.join(say.ROOT, *EXAMPLE), []
    there = example_sections(say.text(*EXAMPLE)) if os.path.exists(path) else {}
    for name, keys in sections.items():
        if there.get(name) != example_section(name, keys):
            problems.append(f"{'/'.join(EXAMPLE)}: [{name}] is not what the program's table says; make it with --write")
    return problems + [f"{'/'.join(EXAMPLE)}: [{name}] is no section" for name in there if name not in (*SERVICES, "common")]


def check_taken(build, built):
    """Every program takes the whole example, as it is."""
    problems = []
    with tempfile.TemporaryDirectory() as empty:
        for service in built:
            done = subprocess.run([program(build, service), "--config", os.path.join(say.ROOT, *EXAMPLE), "--check-config",
                                   "--runtime_dir", empty], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  check=False)
            if done.returncode and "must be" not in done.stderr:  # a key that has no default must be set: not here
                problems.append(f"{service} --check-config refuses the example: {done.stderr.strip()}")
    return problems


def write_example(sections):
    path = os.path.join(say.ROOT, *EXAMPLE)
    there = example_sections(say.text(*EXAMPLE)) if os.path.exists(path) else {}
    there.update({name: example_section(name, keys) for name, keys in sections.items()})
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([HEAD, *(there[name] for name in ("common", *SERVICES) if name in there)]))


def main():
    p = argparse.ArgumentParser(description="Configuration tables, man pages and the example agree.")
    p.add_argument("build")
    p.add_argument("--write", action="store_true", help="make deploy/examples/cleanerctx.conf anew")
    options = p.parse_args()
    problems, sections, built = check(options.build)
    if options.write:
        write_example(sections)
    problems += check_example(sections) + check_taken(options.build, built)
    say.end(problems, f"tables, man pages and example agree: {' '.join(built)}")


if __name__ == "__main__":
    main()
