"""PostgreSQL is killed under load: what was acknowledged is there, once."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from piepowder.core.kernel.postgres import EmbeddedPostgres
from piepowder.core.ledger.append import Appender, LedgerUnavailable
from tests.support.ledger_records import SCHEMA, record, run_sql, stored_ids
from tests.support.schemas import own_schema

KILLS = 4
CALLERS = 40
ACKNOWLEDGED_BEFORE_KILL = 300


async def call(appender: Appender, acknowledged: list[str], attempts: list[str], go_on: asyncio.Event) -> None:
    """One caller, as the gateway is one: a record that is not confirmed is not tried again, the next call makes its own."""
    while not go_on.is_set():
        entry = record()
        attempts.append(entry.id)
        try:
            await appender.append(entry)
        except LedgerUnavailable:
            await asyncio.sleep(0.02)
        else:
            acknowledged.append(entry.id)


async def grown(acknowledged: list[str], by: int) -> None:
    goal = len(acknowledged) + by
    async with asyncio.timeout(60):
        while len(acknowledged) < goal:
            await asyncio.sleep(0.005)


def kill_and_restart(server: EmbeddedPostgres, victim: str) -> None:
    """`kill -9` of the postmaster or of the backend that is writing; then the server comes back."""
    if victim == "postmaster":
        assert server.process_id is not None
        os.kill(server.process_id, signal.SIGKILL)
        wait_and_start(server)
        return
    [(backend,), *_] = run_sql(
        server.dsn(), "SELECT pid FROM pg_stat_activity WHERE application_name = 'piepowder ledger'"
    )
    with suppress(ProcessLookupError):
        os.kill(backend, signal.SIGKILL)


def wait_and_start(server: EmbeddedPostgres) -> None:
    """In this thread: the server ends with the thread that started it."""
    while server.running:
        pass
    server.stop()
    server.start()


def test_no_acknowledged_record_is_lost_or_doubled(spare_folder: Path) -> None:
    """After `kill -9` of PostgreSQL or of its writing process, again and again: acknowledged within stored, nothing twice."""
    acknowledged: list[str] = []
    attempts: list[str] = []

    async def main(server: EmbeddedPostgres, url: str) -> None:
        appender, ended = Appender(url), asyncio.Event()
        await appender.start()
        callers = [asyncio.create_task(call(appender, acknowledged, attempts, ended)) for _ in range(CALLERS)]
        for number in range(KILLS):
            await grown(acknowledged, ACKNOWLEDGED_BEFORE_KILL)
            kill_and_restart(server, ("postmaster", "backend")[number % 2])
        await grown(acknowledged, ACKNOWLEDGED_BEFORE_KILL)
        ended.set()
        await asyncio.gather(*callers)
        await appender.stop()

    with EmbeddedPostgres(spare_folder) as server:
        url = own_schema(server.dsn(), SCHEMA)
        asyncio.run(main(server, url))
        stored = stored_ids(url)
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored) <= set(attempts)
    assert len(attempts) > len(acknowledged) >= (KILLS + 1) * ACKNOWLEDGED_BEFORE_KILL
