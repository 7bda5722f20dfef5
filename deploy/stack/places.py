# SPDX-License-Identifier: ISC
"""The state folder: what lies where, and the lock that makes it one run's.

    pids/NAME.pid  log/NAME.log  credentials   what users read
    cleanerctx.conf                            the services' configuration, written anew at each start
    postgres/  redis/  jwt_secret               what is kept from run to run
    run/                                       sockets

A Unix socket's path may have 107 bytes, and so runtime_dir 80; and in lists of endpoints, URLs and connection strings some
characters have a meaning. Where the state folder's path is too long, or has one of those, run/ is a link to a short folder in /tmp.
PostgreSQL does not run as root: when root starts it, the folders on the way to its own may be passed through (0711), and
everything else in them is root's alone.
"""

import fcntl
import hashlib
import os
import stat

from . import Trouble

MEANINGFUL = set(" \t,@?'\"\\")
RUNTIME_DIR_BYTES = 80  # the bound of runtime_dir in common/service/options.c


class State:
    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.run = self._run_folder()
        self.pids = self.at("pids")
        self.logs = self.at("log")
        self.config = self.at("cleanerctx.conf")
        self.credentials = self.at("credentials")
        self.postgres = self.at("postgres")
        self.redis = self.at("redis")
        self.jwt_secret = self.at("jwt_secret")
        self._lock = None

    def at(self, *names):
        return os.path.join(self.path, *names)

    def socket(self, *names):
        return os.path.join(self.run, *names)

    def log(self, name):
        return os.path.join(self.logs, name + ".log")

    def _run_folder(self):
        inside = self.at("run")
        if len(os.fsencode(inside)) <= RUNTIME_DIR_BYTES and not set(inside) & MEANINGFUL:
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        return f"/tmp/cleanerctx-{os.getuid()}-{digest}"

    def make(self):
        """Makes the folders; harmless when they are there."""
        try:
            _folder(self.path, 0o711)
            _folder(self.run, 0o711)
            for private in (self.pids, self.logs):
                _folder(private, 0o755 if private == self.pids else 0o700)
            if self.run != self.at("run") and not os.path.lexists(self.at("run")):
                os.symlink(self.run, self.at("run"))
        except OSError as error:
            raise Trouble(f"cannot make the state folder {self.path}: {error.strerror}") from None

    def lock(self):
        """Takes the folder for this process's life. The file holds the holder's process id."""
        fd = os.open(self.at("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise Trouble(f"{self.path} is in use by a run already (process {self.holder()}); "
                          f"stop it with deploy/run --stop --state {self.path}") from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._lock = fd

    def holder(self):
        """The process id of the run that has the folder, or None."""
        try:
            fd = os.open(self.at("lock"), os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        except BlockingIOError:
            return int(os.pread(fd, 20, 0) or 0) or None
        finally:
            os.close(fd)


def _folder(path, mode):
    os.makedirs(path, exist_ok=True)
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise Trouble(f"{path} is there already, and is not a folder of this user")
    os.chmod(path, mode)


def write_private(path, text):
    """The whole file or none of it, readable by this user only."""
    new = path + ".new"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(text)
    os.replace(new, path)


def anyone_may_pass(path):
    """Can a user who is neither owner nor in the group come into this folder?"""
    while True:
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
        if path == "/":
            return True
        path = os.path.dirname(path)


class FileLock:
    """An exclusive lock that is waited for; says so once when it has to."""

    def __init__(self, path, waiting_for):
        self.path, self.waiting_for = path, waiting_for

    def __enter__(self):
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for {self.waiting_for} ..", flush=True)
            fcntl.flock(self.fd, fcntl.LOCK_EX)

    def __exit__(self, *_):
        os.close(self.fd)
