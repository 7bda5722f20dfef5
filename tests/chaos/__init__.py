# SPDX-License-Identifier: ISC
"""The fault harness: what architecture.md promises under "What survives what", tried.

place     an installation whose links, database, queue and front door lead through relays
relay/    a process of its own that forwards bytes, and delays, stalls, refuses, resets or swallows them when told
apart     what the kernel lends: mounts of our own, small disks, a network namespace for each cleaner
programs  the services as they are started here: in their namespace, on their clock
schedule  the kinds of fault, and the seed's schedule of them
faults    their injection
bulk      most of the load: clients in C (bulk/), the ones that are timed
talkers   clients that send turns, and try again as api.md tells them to, until each is acknowledged
watchers  clients that hold a WebSocket, resume from their cursor, and remember every event
verdict   what was acknowledged and seen, against what is stored; the figures
emptied   Redis emptied with many turns queued
"""
