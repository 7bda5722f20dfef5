#!/usr/bin/python3 -B
# SPDX-License-Identifier: ISC
"""sample.py URL API-KEY - plays a conversation through HTTP and shows each turn, raw and cleaned, as it happens.

A Lumen turn comes back as it was; in a person's turn what was changed is coloured, on a terminal. Standard library only.
"""

import http.client
import json
import os
import shutil
import sys
import textwrap
from urllib.parse import urlsplit

CONVERSATION = (
    ("Lumen", "Hello, this is Lumen. Who am I speaking with, and what do you do?"),
    ("User", "um hi I'm the vector of marketing"),
    ("Lumen", "Nice to meet you. How large is your company?"),
    ("User", "We have seventy five employees"),
    ("Lumen", "And which channels bring you customers today?"),
    ("User", "Our book marketing is working well and we we get about fifty leads per month"),
    ("User", "yes"),
    ("Lumen", "Do you pay for search as well?"),
    ("User", "we tried paper click once and then hired a generic CEO agency"),
    ("Lumen", "Thank you, that helps a lot."),
)

SPEAKER_COLUMNS = 6
NOTE_COLUMNS = 22
WIDEST = 60  # a text column; wider is hard to read


class Failed(Exception):
    """The gateway answered something else than it should."""


class Client:
    def __init__(self, url, key):
        where = urlsplit(url)
        self.connection = http.client.HTTPConnection(where.hostname, where.port or 80, timeout=30)
        self.key = key

    def post(self, path, body):
        self.connection.request("POST", "/api/v1" + path, json.dumps(body), {
            "Authorization": f"Bearer {self.key}", "Content-Type": "application/json"})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status not in (200, 201):
            raise Failed(f"POST {path} answered {response.status}: {answer.get('title')} {answer.get('detail', '')}")
        return answer


def highlighted(turn, colours):
    """The cleaned text's pieces as (text, changed), from the corrections' positions in it."""
    text, at, pieces = turn["cleaned_text"], 0, []
    spans = sorted((c["cleaned_position"]["start"], c["cleaned_position"]["end"]) for c in turn["metadata"]["corrections"])
    for start, end in spans if colours else ():
        if start >= at and end > start:
            pieces += [(text[at:start], False), (text[start:end], True)]
            at = end
    return pieces + [(text[at:], False)]


def coloured(lines, pieces):
    """Paints wrapped lines: wrapping dropped only spaces, so letters are counted off against the pieces."""
    marks = [changed for text, changed in pieces for letter in text if not letter.isspace()]
    at = 0
    for line in lines:
        out, on = "", False
        for letter in line:
            if not letter.isspace():
                if marks[at] != on:
                    on = marks[at]
                    out += "\033[32m" if on else "\033[0m"
                at += 1
            out += letter
        yield out + ("\033[0m" if on else "")


def note(turn):
    metadata = turn["metadata"]
    how = metadata["confidence_score"].lower() if metadata["cleaning_applied"] else "as it was"
    return f"{metadata['cleaning_level']}, {how}, {metadata['processing_time_ms']:.0f} ms"


def show(turn, width, colours):
    raw = textwrap.wrap(turn["raw_text"], width)
    cleaned = textwrap.wrap(turn["cleaned_text"], width)
    painted = list(coloured(cleaned, highlighted(turn, colours)))
    for row in range(max(len(raw), len(cleaned))):
        left = raw[row] if row < len(raw) else ""
        right = painted[row] + " " * (width - len(cleaned[row])) if row < len(cleaned) else " " * width
        first = row == 0
        print(f"{turn['speaker'] if first else '':{SPEAKER_COLUMNS}} {left:{width}} | {right} | {note(turn) if first else ''}"
              .rstrip(), flush=True)


def play(url, key):
    client = Client(url, key)
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = min(WIDEST, max(24, (shutil.get_terminal_size((120, 24)).columns - SPEAKER_COLUMNS - NOTE_COLUMNS - 7) // 2))
    conversation = client.post("/conversations", {"name": "A sample conversation"})
    print(f"\n{'':{SPEAKER_COLUMNS}} {'as it was heard':{width}} | {'cleaned':{width}} |")
    for speaker, text in CONVERSATION:
        show(client.post(f"/conversations/{conversation['id']}/turns", {"speaker": speaker, "raw_text": text}), width, colours)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: sample.py URL API-KEY")
    play(sys.argv[1], sys.argv[2])
