"""A client that notes, of each call, when it began, when its last byte came, and which worker served it; also of calls cut short."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from piepowder.core.kernel.processes import listens
from tests.support.marked_orders import MARK

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Times are monotonic seconds, comparable between processes. `complete`: every byte of the announced length came."""

    status: int
    decision: str
    personal: bool  # marked data among the bytes that came
    complete: bool
    begun: float
    ended: float
    worker: int  # process id
    reason: str = ""  # the gateway's own words of a refusal


class Connection:
    """One keep-alive connection, hence one worker. `get` raises ConnectionError or EOFError where no head of an answer came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.worker = 0

    @property
    def port(self) -> int:
        """Of this end."""
        found: int = self._writer.get_extra_info("sockname")[1]
        return found

    async def get(self, path: str, token: str) -> Answer:
        begun = time.monotonic()
        self._writer.write(f"GET {path} HTTP/1.1\r\nhost: gateway\r\nx-amz-access-token: {token}\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        status, headers = _parse(head)
        body, complete = await self._body(int(headers.get("content-length", "0")))
        return Answer(
            status=status,
            decision=headers.get("x-piepowder-decision", ""),
            personal=MARK in body,
            complete=complete,
            begun=begun,
            ended=time.monotonic(),
            worker=self.worker,
            reason=body.decode(errors="replace")[:500] if status != 200 else "",
        )

    async def _body(self, length: int) -> tuple[bytes, bool]:
        try:
            return await self._reader.readexactly(length), True
        except asyncio.IncompleteReadError as error:
            return error.partial, False

    def close(self) -> None:
        self._writer.close()


async def connect(port: int) -> Connection:
    return Connection(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 22))


def _parse(head: bytes) -> tuple[int, dict[str, str]]:
    first, *rest = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in rest if line)
    return int(first.split(" ")[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def until(true: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """TimeoutError after that long."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def all_listen(port: int, workers: Iterable[int]) -> None:
    """Until each of these processes takes connections: a worker listens only once it is ready."""
    await until(lambda: all(listens(pid, port) for pid in workers))


async def cover(port: int, workers: list[int], each: int, *, path: str, token: str) -> list[Connection]:
    """`each` connections to every worker. The system shares connections out by hash, so surplus ones are closed again."""
    found: dict[int, list[Connection]] = {pid: [] for pid in workers}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(len(several) < each for several in found.values()):
            connection = await connect(port)
            await connection.get(path, token)
            connection.worker = worker_of(connection, port, workers)
            if len(found[connection.worker]) < each:
                found[connection.worker].append(connection)
            else:
                connection.close()
    return [connection for several in found.values() for connection in several]


def worker_of(connection: Connection, port: int, workers: Iterable[int]) -> int:
    """The process that holds the other end (Linux: /proc)."""
    local, remote = f":{port:04X}", f":{connection.port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next(row[9] for row in rows if row[1].endswith(local) and row[2].endswith(remote))
    for pid in workers:
        if any(_target(entry) == f"socket:[{inode}]" for entry in Path(f"/proc/{pid}/fd").iterdir()):
            return pid
    raise AssertionError("no worker holds that connection")


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:
        return ""


@dataclass
class Traffic:
    """Calls in a steady stream over given connections; every answer is kept. Each connection calls `per_second` times a second."""

    connections: list[Connection]
    paths: list[str]
    token: str
    per_second: float = 20.0
    answers: list[Answer] = field(default_factory=list)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._call(number, each)) for number, each in enumerate(self.connections)]

    async def stop(self) -> None:
        """Calls under way end by themselves."""
        tasks, self._tasks = self._tasks, []
        await asyncio.gather(*tasks)

    async def _call(self, number: int, connection: Connection) -> None:
        await asyncio.sleep(number / len(self.connections) / self.per_second)
        while self._tasks:
            began = time.monotonic()
            self.answers.append(await connection.get(self.paths[len(self.answers) % len(self.paths)], self.token))
            await asyncio.sleep(max(0.0, began + 1 / self.per_second - time.monotonic()))

    def of(self, *, since: float, worker: int = 0, personal: bool | None = None) -> list[Answer]:
        """Answers to calls begun after that moment."""
        return [
            each
            for each in self.answers
            if each.begun > since and worker in (0, each.worker) and personal in (None, each.personal)
        ]

    async def each_worker(self, count: int, *, since: float, personal: bool | None = None) -> None:
        """Until every worker has given that many such answers."""
        workers = {connection.worker for connection in self.connections}
        await until(lambda: all(len(self.of(since=since, worker=pid, personal=personal)) >= count for pid in workers))
