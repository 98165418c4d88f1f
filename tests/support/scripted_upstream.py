"""An upstream on loopback that says exactly the bytes it is told to, however broken, and remembers what it was asked.

    with ScriptedUpstream() as upstream:
        upstream.always(json_answer({"payload": {}}))          # for every request without a script of its own
        upstream.script(b"HTTP/1.1 200 OK\\r\\ncontent-", CLOSE)  # for the next request
        ...                                                    # point the gateway at `upstream.origin`
        assert upstream.requests[0].target == "/orders/v0/orders"

A script is a list of steps: bytes to send, `CLOSE`, `RESET` (TCP RST), `Drip(data, seconds_per_byte)`, or a
`threading.Event` to wait for. Without `CLOSE` or `RESET` the connection stays open for the next request.
"""

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

_PATIENCE_SECONDS = 20.0


class _Ending(Enum):
    CLOSE = "close"
    RESET = "reset"


CLOSE, RESET = _Ending.CLOSE, _Ending.RESET


@dataclass(frozen=True)
class Drip:
    """Send one byte at a time, with a wait after each that stopping the server cuts short."""

    data: bytes
    seconds_per_byte: float = 1.0


Step = bytes | _Ending | Drip | threading.Event


@dataclass(frozen=True)
class Received:
    """One request. `headers` in lower case; `connection` counts connections from 0."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    raw: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


def answer(status: int = 200, body: bytes = b"", *, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """A well-formed answer with its length."""
    lines = [
        f"HTTP/1.1 {status} Status",
        *(f"{name}: {value}" for name, value in headers),
        f"content-length: {len(body)}",
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def json_answer(value: Any, status: int = 200, *, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """A well-formed JSON answer."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return answer(status, body, headers=[("content-type", "application/json"), *headers])


class ScriptedUpstream:
    def __init__(self, port: int = 0) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._always: tuple[Step, ...] = (json_answer({}),)
        self._scripts: deque[tuple[Step, ...]] = deque()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"

    def always(self, *steps: Step) -> None:
        self._always = steps

    def script(self, *steps: Step) -> None:
        self._scripts.append(steps)

    def forget(self) -> None:
        """Scripts that nothing has asked for yet."""
        self._scripts.clear()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)

    def _start(self, target: Any, *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
                number, self.connections = self.connections, self.connections + 1
            self._start(self._converse, connection, number)

    def _converse(self, connection: socket.socket, number: int) -> None:
        stream = connection.makefile("rb")
        with connection, stream, contextlib.suppress(OSError, ValueError):
            while (request := _read_request(stream, number)) is not None:
                with self._lock:
                    self.requests.append(request)
                    steps = self._scripts.popleft() if self._scripts else self._always
                if not all(self._perform(connection, step) for step in steps):
                    break
        with self._lock:
            self._open.discard(connection)

    def _perform(self, connection: socket.socket, step: Step) -> bool:
        """False where the connection is over."""
        if isinstance(step, bytes):
            connection.sendall(step)
        elif isinstance(step, Drip):
            for octet in step.data:
                connection.sendall(bytes([octet]))
                if self._stopping.wait(step.seconds_per_byte):
                    return False
        elif isinstance(step, threading.Event):
            step.wait(_PATIENCE_SECONDS)
        else:
            if step is RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.shutdown(socket.SHUT_RDWR)
            return False
        return True


def _read_request(stream: Any, number: int) -> Received | None:
    """The next request of a connection, None at its end. Reads what the gateway's client writes: lengths, no chunks."""
    lines: list[bytes] = []
    while (line := stream.readline()) not in (b"\r\n", b"\n"):
        if not line:
            return None
        lines.append(line)
    method, target, _ = lines[0].decode("latin-1").split(" ", 2)
    headers = [
        (name.strip().lower(), value.strip())
        for name, _, value in (x.decode("latin-1").partition(":") for x in lines[1:])
    ]
    length = next((int(value) for name, value in headers if name == "content-length"), 0)
    body = stream.read(length) if length else b""
    return Received(method, target, headers, body, number, b"".join(lines) + b"\r\n" + body)
