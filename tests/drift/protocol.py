#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""protocol.py - common/wire/PROTOCOL.md tells every link and message as the tables have them, and nothing else."""

import re

import say

WIRE = ("common", "wire")


def rows_of(heading):
    """The cells of the rows of the table whose first heading cell is this."""
    page = say.text(*WIRE, "PROTOCOL.md")
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)*)", page, re.M)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()] if table else []


def links():
    """The rows of topology.c: name, binder, connectors, types, mark, linger, when full."""
    source = re.sub(r'"\s*\n\s*"', "", say.text(*WIRE, "topology.c"))
    row = re.compile(r'\[LINK_\w+\] = \{"(\w+)", "(\w+)", "([\w ]+)", ZMQ_(\w+), ZMQ_(\w+), (\d+), (\d+),\s*"([^"]*)"')
    return [[name, binder, others, f"{one}, {other}", mark, f"{linger} ms", full]
            for name, binder, others, one, other, mark, linger, full in row.findall(source)]


def messages():
    return re.findall(r"^\tM\(\w+, (\w+), \d+, \w+\)", say.text(*WIRE, "message_table.h"), re.M)


def compare(problems, what, told, true):
    problems += [f"PROTOCOL.md: {what} {name} is missing" for name in true if name not in told]
    problems += [f"PROTOCOL.md: {what} {name} is in no table" for name in told if name not in true]


def main():
    problems, told, true = [], {row[0]: row for row in rows_of("link")}, {row[0]: row for row in links()}
    compare(problems, "link", list(told), list(true))
    problems += [f"PROTOCOL.md: link {name} says {told[name]}, topology.c {true[name]}"
                 for name in true if name in told and told[name] != true[name]]
    compare(problems, "message", [row[0] for row in rows_of("message")], messages())
    if len(true) < 3 or len(messages()) < 3:
        problems.append("protocol.py cannot read topology.c or message_table.h any more")
    say.end(problems, f"PROTOCOL.md tells all {len(true)} links and {len(messages())} messages")


if __name__ == "__main__":
    main()
