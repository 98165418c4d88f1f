"""One gateway worker: `python -m piepowder.gateway.main`. Settings come from the environment; here, and only here, the parts are joined.

Workers share their port through SO_REUSEPORT and their rate limits through one file; each has its own snapshot, caches and connections.
"""

import argparse
import asyncio
import contextlib
import gc
import socket

import structlog
import uvicorn
import uvloop

from piepowder.core.kernel import config
from piepowder.core.kernel.config import Settings
from piepowder.core.kernel.database import connect, database_url, refuse_unsafe
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.keys import KeyRing
from piepowder.core.ledger.append import Appender
from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.dialects import load_dialect
from piepowder.gateway.app import Application
from piepowder.gateway.feed import Feed
from piepowder.gateway.limits import Limits
from piepowder.gateway.parts import Gateway, Keys
from piepowder.gateway.protocol import GuardedProtocol
from piepowder.gateway.tokens import Tokens
from piepowder.gateway.upstream import LeanUpstream
from piepowder.gateway.upstream import Limits as UpstreamLimits

log = structlog.get_logger("gateway")
BACKLOG = 2048


async def build(settings: Settings) -> Gateway:
    """A worker with its feed loaded and its ledger connected. Refuses to start on a database that may forget commits."""
    url = database_url(settings)
    with contextlib.closing(connect(url)) as connection:
        for warning in refuse_unsafe(connection):
            log.warning("gateway.database", warning=warning)
    ring = KeyRing.open(settings.keys)
    feed, appender = Feed(), Appender(url)
    await feed.start(url)
    await appender.start()
    tokens = Tokens(url, feed)
    await tokens.start()
    return Gateway(
        settings=settings,
        catalogue=load_catalogue(settings.dialect),
        dialect=load_dialect(settings.dialect),
        feed=feed,
        tokens=tokens,
        limits=Limits(settings.data / "run" / "limits"),
        upstream=LeanUpstream(settings.upstream_url, limits=_upstream_limits(settings)),
        appender=appender,
        keys=Keys(
            orders=ring.derive("ledger.orders"),
            subjects=ring.derive("ledger.subjects"),
            marks=ring.derive("marks"),
            paging=ring.derive("paging"),
        ),
    )


def _upstream_limits(settings: Settings) -> UpstreamLimits:
    return UpstreamLimits(connections=settings.upstream_connections_max, body_bytes=settings.upstream_body_bytes_max)


async def close(gateway: Gateway) -> None:
    await gateway.upstream.close()
    await gateway.tokens.stop()
    await gateway.appender.stop()
    await gateway.feed.stop()
    gateway.limits.close()


def listening_socket(settings: Settings) -> socket.socket:
    """Bound with SO_REUSEPORT, so that each worker has its own queue and the kernel shares out connections."""
    family = socket.AF_INET6 if ":" in settings.gateway_host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((settings.gateway_host, settings.gateway_port))
    bound.listen(BACKLOG)
    bound.setblocking(False)
    return bound


def _protocol(settings: Settings) -> type[GuardedProtocol]:
    return type("Protocol", (GuardedProtocol,), {"head_deadline_seconds": settings.header_deadline_seconds})


async def serve(settings: Settings) -> None:
    gateway = await build(settings)
    # What was just built lives as long as the worker: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    server_config = uvicorn.Config(
        Application(gateway),
        http=_protocol(settings),
        loop="uvloop",
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=None,
    )
    server = uvicorn.Server(server_config)
    try:
        await server.serve(sockets=[listening_socket(settings)])
    finally:
        await close(gateway)


def main() -> None:
    parser = argparse.ArgumentParser(description="One Piepowder gateway worker.")
    parser.add_argument("--worker", type=int, default=0, help="number of this worker, for logs")
    arguments = parser.parse_args()
    structlog.contextvars.bind_contextvars(worker=arguments.worker)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(config.load()))
    except PiepowderError as error:
        log.error("gateway.start", code=error.code, message=error.message, hint=error.hint)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
