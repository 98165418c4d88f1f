from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from django.test import override_settings

from piepowder.rooms.evidence import sealing
from tests.support.control_plane import *  # noqa: F403
from tests.support.control_plane import _use
from tests.support.everything import build, known


@pytest.fixture(scope="module")
def keys(
    django_db_setup: None,
    migrated_database: Callable[[], str],
    django_db_blocker: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """Keys of a marketplace in which everything is under way, in a database of its own, built once for the module."""
    before = dict(connections["default"].settings_dict)
    folder: Path = tmp_path_factory.mktemp("api")
    own = override_settings(PIEPOWDER=settings.PIEPOWDER.model_copy(update={"data": folder}))
    with own, django_db_blocker.unblock():  # type: ignore[attr-defined]
        sealing._ring.cache_clear()
        _use(migrated_database())
        with _one_connection():
            yield build()
        connections["default"].close()
        connections["default"].settings_dict.update(before)
        sealing._ring.cache_clear()


@pytest.fixture(scope="module")
def ids(keys: dict[str, str]) -> dict[str, list[str]]:
    """Parameter -> what may be named there."""
    return known()


@contextmanager
def _one_connection() -> Iterator[None]:
    """Requests use the test's own connection and leave it open, so that what they did can be rolled back."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)
