"""Compares clients to upstream on small and large answers: requests a second and CPU per request, on loopback under uvloop.

    python benchmarks/upstream_clients.py [--seconds 3] [--json FILE]

The lean client is the gateway's own. `aiohttp`, `pyreqwest` and `httpx` are measured where they are installed; they are no
dependencies of the project, so install them into an environment made for this. Answers come from a server of a few lines
in a process of its own (`asyncio.Protocol`, bytes made beforehand), so that the client is what is measured.
"""

import argparse
import asyncio
import importlib.util
import json
import multiprocessing
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import uvloop

from piepowder.core.marketplace.dialect import UpstreamCall
from piepowder.gateway.upstream import LeanUpstream

Fetch = Callable[[str], Awaitable[int]]
HEADERS = {"x-amz-access-token": "x" * 100, "accept": "application/json"}
CASES = {"/single": 1_400, "/page": 135_000}
CONCURRENCY = 32


class Server(asyncio.Protocol):
    """Answers every request it sees with the same bytes; knows no HTTP beyond the blank line."""

    answers = {
        path.encode(): b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-amzn-requestid: 1\r\ndate: now\r\n"
        b"content-length: %d\r\n\r\n" % size + b"z" * size
        for path, size in CASES.items()
    }

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for request in data.split(b"\r\n\r\n")[:-1]:
            self.transport.write(self.answers[request.split(b" ", 2)[1]])


def serve(listener: socket.socket) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Server, sock=listener)
        await server.serve_forever()

    uvloop.run(main())


async def lean(origin: str, _: AsyncExitStack) -> Fetch:
    client = LeanUpstream(origin)
    headers = tuple((name.encode(), value.encode()) for name, value in HEADERS.items())

    async def fetch(path: str) -> int:
        return len((await client.fetch(UpstreamCall(b"GET", path.encode(), headers))).body)

    return fetch


async def aiohttp(origin: str, stack: AsyncExitStack) -> Fetch:
    module: Any = importlib.import_module("aiohttp")
    session = await stack.enter_async_context(module.ClientSession(connector=module.TCPConnector(limit=256)))

    async def fetch(path: str) -> int:
        async with session.get(origin + path, headers=HEADERS) as response:
            return len(await response.read())

    return fetch


async def pyreqwest(origin: str, stack: AsyncExitStack) -> Fetch:
    module: Any = importlib.import_module("pyreqwest.client")
    client = await stack.enter_async_context(module.ClientBuilder().build())

    async def fetch(path: str) -> int:
        response = await client.get(origin + path).headers(HEADERS).build().send()
        return len(await response.bytes())

    return fetch


async def httpx(origin: str, stack: AsyncExitStack) -> Fetch:
    module: Any = importlib.import_module("httpx")
    client = await stack.enter_async_context(module.AsyncClient())

    async def fetch(path: str) -> int:
        return len((await client.get(origin + path, headers=HEADERS)).content)

    return fetch


CLIENTS: dict[str, Callable[[str, AsyncExitStack], Awaitable[Fetch]]] = {
    "lean": lean,
    "aiohttp": aiohttp,
    "pyreqwest": pyreqwest,
    "httpx": httpx,
}


async def measure(fetch: Fetch, path: str, seconds: float) -> tuple[float, float]:
    """Requests a second and microseconds of CPU a request, of this process alone."""
    assert await fetch(path) == CASES[path]
    count = 0
    started, cpu = time.perf_counter(), time.process_time()
    until = started + seconds

    async def work() -> None:
        nonlocal count
        while time.perf_counter() < until:
            await fetch(path)
            count += 1

    await asyncio.gather(*[work() for _ in range(CONCURRENCY)])
    return count / (time.perf_counter() - started), (time.process_time() - cpu) / count * 1e6


async def run(origin: str, seconds: float) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, build in CLIENTS.items():
        if name != "lean" and importlib.util.find_spec(name) is None:
            print(f"{name:10} not installed here")
            continue
        async with AsyncExitStack() as stack:
            fetch = await build(origin, stack)
            for path in CASES:
                await measure(fetch, path, 0.3)
                rate, cpu = await measure(fetch, path, seconds)
                print(f"{name:10} {path:8} {rate:9,.0f} req/s {cpu:8.1f} us CPU", flush=True)
                rows += [
                    {"case": path[1:], "subject": name, "value": round(rate, 1), "unit": "req/s"},
                    {"case": path[1:], "subject": name, "value": round(cpu, 1), "unit": "us CPU"},
                ]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    server = multiprocessing.Process(target=serve, args=(listener,), daemon=True)
    server.start()
    try:
        rows = uvloop.run(run(f"http://127.0.0.1:{listener.getsockname()[1]}", arguments.seconds))
    finally:
        server.terminate()
        server.join()
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
