# SPDX-License-Identifier: ISC
"""README.md as a test reads it."""

import os
import re

from stack import build as builds


def blocks(heading):
    """The indented blocks under a heading, each as one text."""
    with open(os.path.join(builds.ROOT, "README.md"), encoding="utf-8") as f:
        section = f.read().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return ["\n".join(line[4:] for line in block.splitlines())
            for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, re.MULTILINE)]
