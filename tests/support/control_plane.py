"""Fixtures for tests that need the control plane's tables, on a real PostgreSQL.

A folder's `conftest.py` takes them over: `from tests.support.control_plane import *`.

`@pytest.mark.django_db`   the test runs in a transaction that is rolled back
committed                  the test has a database of its own, where commits are commits; its URL
migrated_database          call it for the URL of a new database with all migrations
api, auditor_api           clients of the JSON API with a key of that role
in_thread                  starts a function in a thread
"""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client

from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.rules import KeyRole
from piepowder.web.database import database_from_url

__all__ = [
    "api",
    "auditor_api",
    "committed",
    "control_template",
    "django_db_setup",
    "in_thread",
    "migrated_database",
]

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

_templates: dict[str, str] = {}  # one per server: fixtures imported into several folders are several fixtures


def _use(url: str) -> None:
    connections["default"].close()
    connections["default"].settings_dict.update(database_from_url(url))


@pytest.fixture(scope="session")
def control_template(
    postgres_url: str, fresh_database: Callable[..., str], django_db_blocker: pytest.FixtureRequest
) -> str:
    """Name of a migrated database that new ones are copied from; nobody stays connected to it."""
    if postgres_url not in _templates:
        url = fresh_database("control_template")
        with django_db_blocker.unblock():  # type: ignore[attr-defined]
            _use(url)
            call_command("migrate", verbosity=0, interactive=False)
            connections["default"].close()
        _templates[postgres_url] = urlsplit(url).path.removeprefix("/")
    return _templates[postgres_url]


@pytest.fixture(scope="session")
def migrated_database(control_template: str, fresh_database: Callable[..., str]) -> Callable[[], str]:
    return lambda: fresh_database("control", template=control_template)


@pytest.fixture(scope="session")
def django_db_setup(migrated_database: Callable[[], str], django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """pytest-django's own makes its database another way; this one is a copy of the migrated template."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        _use(migrated_database())
        yield
        connections.close_all()


@pytest.fixture
def committed(
    django_db_setup: None, migrated_database: Callable[[], str], django_db_blocker: pytest.FixtureRequest
) -> Iterator[str]:
    url, before = migrated_database(), dict(connections["default"].settings_dict)
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        _use(url)
        yield url
        connections["default"].close()
        connections["default"].settings_dict.update(before)


@pytest.fixture
def in_thread() -> Callable[..., threading.Thread]:
    """Starts a function in a thread with a database connection of its own, which it closes."""

    def start(function: Callable[..., Any], *args: Any, **kwargs: Any) -> threading.Thread:
        def run() -> None:
            function(*args, **kwargs)
            connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    return start


def _client(role: KeyRole) -> Client:
    from piepowder.rooms.people.actions import create_staff_key

    _, secret = create_staff_key(name=f"test {role}", role=role, by=SYSTEM, at=AT)
    return Client(headers={"authorization": f"Bearer {secret}"})


@pytest.fixture
def api(db: None) -> Client:
    """An operator's client of the JSON API."""
    return _client(KeyRole.OPERATOR)


@pytest.fixture
def auditor_api(db: None) -> Client:
    return _client(KeyRole.AUDITOR)
