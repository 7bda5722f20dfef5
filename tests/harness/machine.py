# SPDX-License-Identifier: ISC
"""The machine that a figure is from, and the two of its times that ours are made of: machine.py [DIR] prints them.

A turn is answered when PostgreSQL has flushed its commit, and passes through about nine hands; so no figure of ours can be
better than a flush to the disk of DIR (default: where we are) and a few wake-ups.
"""

import os
import platform
import sys
import tempfile
import time

FLUSHES = 200  # enough for a 99th percentile
BLOCK_BYTES = 8192  # PostgreSQL's
PACE_S = 0.01  # between two: as under a light load, when the machine has gone idle


def _percentiles(values):
    values = sorted(values)
    return f"p50 {values[len(values) // 2]:.2f}, p99 {values[len(values) * 99 // 100]:.2f} ms"


def flushes_ms(folder):
    """What writing a block of a file that is there, and fdatasync, takes."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as f:
        f.write(bytes(BLOCK_BYTES * FLUSHES))
        f.flush()
        os.fsync(f.fileno())
        for n in range(FLUSHES):
            time.sleep(PACE_S)
            began = time.perf_counter()
            os.pwrite(f.fileno(), b"x" * BLOCK_BYTES, n * BLOCK_BYTES)
            os.fdatasync(f.fileno())
            took.append((time.perf_counter() - began) * 1e3)
    return took


def wakeups_ms():
    """What waking another process takes: half of a byte's way there and back through pipes."""
    took = []
    there, back = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(there[1])
            while os.read(there[0], 1):
                os.write(back[1], b"x")
        finally:
            os._exit(0)  # interrupted, too: what our callers would undo is the parent's
    os.close(there[0])
    for _ in range(FLUSHES):
        time.sleep(PACE_S)
        began = time.perf_counter()
        os.write(there[1], b"x")
        os.read(back[0], 1)
        took.append((time.perf_counter() - began) * 1e3 / 2)
    os.close(there[1])
    os.waitpid(child, 0)
    for fd in back:
        os.close(fd)
    return took


def describe(folder):
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.partition(":")[2].strip() for line in f if line.startswith("model name")), platform.machine())
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"machine: {os.cpu_count()} cores, {model}, {gib:.0f} GiB, Linux {platform.release()}; load {os.getloadavg()[0]:.1f}\n"
            f"a flush of 8 KiB: {_percentiles(flushes_ms(folder))}; a wake-up of another process: {_percentiles(wakeups_ms())}")


if __name__ == "__main__":
    print(describe(sys.argv[1] if len(sys.argv) > 1 else "."), flush=True)
