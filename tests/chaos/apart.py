# SPDX-License-Identifier: ISC
"""What the kernel lends to a run, where it may be had: mounts that nobody else sees, and networks of their own.

It all hangs on the run's own mount namespace, so it goes with the run's last process, however that ends.
"""

import ctypes
import os
import subprocess

CLONE_NEWNS = 0x00020000
NFT_TABLE = "inet chaos"
NETWORK = 10 << 24 | 231 << 16  # 10.231.0.0/16, in links of four addresses: no route of a test machine should lead there
LINKS = 1 << 14
_libc = ctypes.CDLL(None, use_errno=True)


def said(*words):
    """Runs a command: None, or what it complained of."""
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    except OSError as error:
        return f"{words[0]}: {error.strerror}"
    return f"{words[0]}: {(done.stderr.strip() or 'failed').splitlines()[0]}" if done.returncode else None


def first_said(commands):
    for command in commands:
        wrong = said(*command)
        if wrong:
            return wrong
    return None


def own_mounts():
    """From here on this process and its children mount for themselves. None, or why not."""
    if _libc.unshare(CLONE_NEWNS):
        return f"unshare: {os.strerror(ctypes.get_errno())}"
    return first_said([("mount", "--make-rprivate", "/"), ("mount", "-t", "tmpfs", "tmpfs", "/dev/shm")])


class Disk:
    """A tmpfs of bounded size at a folder, that can be filled and emptied."""

    def __init__(self, folder, megabytes):
        self.folder, self.megabytes = folder, megabytes
        self.ballast = os.path.join(folder, "ballast")
        self.fillers = 0

    def mount(self):
        os.makedirs(self.folder, exist_ok=True)
        return said("mount", "-t", "tmpfs", "-o", f"size={self.megabytes}m,mode=0755", "tmpfs", self.folder)

    def fill(self):
        """To the last page: ever smaller pieces until none is left. Two faults at a time are one until the last of them ends."""
        self.fillers += 1
        if self.fillers > 1:
            return
        piece, at = 64 << 20, 0
        with open(self.ballast, "wb") as f:
            while piece >= 4096:
                try:
                    os.posix_fallocate(f.fileno(), at, piece)
                    at += piece
                except OSError:
                    piece //= 2

    def empty(self):
        self.fillers -= 1
        if self.fillers <= 0 and os.path.exists(self.ballast):
            os.unlink(self.ballast)

    def unmount(self):
        said("umount", "--lazy", self.folder)


class Net:
    """A network namespace with one link to us; `ours` is our address on it."""

    def __init__(self, number):
        at = NETWORK + 4 * ((os.getpid() * 8 + number) % LINKS)
        self.name = f"cc{os.getpid()}-{number}"
        self.ours, self.theirs = address(at + 1), address(at + 2)

    def make(self):
        link, inside = f"cc{os.getpid()}h{self.name.rpartition('-')[2]}", ("ip", "-n", self.name)
        return first_said([
            ("ip", "netns", "add", self.name), ("ip", "link", "add", link, "type", "veth", "peer", "name", "far", "netns", self.name),
            ("ip", "address", "add", self.ours + "/30", "dev", link), ("ip", "link", "set", link, "up"),
            (*inside, "address", "add", self.theirs + "/30", "dev", "far"), (*inside, "link", "set", "far", "up"),
            (*inside, "link", "set", "lo", "up"),
            self.nft(f"add table {NFT_TABLE}; add chain {NFT_TABLE} in {{ type filter hook input priority 0; }}; "
                     f"add chain {NFT_TABLE} out {{ type filter hook output priority 0; }}"),
            self.lossy(1), self.whole()])

    def nft(self, rules):
        return ("ip", "netns", "exec", self.name, "nft", rules)

    def enter(self):
        """What to put before a command that is to run there; its process id stays."""
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    # each of these is a command

    def cut(self):
        return self.nft(f"add rule {NFT_TABLE} in drop; add rule {NFT_TABLE} out drop")

    def lossy(self, percent):
        drop = f"numgen random mod 100 < {percent} drop"
        return self.nft(f"add rule {NFT_TABLE} in {drop}; add rule {NFT_TABLE} out {drop}")

    def whole(self):
        return self.nft(f"flush table {NFT_TABLE}")

    def remove(self):
        said("ip", "netns", "delete", self.name)


def address(number):
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
