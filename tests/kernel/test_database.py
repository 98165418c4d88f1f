"""The database must keep what it is given."""

import shutil
import tempfile
from pathlib import Path

import pytest

from piepowder.core.kernel import database, postgres
from piepowder.core.kernel.config import load
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.postgres import EmbeddedPostgres


def test_a_durable_server_passes(postgres_url: str) -> None:
    """The embedded server is durable: no warning, no refusal."""
    with database.connect(postgres_url) as connection:
        assert database.refuse_unsafe(connection) == []


def test_asynchronous_commit_is_warned_of(postgres_url: str) -> None:
    """A server whose sessions commit asynchronously by default is used, with a warning."""
    with database.connect(postgres_url) as connection:
        connection.execute("SET synchronous_commit = off")
        assert "synchronous_commit=off" in database.refuse_unsafe(connection)[0]


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_forgetful_server_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that may lose committed records in a crash is refused, and the setting is named."""
    monkeypatch.setitem(postgres.SETTINGS, name, "off")
    data = Path(tempfile.mkdtemp(prefix="piepowder-unsafe-"))
    with EmbeddedPostgres(data) as server, database.connect(server.dsn()) as connection:
        with pytest.raises(PiepowderError) as caught:
            database.refuse_unsafe(connection)
        assert caught.value.code == "kernel_database_unsafe"
        assert caught.value.fields["setting"] == name
    shutil.rmtree(data)


def test_an_unreachable_server_is_said_without_its_password() -> None:
    """A server that does not answer is a clear error that does not repeat the password."""
    with pytest.raises(PiepowderError) as caught:
        database.connect("postgresql://u:made-up-secret@127.0.0.1:1/x")
    assert caught.value.code == "kernel_database_unreachable"
    assert "made-up-secret" not in str(caught.value)


def test_which_database(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    """A configured server wins, else the one that runs in the data folder; without either the error says what to do."""
    assert database.database_url(load(data=tmp_path, database_url="postgresql://h/d")) == "postgresql://h/d"
    running = load(data=postgres_server.data, database_url="")
    assert database.database_url(running) == postgres_server.dsn()
    with pytest.raises(PiepowderError) as caught:
        database.database_url(load(data=tmp_path, database_url=""))
    assert caught.value.code == "kernel_database_not_running"
