# SPDX-License-Identifier: ISC
"""Starts processes in order, waits until each has said READY=1, starts again what dies, stops all in reverse order.

It speaks systemd's protocol (sd_notify(3)): READY=1, STATUS=.., WATCHDOG=1. A message counts for the process whose
kernel-given id it carries. One thread, one select: child deaths and signals arrive through the wake-up pipe.

A process that dies is started again at once, and no more than once in RESTART_SECONDS after that; not when it says that
it cannot run as configured (64, 78). One that is silent for WATCHDOG_SECONDS though it has fed the watchdog before is
killed and started again. Nothing here outlives the supervisor: every process has a death signal. `life` is a pipe from
whoever asked for all this: its end is a request to stop, a byte in it leave to stay without it.
"""

import array
import ctypes
import os
import select
import signal
import socket
import struct
import subprocess
import time

from . import Trouble

RESTART_SECONDS = 0.5   # "started again within a second", without spinning when it dies at once
WATCHDOG_SECONDS = 20   # as WatchdogSec= in deploy/systemd
LOG_BYTES = 16 << 20    # a log that is longer at a start is kept as NAME.log.1
CANNOT_RUN = (64, 78)   # bad usage, bad configuration: RestartPreventExitStatus=
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


# sched_setattr(2), for which neither glibc nor Python has a name: by machine
SCHED_SETATTR = {"x86_64": 314, "aarch64": 274, "riscv64": 274}.get(os.uname().machine)
SHORT_SLICE_NS = 100_000  # as common/base/sched.h, which says why


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _die_with_parent_short_slices():
    """For the servers; our own processes ask for their slices themselves. Where the kernel has none nothing changes."""
    _die_with_parent()
    if SCHED_SETATTR and os.sched_getscheduler(0) == os.SCHED_OTHER:
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        _libc.syscall(SCHED_SETATTR, 0, struct.pack("=IIQiIQQQ", 48, os.SCHED_OTHER, 0, nice, 0, SHORT_SLICE_NS, 0, 0), 0)


class Process:
    """One program: how it is started and stopped, and how it does."""

    def __init__(self, name, command, *, stop_signal=signal.SIGTERM, ready_seconds=30, stop_seconds=10, environment=None,
                 short_slices=False):
        self.name, self.command = name, command
        self.stop_signal, self.ready_seconds, self.stop_seconds = stop_signal, ready_seconds, stop_seconds
        self.environment = environment or {}
        self.before_exec = _die_with_parent_short_slices if short_slices else _die_with_parent
        self.child = None
        self.started = 0.0
        self.start_at = None    # when to start it again; None: it runs, or is not to run
        self.ready = False
        self.pid_written = False
        self.fed = None         # when it last fed the watchdog
        self.status = ""

    def running(self):
        return self.child is not None


