from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from piepowder.rooms.evidence import sealing
from tests.support.control_plane import *  # noqa: F403


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path: Path) -> Iterator[None]:
    """A key ring of this test's own."""
    settings.PIEPOWDER = settings.PIEPOWDER.model_copy(update={"data": tmp_path})
    sealing._ring.cache_clear()
    yield
    sealing._ring.cache_clear()
