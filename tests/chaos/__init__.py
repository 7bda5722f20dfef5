# SPDX-License-Identifier: ISC
"""The fault harness: what architecture.md promises under "What survives what", tried.

place     an installation whose links, database, queue and front door lead through relays
relay     a process of its own that forwards bytes, and delays, stalls, resets or swallows them when told
faults    the kinds of fault, the seed's schedule of them, and their injection
talkers   clients that send turns, and try again as api.md tells them to, until each is acknowledged
watchers  clients that hold a WebSocket, resume from their cursor, and remember every event
verdict   what was acknowledged and seen, against what is stored; the tables at the end
"""
