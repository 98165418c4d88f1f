"""What every room's tests may ask for: one embedded PostgreSQL per session, and empty databases on it.

postgres_server   the running `EmbeddedPostgres` (session)
postgres_url      URL of one database shared by the session
every_change_is_recorded  (everywhere) fails a test in which something changed without a ledger record
fresh_database    call it for the URL of a new, empty database: fresh_database() or fresh_database("ledger")
"""

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from piepowder.core.kernel.postgres import EmbeddedPostgres
from tests.support.ledger_watch import *  # noqa: F403

MEMORY = "/dev/shm"
MEMORY_BYTES_MIN = 6 << 30  # two workers of the suite, with all the databases that they make


def pytest_configure() -> None:
    """A suite that a shell started in the background ignores SIGINT, and so would every program that a test starts and stops."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _roomy(folder: str) -> bool:
    return os.path.isdir(folder) and shutil.disk_usage(folder).free >= MEMORY_BYTES_MIN


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """A data folder directly under the temporary folder: pytest's own is closed to the user PostgreSQL runs as.

    In memory where there is room: the gateway refuses a server without fsync, and there an fsync costs nothing.
    """
    folder = Path(tempfile.mkdtemp(prefix="piepowder-test-", dir=MEMORY if _roomy(MEMORY) else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(postgres_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(postgres_folder) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: EmbeddedPostgres) -> str:
    return postgres_server.dsn()


@pytest.fixture(scope="session")
def fresh_database(postgres_server: EmbeddedPostgres) -> Callable[..., str]:
    """`fresh_database(label="test", template="template1") -> URL`; databases vanish with the session's server."""
    numbers = itertools.count(1)

    def create(label: str = "test", template: str = "template1") -> str:
        return postgres_server.create_database(f"{label}_{os.getpid()}_{next(numbers)}", template=template)

    return create
