# SPDX-License-Identifier: ISC
"""relay.py - forwards connections, and misbehaves when told: a network in one process.

Standard input's first line is JSON: {name: [from, to]}, an address being "tcp:PORT" (of 127.0.0.1) or "unix:PATH". It answers
"ready". Each further line is a word and a name:

    delay NAME MS   every byte that much later, until `clear`
    stall NAME      nothing moves, nothing is lost, new connections wait too; until `clear`
    half-open NAME  present connections are dead for good, though neither end hears of it; new ones work
    reset NAME      present connections end with RST
    clear NAME      as it was

It ends with its standard input.
"""

import asyncio
import collections
import json
import os
import socket
import struct
import sys

LINGER_RST = struct.pack("ii", 1, 0)
UNSENT_MOST = 1 << 20  # bytes that one end has not taken: then the other is not read


class Rule:
    def __init__(self, upstream):
        self.upstream = upstream
        self.delay = 0.0
        self.stalled = False
        self.pairs = set()


class Pair:
    """Two ends; what one receives the other sends."""

    def __init__(self, rule):
        self.rule, self.ends, self.dead, self.over = rule, [], False, False
        rule.pairs.add(self)

    def hold(self):
        for end in self.ends:
            end.steer()

    def finish(self, reset=False):
        if self.over or (self.dead and not reset):
            return
        self.over = True
        self.rule.pairs.discard(self)
        for end in self.ends:
            if end.transport.is_closing():
                continue  # of a dead pair: that end has gone already
            if reset:
                sock = end.transport.get_extra_info("socket")
                if sock.family == socket.AF_INET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RST)
                end.transport.abort()
            else:
                end.transport.close()


class End(asyncio.Protocol):
    def __init__(self, pair):
        self.pair, self.transport, self.other = pair, None, None
        self.full = False                   # the other end takes no more
        self.late = collections.deque()     # (when, bytes) under a delay
        self.timer = None

    def connection_made(self, transport):
        self.transport = transport
        transport.set_write_buffer_limits(UNSENT_MOST)
        sock = transport.get_extra_info("socket")
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pair.ends.append(self)
        if self.other is None:
            asyncio.ensure_future(self.connect())
        else:
            self.other.other = self
            self.other.send_late()
            self.steer()
            self.other.steer()

    async def connect(self):
        kind, _, where = self.pair.rule.upstream.partition(":")
        loop = asyncio.get_running_loop()

        def make():
            end = End(self.pair)
            end.other = self
            return end

        try:
            if kind == "unix":
                await loop.create_unix_connection(make, where)
            else:
                await loop.create_connection(make, "127.0.0.1", int(where))
        except OSError:
            self.pair.finish()

    def steer(self):
        """Reads, or not, as the rule and the other end allow."""
        if self.transport.is_closing() or self.other is None:
            return
        if (self.pair.rule.stalled and not self.pair.dead) or self.full:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def data_received(self, data):
        if self.pair.dead:
            return
        if self.pair.rule.delay or self.late or self.other is None:
            loop = asyncio.get_running_loop()
            self.late.append((loop.time() + self.pair.rule.delay, data))
            if self.timer is None and self.other:
                self.timer = loop.call_at(self.late[0][0], self.send_late)
        else:
            self.other.transport.write(data)

    def send_late(self):
        loop = asyncio.get_running_loop()
        self.timer = None
        while self.late and self.late[0][0] <= loop.time() + 1e-4:
            data = self.late.popleft()[1]
            if not self.pair.dead:
                self.other.transport.write(data)
        if self.late:
            self.timer = loop.call_at(self.late[0][0], self.send_late)

    def pause_writing(self):
        if self.other:
            self.other.full = True
            self.other.steer()

    def resume_writing(self):
        if self.other:
            self.other.full = False
            self.other.steer()

    def connection_lost(self, _):
        self.pair.finish()


def command(rules, line):
    word, name, *more = line.split()
    rule = rules[name]
    if word == "delay":
        rule.delay = int(more[0]) / 1000
    elif word == "stall":
        rule.stalled = True
    elif word == "clear":
        rule.delay, rule.stalled = 0.0, False
    for pair in list(rule.pairs):
        if word == "half-open":
            pair.dead = True
        elif word == "reset":
            pair.finish(reset=True)
        pair.hold()


async def serve(rules, places):
    loop = asyncio.get_running_loop()
    for name, (here, _) in places.items():
        kind, _, where = here.partition(":")

        def make(rule=rules[name]):
            return End(Pair(rule))

        if kind == "unix":
            await loop.create_unix_server(make, where)
            os.chmod(where, 0o666)
        else:
            await loop.create_server(make, "127.0.0.1", int(where))
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print("ready", flush=True)
    while line := await reader.readline():
        command(rules, line.decode())


def main():
    places = json.loads(sys.stdin.buffer.raw.readline())
    asyncio.run(serve({name: Rule(to) for name, (_, to) in places.items()}, places))


if __name__ == "__main__":
    main()
