#!/usr/bin/env python3
"""Makes openapi.json of openapi.yaml. usage: openapi.py INPUT.yaml OUTPUT.json"""
import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as f:
    document = yaml.safe_load(f)
with open(sys.argv[2], "w", encoding="utf-8") as f:
    json.dump(document, f, indent=0, sort_keys=False, ensure_ascii=True)
    f.write("\n")
