#!/usr/bin/python3 -B
# SPDX-License-Identifier: ISC
"""live.py [STATE-FOLDER] CONVERSATION-ID [--turns N] - shows a conversation's turns as they are cleaned.

It remembers the last event's id. When the connection ends it comes back, waits as long as the server asked it to, and goes
on after that event, so that nothing is missed; when the server says replay:reset the events are gone, and it reads the
turns themselves again. Needs python3-websockets; takes the API key from a running deploy/run (default .run).
"""

import argparse
import asyncio
import json
import re
import urllib.request

import websockets


def installation(state):
    """(host:port, API key)"""
    with open(f"{state}/cleanerctx.conf", encoding="utf-8") as f:
        where = re.search(r"^listen = (.*)$", f.read(), re.MULTILINE).group(1)
    with open(f"{state}/credentials", encoding="utf-8") as f:
        return where, f.read().splitlines()[2]


class Watcher:
    def __init__(self, where, key, conversation, turns):
        self.where, self.key, self.conversation, self.left = where, key, conversation, turns
        self.after = None  # the last event's id
        self.shown = {}    # turn_id -> revision: the same turn may come twice, at least once is the promise

    def show(self, turn):
        if turn["state"] == "queued" or self.shown.get(turn["turn_id"], -1) >= turn["revision"]:
            return
        self.shown[turn["turn_id"]] = turn["revision"]
        print(f"{turn['seq']:4} {turn['speaker']:6} {turn['cleaned_text']}", flush=True)
        self.left -= 1

    def read_again(self):
        """All turns by HTTP; gives the event id that they are as of."""
        after = 0
        while True:
            request = urllib.request.Request(
                f"http://{self.where}/api/v1/conversations/{self.conversation}/turns?after_seq={after}&limit=500",
                headers={"Authorization": f"Bearer {self.key}"})
            with urllib.request.urlopen(request) as answer:
                page = json.load(answer)
            for turn in page["turns"]:
                self.show(turn)
            if not page["turns"] or page["next_after_seq"] is None:
                return page["as_of"]
            after = page["next_after_seq"]

    async def watch(self):
        """One connection, until it ends or enough turns were shown."""
        async with websockets.connect(f"ws://{self.where}/api/v1/ws", subprotocols=["cleanerctx.v1"],
                                      extra_headers={"Authorization": f"Bearer {self.key}"}) as ws:
            subscribe = {"type": "subscribe", "id": 1, "conversation_id": self.conversation}
            if self.after:
                subscribe["after"] = self.after
            await ws.send(json.dumps(subscribe))
            while self.left > 0:
                await self.take(json.loads(await ws.recv()))

    async def take(self, message):
        if message["type"] == "error":
            raise SystemExit(f"live.py: {message}")
        if message["type"] == "replay:reset":
            self.after = await asyncio.to_thread(self.read_again)
            return
        if message["type"] == "turn:processed":
            self.show(message["turn"])
        self.after = message.get("event_id", self.after)

    async def stay(self):
        self.after = await asyncio.to_thread(self.read_again)
        while self.left > 0:
            wait = 0.5
            try:
                await self.watch()
            except websockets.ConnectionClosed as end:
                asked = re.match(r"retry_ms=(\d+)", end.rcvd.reason if end.rcvd else "")
                wait = int(asked.group(1)) / 1000 if asked else wait
            except (OSError, websockets.InvalidHandshake):
                pass  # it is not back yet
            if self.left > 0:
                await asyncio.sleep(wait)


def main():
    p = argparse.ArgumentParser(description="Shows a conversation's turns as they are cleaned.")
    p.add_argument("state", nargs="?", default=".run")
    p.add_argument("conversation")
    p.add_argument("--turns", type=int, default=1 << 62, help="end after so many")
    options = p.parse_args()
    try:
        asyncio.run(Watcher(*installation(options.state), options.conversation, options.turns).stay())
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
