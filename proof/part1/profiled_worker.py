"""`python -m proof.part1.profiled_worker FILE --worker N`: a gateway worker under cProfile, which writes FILE when it is told to end.

Time is CPU time, so that what other processes do does not count.
"""

import cProfile
import signal
import sys
import time
from types import FrameType

from piepowder.gateway.main import main


def _leave(number: int, frame: FrameType | None) -> None:
    """The server ends its work first, then raises the signal anew: here it ends the program in order."""
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _leave)
    target = sys.argv.pop(1)
    profiler = cProfile.Profile(time.process_time)
    try:
        profiler.runcall(main)
    except SystemExit:
        profiler.dump_stats(target)
