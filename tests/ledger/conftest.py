"""An empty ledger for each test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.ledger_records import SCHEMA
from tests.support.schemas import own_schema


@pytest.fixture(scope="session")
def ledger_database(fresh_database: Callable[..., str]) -> str:
    return fresh_database("ledger")


@pytest.fixture
def ledger_url(ledger_database: str) -> str:
    return own_schema(ledger_database, SCHEMA)


@pytest.fixture(scope="session")
def spare_folder() -> Iterator[Path]:
    """The data folder of a server that a test may ill-treat."""
    folder = Path(tempfile.mkdtemp(prefix="piepowder-spare-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
