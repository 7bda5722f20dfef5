# SPDX-License-Identifier: ISC
"""What deploy/run is made of; the tests start their processes with it too. Python's standard library only.

places      the state folder: which file is where, who may enter, the locks, the services' configuration
build       packages and Meson
servers     the private PostgreSQL and Redis
supervise   starts processes, waits until each says READY=1, restarts what dies, stops in reverse order
account     the demo user and the credentials file
__main__    the command line and the order of all this
"""


class Trouble(Exception):
    """Something that the user can mend: one line that says what, and on which nothing is left running."""
