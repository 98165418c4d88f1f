"""A small OpenID provider on loopback, as a marketplace has one for its sellers: whoever asks is signed in as `subject`."""

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from piepowder.core.kernel import json


class OidcProvider:
    """Authorization code flow; `subject` and `name` are the claims of everybody who signs in. `requests` keeps what was asked."""

    def __init__(self) -> None:
        self.subject, self.name = "", ""
        self.claims: dict[str, Any] = {}  # further ones, such as `email`
        self.codes: set[str] = set()
        self.asked: dict[str, str] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.get(self)

            def do_POST(self) -> None:
                provider.post(self)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        if parts.path == "/.well-known/openid-configuration":
            return _send(handler, self._document())
        if parts.path == "/userinfo":
            return _send(handler, {"sub": self.subject, "name": self.name, **self.claims})
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked = asked
        code = secrets.token_urlsafe(16)
        self.codes.add(code)
        handler.send_response(302)
        handler.send_header("Location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")
        handler.end_headers()

    def post(self, handler: BaseHTTPRequestHandler) -> None:
        body = parse_qs(handler.rfile.read(int(handler.headers["Content-Length"])).decode())
        if body["code"][0] not in self.codes:
            return _send(handler, {"error": "invalid_grant"}, 400)
        self.codes.discard(body["code"][0])
        _send(handler, {"access_token": secrets.token_urlsafe(16), "token_type": "bearer", "expires_in": 60})

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }


def _send(handler: BaseHTTPRequestHandler, value: object, status: int = 200) -> None:
    body = json.encode(value)
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
