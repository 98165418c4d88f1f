"""wrk, and what it says."""

import re
import subprocess
from pathlib import Path

from msgspec import Struct

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class Load(Struct, frozen=True, kw_only=True):
    """One run. Rates in answers a second, times in seconds."""

    per_second: float
    p50: float
    p99: float
    failed: int  # answers other than 2xx, and socket errors
    output: str


def drive(url: str, *, token: str, connections: int, seconds: int, threads: int = 1) -> Load:
    """Closed loop over `connections` connections for `seconds`."""
    command = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--latency", "--timeout", "10s"]
    done = subprocess.run(
        [*command, "-H", f"x-amz-access-token: {token}", url], capture_output=True, text=True, check=True
    )
    return read_output(done.stdout)


def read_output(text: str) -> Load:
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    failed = (int(wrong[1]) if wrong else 0) + (sum(map(int, sockets.groups())) if sockets else 0)
    return Load(
        per_second=float(rate[1]) if rate else 0.0,
        p50=_share(text, "50%"),
        p99=_share(text, "99%"),
        failed=failed,
        output=text,
    )


def _share(text: str, share: str) -> float:
    found = re.search(rf"\s{share}\s+([\d.]+)(us|ms|s)", text)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")


def keep(folder: Path, name: str, load: Load) -> None:
    """The raw sample beside the figures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(load.output)
