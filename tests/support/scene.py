"""Four workers under steady calls for personal data, and a hand that can take it away: for tests and proofs of revocation."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from piepowder.core.kernel.postgres import EmbeddedPostgres
from tests.support.changes import Changes, changes
from tests.support.load import Connection, Traffic, all_listen, cover
from tests.support.marked_orders import PAGE, MarkedOrders, restricted_token, single, specification
from tests.support.stack import Stack

PATHS = [single(1), single(2), single(3), PAGE]
CONNECTIONS_EACH = 2


class Scene:
    """`async with Scene(...).set()`: the workers run, upstream answers, `change` is ready. `database_url`: a migrated one of `server`."""

    def __init__(
        self, folder: Path, server: EmbeddedPostgres, database_url: str, *, sellers: Sequence[str], workers: int = 4
    ) -> None:
        self.server, self.upstream = server, MarkedOrders()
        self.stack = Stack(
            folder,
            database_url,
            upstream_url=self.upstream.url,
            spec=specification(sellers),
            workers=workers,
            migrated=True,
            upstream_connections_max=600,
        )
        self.change: Changes

    @property
    def app(self) -> dict[str, Any]:
        found: dict[str, Any] = self.stack.made["apps"]["label_printer"]
        return found

    @property
    def port(self) -> int:
        return self.stack.settings.gateway_port

    @property
    def workers(self) -> list[int]:
        return [worker.pid for worker in self.stack.workers]

    def grant(self, seller: str) -> dict[str, str]:
        """Its `grant_id` and tokens."""
        found: dict[str, str] = next(each for each in self.app["grants"] if each["seller_id"] == seller)
        return found

    @asynccontextmanager
    async def set(self) -> AsyncIterator["Scene"]:
        with self.stack:
            async with self.upstream.serving(), changes(self.stack.environment) as self.change:
                await all_listen(self.port, self.workers)
                yield self

    async def restricted(self, seller: str) -> str:
        """A token with which that seller's addresses can be read."""
        return await asyncio.to_thread(restricted_token, self.stack.url, self.grant(seller)["access_token"])

    async def connections(self, token: str, each: int = CONNECTIONS_EACH) -> list[Connection]:
        """`each` to every worker."""
        return await cover(self.port, self.workers, each, path=PATHS[0], token=token)

    @asynccontextmanager
    async def traffic(
        self, token: str, paths: Sequence[str] = PATHS, per_second: float = 15.0
    ) -> AsyncIterator[Traffic]:
        """Steady calls to every worker."""
        several = await self.connections(token)
        made = Traffic(several, list(paths), token, per_second)
        made.start()
        try:
            yield made
        finally:
            await made.stop()
            for each in several:
                each.close()

    def feeds(self) -> list[int]:
        """The server's processes behind the workers' feeds."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'piepowder feed' AND datname = current_database() ORDER BY pid"
        with psycopg.connect(self.stack.settings.database_url, autocommit=True) as connection:
            return [pid for (pid,) in connection.execute(query)]

    def hang_up(self) -> None:
        """One worker's feed is disconnected, once."""
        with psycopg.connect(self.stack.settings.database_url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [self.feeds()[0]])

    @contextmanager
    def one_feed_cut(self) -> Iterator[None]:
        """One worker's feed stands still without hanging up, and the server takes no new connections; all others go on."""
        postmaster = self.server.process_id
        assert postmaster is not None
        victims = [self.feeds()[0], postmaster]
        for pid in victims:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
