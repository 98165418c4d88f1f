"""A process that takes calls from a table of rate limits, or dies holding its locks; started by the limits' tests.

python limits_worker.py take PATH CALLS KEY...    says `ready`, waits for a line, then says how many calls each key allowed
python limits_worker.py hold PATH                 locks every bucket, says `locked`, waits to be killed
"""

import fcntl
import os
import sys
from pathlib import Path

from piepowder.gateway.limits import Limits


def take(path: Path, calls: int, keys: list[bytes]) -> None:
    table = Limits(path, 1024)
    print("ready", flush=True)
    sys.stdin.readline()
    print(*[sum(table.take(key, 1e-4, 50).allowed for _ in range(calls)) for key in keys], flush=True)


def hold(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    if sys.argv[1] == "take":
        take(Path(sys.argv[2]), int(sys.argv[3]), [key.encode() for key in sys.argv[4:]])
    else:
        hold(Path(sys.argv[2]))
