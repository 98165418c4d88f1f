"""`python -m proof.part1.profiled_worker FILE --worker N`: a gateway worker under cProfile, which writes FILE when it is told to end.

Only serving is measured, not starting; and CPU time, so that what other processes do does not count.
"""

import cProfile
import signal
import sys
import time
from types import FrameType

from piepowder.core.kernel.config import Settings
from piepowder.gateway import main as worker
from piepowder.gateway.parts import Gateway

_profiler = cProfile.Profile(time.process_time)
_build = worker.build


async def _build_then_measure(settings: Settings) -> Gateway:
    gateway = await _build(settings)
    _profiler.enable()
    return gateway


def _leave(number: int, frame: FrameType | None) -> None:
    """The server ends its work first, then raises the signal anew: here it ends the program in order."""
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _leave)
    target = sys.argv.pop(1)
    worker.build = _build_then_measure
    try:
        worker.main()
    except SystemExit:
        _profiler.disable()
        _profiler.dump_stats(target)
