# SPDX-License-Identifier: ISC
"""What the drift checks share: where the tree is, and how a check ends."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def text(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return file.read()


def end(problems, fine):
    """One line a problem and exit 1, or what was found to agree and exit 0."""
    for problem in problems:
        print(problem)
    if not problems:
        print(fine)
    sys.exit(1 if problems else 0)
