"""An app's own program, as small as one can be: it waits at its return address for the seller, exchanges the code, and reads orders."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import httpx


class Program:
    """`url` is its return address; `came` has the query of every return, the newest last."""

    def __init__(self) -> None:
        came: list[dict[str, str]] = []
        self.came = came

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/return":
                    came.append(dict(parse_qsl(parts.query)))
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(
                    b"<!doctype html><html lang=en><title>Label maker</title><main><h1>Welcome back</h1></main>"
                )

            def log_message(self, format: str, *words: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_port}/return"

    def read_orders(self, console: str, gateway: str, path: str, client: tuple[str, str]) -> httpx.Response:
        """Exchanges the newest code for tokens, and makes one call with them."""
        identity = {"client_id": client[0], "client_secret": client[1]}
        asked = {"grant_type": "authorization_code", "code": self.came[-1]["spapi_oauth_code"], **identity}
        tokens = httpx.post(f"{console}/auth/o2/token", data=asked).raise_for_status().json()
        return httpx.get(gateway + path, headers={"x-amz-access-token": tokens["access_token"]})

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
