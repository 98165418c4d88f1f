"""`python -m tests.support.impatient_up`: `piepowder up`, except that a service that keeps ending never waits longer than half a second.

The real one waits longer each time, up to 30 s, so that a service that cannot run does not burn the machine. These tests kill on purpose.
"""

import sys

from piepowder.cli import supervisor
from piepowder.cli.main import run

if __name__ == "__main__":
    supervisor.BACKOFF_MAX_SECONDS = 0.5
    sys.exit(run(["up", *sys.argv[1:]]))
