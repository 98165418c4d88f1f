"""A process that takes calls from a table of rate limits, or dies holding its locks; started by the limits' tests.

python limits_worker.py take PATH CALLS KEY...    says `ready`, waits for a line, then says how many calls each key allowed
python limits_worker.py hold PATH                 locks every bucket, says `locked`, waits to be killed
"""

import fcntl
import os
import sys
from pathlib import Path

from piepowder.gateway.limits import Limits


def take(path: Path, keys: int, rounds: int) -> None:
    table = Limits(path, 1024)
    print("ready", flush=True)
    sys.stdin.readline()
    counts = [0] * keys
    for _ in range(rounds):
        for number in range(keys):
            counts[number] += table.take(b"%d" % number, 1e-4, 20).allowed
    print(*counts, flush=True)


def hold(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    if sys.argv[1] == "take":
        take(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        hold(Path(sys.argv[2]))
