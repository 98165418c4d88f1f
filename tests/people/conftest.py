from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from piepowder.rooms.people import sign_in
from tests.support.control_plane import *  # noqa: F403


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """Nobody is held to what another test has tried."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def own_keys(settings: Any, tmp_path: Path) -> Iterator[None]:
    """A key ring of the test's own, not this machine's."""
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"data": tmp_path})
    sign_in._ring.cache_clear()
    yield
    sign_in._ring.cache_clear()


@pytest.fixture
def browser(db: None) -> Browser:
    return Browser()
