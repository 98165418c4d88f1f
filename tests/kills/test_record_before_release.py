"""Promise P2: no answer with personal data without a durable ledger record, whatever is killed, and no record twice."""

import asyncio
import itertools
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from tests.support.installation import Installation
from tests.support.load import Answer, Connection, all_listen, connect, cover, until
from tests.support.marked_orders import PAGE, MarkedOrders, restricted_token, single, specification

KILLS = int(os.environ.get("PIEPOWDER_KILLS", "20"))
CALLS_PER_SECOND = 100.0
CALLS_AT_ONCE_MAX = 48
ANSWERS_BETWEEN_KILLS = 40
PATHS = [single(1), single(2), PAGE, single(3)]
DELAYS = (0.0, 0.004, 0.012, 0.03)  # of upstream, so that calls are met at every step by a kill


Ledger = dict[str, tuple[int, bool]]  # record id -> how often it is there, whether it says "personal data"
READS = "SELECT id, count(*), bool_and(personal) FROM ledger_record WHERE kind = 'gateway.read' GROUP BY id"


@dataclass
class Journal:
    """What the client got, cut answers included: with the first byte of a body something was disclosed."""

    answers: list[Answer] = field(default_factory=list)
    broken: int = 0  # calls without any answer

    @property
    def personal(self) -> list[Answer]:
        return [each for each in self.answers if each.personal]

    @property
    def served(self) -> list[str]:
        """Decision ids of everything released, personal or not."""
        return [each.decision for each in self.answers if each.status == 200]


class Load:
    """Calls begin on time whether or not earlier ones have been answered (an open loop), up to a bound."""

    def __init__(self, port: int, token: str) -> None:
        self.journal = Journal()
        self._port, self._token = port, token
        self._idle: list[Connection] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._pacer: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> int:
        return len(self._calls)

    def start(self) -> None:
        self._pacer = asyncio.create_task(self._pace())

    async def stop(self) -> None:
        assert self._pacer is not None
        self._pacer.cancel()
        await asyncio.gather(self._pacer, *self._calls, return_exceptions=True)
        for connection in self._idle:
            connection.close()

    async def _pace(self) -> None:
        begin = time.monotonic()
        for number, path in enumerate(itertools.cycle(PATHS)):
            await asyncio.sleep(max(0.0, begin + number / CALLS_PER_SECOND - time.monotonic()))
            if len(self._calls) < CALLS_AT_ONCE_MAX:
                call = asyncio.create_task(self._call(path))
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)

    async def _call(self, path: str) -> None:
        connection = None
        try:
            connection = self._idle.pop() if self._idle else await connect(self._port)
            answer = await connection.get(path, self._token)
        except (OSError, EOFError):
            self.journal.broken += 1
            if connection is not None:
                connection.close()
            return
        self.journal.answers.append(answer)
        if answer.complete:
            self._idle.append(connection)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Directly under the temporary folder: pytest's own is closed to the user PostgreSQL runs as."""
    made = Path(tempfile.mkdtemp(prefix="piepowder-kills-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def ask(url: str, question: LiteralString) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(question).fetchall()


def ledger_backend(installation: Installation) -> int:
    """One of the server's processes that write the ledger for the gateway."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'piepowder ledger'"
    return int(ask(installation.database_url, query)[0][0])


async def strike(installation: Installation, number: int) -> None:
    """In turn: a gateway worker, the database, the other gateway worker, a server process of the ledger."""
    victim = ("gateway-1", "database", "gateway-2", "")[number % 4]
    if victim:
        installation.kill(victim)
    else:
        os.kill(await asyncio.to_thread(ledger_backend, installation), signal.SIGKILL)


async def recovered(installation: Installation, load: Load) -> None:
    """Nobody helps: the supervisor has started what was killed, and personal data flows again."""
    await until(lambda: installation.whole)
    await all_listen(installation.settings.gateway_port, installation.gateways)
    since = time.monotonic()
    await until(lambda: sum(each.begun > since for each in load.journal.personal) >= ANSWERS_BETWEEN_KILLS)


async def first_token(installation: Installation) -> str:
    """Provisioned just now, so the workers may hear of it a moment later."""
    made = await asyncio.to_thread(installation.provision, specification(["A1MADEUP"]))
    port, plain = installation.settings.gateway_port, made["apps"]["label_printer"]["access_token"]
    await all_listen(port, installation.gateways)
    for connection in await cover(port, installation.gateways, 1, path=single(1), token=plain):
        while (await connection.get(single(1), plain)).status != 200:
            await asyncio.sleep(0.02)
        connection.close()
    return await asyncio.to_thread(restricted_token, installation.settings.gateway_url, plain)


async def kill_under_load(folder: Path, kills: int) -> tuple[Journal, Ledger]:
    """What the client got, and what the ledger then holds."""
    async with MarkedOrders(DELAYS).serving() as upstream:
        installation = Installation(folder, upstream.url, workers=2)
        async with installation.running():
            load = Load(installation.settings.gateway_port, await first_token(installation))
            load.start()
            await recovered(installation, load)
            for number in range(kills):
                await until(lambda: load.under_way > 0)
                await strike(installation, number)
                await recovered(installation, load)
            await load.stop()
            rows = await asyncio.to_thread(ask, installation.database_url, READS)
    return load.journal, {name: (count, personal) for name, count, personal in rows}


def test_every_answer_is_on_the_ledger_once(folder: Path, record_property: Callable[[str, object], None]) -> None:
    """Gateway workers, PostgreSQL and its backends are killed under load: all that was received is recorded, exactly once."""
    journal, ledger = asyncio.run(kill_under_load(folder, KILLS))
    personal = [each.decision for each in journal.personal]
    missing = [name for name in journal.served if name not in ledger]
    twice = [name for name, (count, _) in ledger.items() if count > 1]
    told = {"kills": KILLS, "received": len(personal), "missing": len(missing), "twice": len(twice)}
    told |= {"broken": journal.broken, "unreceived": len(set(ledger) - set(journal.served))}
    for name, value in told.items():
        record_property(name, value)
    assert missing == []
    assert twice == []
    assert len(set(personal)) == len(personal) >= KILLS * ANSWERS_BETWEEN_KILLS
    assert all(ledger[name][1] for name in personal), "a record of personal data says that it was none"
    assert journal.broken > 0, "no call was met by a kill, so nothing was tried"