class Supervisor:
    def __init__(self, state, say, life):
        self.state, self.say, self.life = state, say, life
        self.processes = []
        self.stop_asked = False
        self.staying = False
        self.notify = self._open_notify()
        self.wake_read, self.wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_stop)

    def _on_stop(self, *_):
        self.stop_asked = True

    def _open_notify(self):
        path = self.state.socket("notify")
        if os.path.exists(path):
            os.unlink(path)
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        s.bind(path)
        os.chmod(path, 0o622)  # PostgreSQL may be another user
        return s

    # --- starting ---

    def start(self, *processes):
        """Starts them, in this order, and waits until all are ready."""
        for process in processes:
            self.processes.append(process)
            self._spawn(process)
        for process in processes:
            self._wait_ready(process)

    def _spawn(self, process):
        path = self.state.log(process.name)
        if os.path.exists(path) and os.path.getsize(path) > LOG_BYTES:
            os.replace(path, path + ".1")
        environment = dict(os.environ, NOTIFY_SOCKET=self.state.socket("notify"),
                           WATCHDOG_USEC=str(WATCHDOG_SECONDS * 1000000), **process.environment)
        with open(path, "ab") as log:
            try:
                process.child = subprocess.Popen(process.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                                                 env=environment, start_new_session=True, preexec_fn=process.before_exec)
            except OSError as error:
                raise Trouble(f"{process.name} cannot be started: {process.command[0]}: {error.strerror}") from None
        process.started, process.start_at = time.monotonic(), None
        process.ready, process.fed = False, None
        self._write_pid(process)

    def _write_pid(self, process):
        """A full disk is no reason to let go of a process: there is no file then rather than a wrong one, until there is room."""
        path = os.path.join(self.state.pids, process.name + ".pid")
        try:
            with open(path + ".new", "w", encoding="ascii") as f:
                f.write(f"{process.child.pid}\n")
            os.chmod(path + ".new", 0o644)
            os.replace(path + ".new", path)
            process.pid_written = True
        except OSError:
            process.pid_written = False
            _remove(path + ".new")
            _remove(path)

    def _wait_ready(self, process):
        deadline = process.started + process.ready_seconds
        while not process.ready:
            if self.stop_asked:
                raise Trouble("stopped while starting")
            if not process.running():
                raise Trouble(f"{process.name} did not start: {self._last_words(process)}")
            if time.monotonic() > deadline:
                raise Trouble(f"{process.name} was not ready within {process.ready_seconds} s: "
                              f"{process.status or self._last_words(process)}")
            self._turn(deadline)

    def _last_words(self, process):
        path = self.state.log(process.name)
        with open(path, "rb") as f:
            f.seek(max(0, os.path.getsize(path) - 4096))
            lines = f.read().decode("utf-8", "replace").strip().splitlines()
        return f"{lines[-1].strip() if lines else 'it said nothing'} (log: {path})"

    # --- one turn of the loop ---

    def _turn(self, until):
        """Waits for something to happen, at most until that time, and takes notice of it."""
        watched = [self.notify, self.wake_read] + ([self.life] if self.life is not None else [])
        readable, _, _ = select.select(watched, [], [], max(0.0, until - time.monotonic()))
        if self.wake_read in readable:
            os.read(self.wake_read, 4096)
        if self.life in readable:
            self._hear_life()
        self._hear()
        for process in self.processes:
            self._reap(process)

    def _hear_life(self):
        if os.read(self.life, 1) == b"":
            self.stop_asked = True
        os.close(self.life)
        self.life = None

    def _hear(self):
        while True:
            try:
                data, control, _, _ = self.notify.recvmsg(4096, socket.CMSG_SPACE(struct.calcsize("3i")))
            except BlockingIOError:
                return
            for level, kind, content in control:
                if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                    pid = array.array("i", content[:4])[0]
                    self._take_words(pid, data.decode("utf-8", "replace"))

    def _take_words(self, pid, words):
        for process in self.processes:
            if process.child is None or process.child.pid != pid:
                continue
            for word in words.splitlines():
                if word == "READY=1":
                    process.ready = True
                elif word == "WATCHDOG=1":
                    process.fed = time.monotonic()
                elif word.startswith("STATUS="):
                    process.status = word[7:]

    def _reap(self, process):
        if process.child is None:
            return
        code = process.child.poll()
        if code is None:
            return
        process.child = None
        if not self.staying:
            return
        ended = f"signal {-code}" if code < 0 else f"exit {code}"
        if code in CANNOT_RUN:
            self.say(f"{process.name} ended with {ended} and is not started again: {self._last_words(process)}")
            return
        self.say(f"{process.name} ended with {ended}, is started again")
        process.start_at = max(time.monotonic(), process.started + RESTART_SECONDS)

    # --- staying ---

    def stay(self):
        """Until a stop is asked for."""
        self.staying = True
        for process in self.processes:
            if not process.running():  # died while the others were starting
                process.start_at = time.monotonic()
        while not self.stop_asked:
            self._start_due()
            self._turn(self._next_start())

    def _next_start(self):
        times = [p.start_at for p in self.processes if p.start_at is not None]
        return min(times, default=time.monotonic() + WATCHDOG_SECONDS / 4)

    def _start_due(self):
        now = time.monotonic()
        for process in self.processes:
            if process.start_at is not None and process.start_at <= now:
                self._spawn_again(process, now)
            if process.running() and not process.pid_written:
                self._write_pid(process)
            if process.running() and process.fed is not None and now - process.fed > WATCHDOG_SECONDS:
                self.say(f"{process.name} has not been heard of for {WATCHDOG_SECONDS} s")
                process.child.kill()
                process.fed = None

    def _spawn_again(self, process, now):
        try:
            self._spawn(process)
        except (Trouble, OSError) as trouble:  # a build that is under way has taken the program away for a moment; a full disk
            self.say(str(trouble))
            process.start_at = now + RESTART_SECONDS

    # --- stopping ---

    def stop(self):
        """All of them, the last started first. Gives the names of those that had to be killed."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        killed = []
        for process in reversed(self.processes):
            process.start_at = None
            if process.running() and not self._stop_one(process):
                killed.append(process.name)
            _remove(os.path.join(self.state.pids, process.name + ".pid"))
        self.notify.close()
        _remove(self.state.socket("notify"))
        return killed

    def _stop_one(self, process):
        process.child.send_signal(process.stop_signal)
        try:
            process.child.wait(process.stop_seconds)
            return True
        except subprocess.TimeoutExpired:
            process.child.kill()
            process.child.wait()
            return False
        finally:
            process.child = None


def _remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
