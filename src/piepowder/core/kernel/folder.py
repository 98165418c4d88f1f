"""The data folder: where it is, who may enter it, and the lock that says it is in use.

<data>/lock              held (flock) by the process that runs the embedded server
<data>/postgres/         PostgreSQL's own files       <data>/run/     sockets, limits
<data>/keys/             root key and key ring        <data>/engine-<version>/   server binaries (as root only)
"""

import errno
import fcntl
import os
import shutil
import stat
from pathlib import Path

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.processes import Account

ROOT_FOLDER = Path("/var/lib/piepowder")


def default_data_folder() -> Path:
    """As root a folder of the system, else `piepowder` under the XDG state home."""
    if os.geteuid() == 0:
        return ROOT_FOLDER
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return home / "piepowder"


def prepare(data: Path) -> Path:
    """Create the folder if need be and return its absolute, link-free path.

    Errors: `kernel_data_folder_closed`, `kernel_no_disk_space`.
    """
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise explained(error, data) from None
    if not os.access(data, os.W_OK | os.X_OK):
        raise explained(PermissionError(errno.EACCES, "Permission denied"), data)
    return data.resolve()


def explained(error: OSError, data: Path) -> PiepowderError:
    """An error of the file system, in words."""
    # Copying a tree gathers its errors in one that has a text but no number.
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or os.strerror(errno.ENOSPC) in str(error):
        return no_disk_space(data)
    return PiepowderError(
        "kernel_data_folder_closed",
        f"cannot use data folder `{data}`: {(error.strerror or str(error)).lower()}",
        hint="name a folder that you may write to with --data",
        data=str(data),
    )


def no_disk_space(data: Path) -> PiepowderError:
    free_mib = shutil.disk_usage(data).free >> 20 if data.exists() else 0
    return PiepowderError(
        "kernel_no_disk_space",
        f"no disk space left for data folder `{data}` ({free_mib} MiB free)",
        hint="free some space, or name another folder with --data",
        kind=ErrorKind.UNAVAILABLE,
        data=str(data),
    )


def require_space(data: Path, mebibytes: int) -> None:
    """`kernel_no_disk_space` unless that much is free."""
    if shutil.disk_usage(data).free < mebibytes << 20:
        raise no_disk_space(data)


def open_to(data: Path, account: Account) -> None:
    """Let `account` pass through the data folder; `kernel_data_folder_unreachable` if a folder above is closed to it.

    Folders above are not ours, so they are only looked at.
    """
    for parent in reversed(data.parents):
        if not _may_enter(parent.stat(), account):
            raise PiepowderError(
                "kernel_data_folder_unreachable",
                f"the database server runs as user `{account.name}`, who may not enter `{parent}` above `{data}`",
                hint="name a folder outside of it with --data, for instance --data /var/lib/piepowder",
                data=str(data),
                parent=str(parent),
            )
    mode = stat.S_IMODE(data.stat().st_mode)
    data.chmod(mode | 0o011)


def _may_enter(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


class FolderLock:
    """One process at a time runs a server in a data folder. The kernel lets go of the lock however we end."""

    def __init__(self, data: Path) -> None:
        self.data, self._descriptor = data, -1

    @property
    def held(self) -> bool:
        return self._descriptor >= 0

    def take(self) -> None:
        """`kernel_data_folder_in_use` if a live process holds it."""
        if self.held:
            return
        descriptor = os.open(self.data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode().strip()
            os.close(descriptor)
            raise in_use(self.data, holder) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self.held:
            os.close(self._descriptor)
        self._descriptor = -1


def in_use(data: Path, holder: str) -> PiepowderError:
    return PiepowderError(
        "kernel_data_folder_in_use",
        f"data folder `{data}` is in use by process {holder or 'unknown'}",
        hint="stop that process, or name another folder with --data",
        kind=ErrorKind.CONFLICT,
        data=str(data),
        process=holder,
    )
