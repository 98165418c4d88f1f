"""Child processes that do not outlive us, and what the system knows of processes and ports."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user of this system that a child runs as."""

    name: str
    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    output: IO[bytes] | int | None = None,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` (first word: absolute path) in a session of its own, in `folder`, as `account` if given.

    The child gets `death_signal` when the *thread* that called this ends (Linux counts threads, not processes), so
    call it from a thread that lasts. A session of its own keeps Ctrl+C away from it: the parent stops it in order.
    """
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(death_signal)), str(uid), str(gid)]
    return subprocess.Popen(
        [*leash, *command],
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes], *signals: signal.Signals, patience_seconds: float = 20.0) -> None:
    """Send each signal in turn until the child is gone, at last SIGKILL; returns when it is reaped."""
    for number in (*signals, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        if _gone(process, patience_seconds):
            return


def _gone(process: subprocess.Popen[bytes], patience_seconds: float) -> bool:
    try:
        process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def processes_in(folder: Path) -> list[int]:
    """Ids of live processes whose working folder is `folder`, lowest first (Linux; elsewhere empty)."""
    found = [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _working_folder(entry) == str(folder)]
    return sorted(pid for pid in found if pid != os.getpid())


def _working_folder(entry: Path) -> str:
    try:
        return os.readlink(entry / "cwd")
    except OSError:
        # Ended meanwhile, a zombie, or another user's: none of them is ours to count.
        return ""


def command_line(pid: int) -> list[str]:
    """The words that process was started with; empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


def signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    """Signal those that are still there."""
    for pid in pids:
        _signal(pid, number)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def await_deserted(folder: Path, patience_seconds: float) -> bool:
    """Wait until no process works in `folder`; False if some still do then."""
    # They are not our children (their parent was killed), so there is nothing to wait on but the process list.
    deadline = time.monotonic() + patience_seconds
    while processes_in(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port nobody listens on just now; another program may take it before its user does."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could bind that port now (a port in TIME_WAIT counts as free)."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def listens(pid: int, port: int) -> bool:
    """Whether that very process listens on that TCP port: several may share one, so asking the port does not tell (Linux)."""
    held = {_link(entry) for entry in Path(f"/proc/{pid}/fd").glob("*")}
    return any(f"socket:[{inode}]" in held for inode in _listening(port))


def _link(entry: Path) -> str:
    try:
        return os.readlink(entry)
    except OSError:
        return ""


def _listening(port: int) -> list[str]:
    rows = [row.split() for table in ("tcp", "tcp6") for row in _table(table)]
    # Columns of proc(5): local address as hexadecimal address:port, state (0A: listening), inode.
    return [row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]


def _table(name: str) -> list[str]:
    path = Path("/proc/net") / name
    return path.read_text().splitlines()[1:] if path.exists() else []
