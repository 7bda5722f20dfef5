# SPDX-License-Identifier: ISC
"""What tests share that cross a process.

installation  a whole private installation, started by deploy/run itself, with its pids to kill and its data to look at
client        HTTP with JSON, and WebSocket, as a client of the product sees them
wait          until something is so, or a deadline has passed: no test sleeps for a time that it hopes is enough
suite         what tests/run does
"""
