"""A real uvicorn with the gateway's protocol in a thread of its own, in front of any ASGI application.

with GuardedServer(application) as server:
    assert server.say(b"GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n").startswith(b"HTTP/1.1 200")
"""

import asyncio
import contextlib
import socket
import threading
from typing import Any, Self

import uvicorn
import uvloop

from piepowder.gateway.protocol import GuardedProtocol

_PATIENCE_SECONDS = 20.0


class GuardedServer:
    def __init__(self, application: Any, protocol: type[GuardedProtocol] = GuardedProtocol) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application,
            http=protocol,
            lifespan="off",
            ws="none",
            access_log=False,
            log_level="error",
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        async def main() -> None:
            asyncio.get_running_loop().call_soon(self._started.set)
            await self._server.serve(sockets=[self._socket])

        uvloop.run(main())

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(_PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(_PATIENCE_SECONDS)
        self._socket.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE_SECONDS)

    def say(self, *parts: bytes) -> bytes:
        """Send the parts, then read until the server closes the connection."""
        with self.connect() as connection:
            for part in parts:
                with contextlib.suppress(ConnectionError):  # the server may have said its last word already
                    connection.sendall(part)
            return read_to_end(connection)


def read_to_end(connection: socket.socket) -> bytes:
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            said += chunk
    return said
