#!/usr/bin/env python3
"""Makes schema_table.h: the migrations of deploy/schema, in the order of their names, as C strings.

usage: schema_table.py OUTPUT FILE.sql ..
"""
import os
import sys


def c_string(text):
    lines = text.splitlines(keepends=True)
    return "\n".join('\t"%s"' % line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for line in lines)


def main():
    files = sorted(sys.argv[2:], key=os.path.basename)
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write("/* Generated from deploy/schema by schema_table.py. */\n")
        out.write("static const struct migration schema_table[] = {\n")
        for path in files:
            with open(path, encoding="utf-8") as f:
                out.write('{"%s",\n%s},\n' % (os.path.basename(path), c_string(f.read())))
        out.write("};\n")


main()
