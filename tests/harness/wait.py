# SPDX-License-Identifier: ISC
"""Waiting in tests."""

import time

DEADLINE_SECONDS = 60  # generous: sanitizers, two cores, other runs beside this one. It bounds a hang, it measures nothing.


def until(what, condition, seconds=DEADLINE_SECONDS):
    """Polls until condition() is true, and gives its value; fails saying what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.02)
