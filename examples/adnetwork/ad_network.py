"""An ad network on loopback: what happens to shoppers' data once it has left.

It stands for the networks outside and knows nothing about apps or marketplaces. Standard library only.

| request | answer |
|---|---|
| `POST /audiences` `{advertiser, name, seeds: [{email_sha256} or {person_sha256}]}` | 201 `{audience_id, seeds, matched, lookalikes}` |
| `GET /audiences` | `{audiences: [{audience_id, advertiser, name, seeds, matched, lookalikes}]}` |
| `GET /audiences/<id>` | one of them |
| `GET /why?email_sha256=<hash>` or `person_sha256=` | "Why this ad": `{shown, because: [{advertiser, audience_id, name, uploaded_at}]}` |
| `DELETE /audiences/<id>` | 204 |
| `GET /healthz` | `{status}` |

Run it:  python ad_network.py --port 8403
"""

from __future__ import annotations

import argparse
import json
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

KINDS = ("email_sha256", "person_sha256")
LOOKALIKES_PER_MATCH = 30
BODY_BYTES_MAX = 16 * 1024 * 1024
_HASH = re.compile(r"[0-9a-f]{64}")


def is_member(value: str) -> bool:
    """Whether the network knows this person: by a rule that says yes to six in ten."""
    return int(value[:4], 16) % 10 < 6


@dataclass(frozen=True)
class Audience:
    audience_id: str
    advertiser: str
    name: str
    uploaded_at: str
    seeds: frozenset[tuple[str, str]]  # (kind, hash)

    def described(self) -> dict[str, Any]:
        matched = sum(is_member(value) for _, value in self.seeds)
        return {
            "audience_id": self.audience_id,
            "advertiser": self.advertiser,
            "name": self.name,
            "uploaded_at": self.uploaded_at,
            "seeds": len(self.seeds),
            "matched": matched,
            "lookalikes": matched * LOOKALIKES_PER_MATCH,
        }


class Network:
    """All audiences, in memory."""

    def __init__(self) -> None:
        self._audiences: dict[str, Audience] = {}
        self._numbers, self._lock = count(1), threading.Lock()

    def upload(self, body: Any) -> Audience:
        """`ValueError` with a sentence for anything that is not an audience."""
        if not isinstance(body, dict) or not isinstance(body.get("seeds"), list):
            raise ValueError("an audience has `advertiser`, `name` and a list of `seeds`")
        seeds = frozenset(_seed(entry) for entry in body["seeds"])
        with self._lock:
            audience = Audience(
                f"aud-{next(self._numbers)}", str(body.get("advertiser", "")), str(body.get("name", "")), _now(), seeds
            )
            self._audiences[audience.audience_id] = audience
        return audience

    def all(self) -> list[Audience]:
        with self._lock:
            return list(self._audiences.values())

    def find(self, audience_id: str) -> Audience | None:
        with self._lock:
            return self._audiences.get(audience_id)

    def delete(self, audience_id: str) -> bool:
        with self._lock:
            return self._audiences.pop(audience_id, None) is not None

    def why(self, kind: str, value: str) -> list[Audience]:
        """The audiences that a person is a seed of."""
        return [audience for audience in self.all() if (kind, value) in audience.seeds]


def _seed(entry: Any) -> tuple[str, str]:
    for kind in KINDS:
        value = entry.get(kind) if isinstance(entry, dict) else None
        if isinstance(value, str) and _HASH.fullmatch(value):
            return kind, value
    raise ValueError("a seed is `email_sha256` or `person_sha256` with 64 hexadecimal digits")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Door(BaseHTTPRequestHandler):
    network: Network
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if urlsplit(self.path).path != "/audiences" or length > BODY_BYTES_MAX:
            self.close_connection = True
            return self._answer(404 if length <= BODY_BYTES_MAX else 413, {"error": "not here"})
        try:
            audience = self.network.upload(json.loads(self.rfile.read(length)))
        except ValueError as error:
            return self._answer(400, {"error": str(error)})
        return self._answer(201, audience.described())

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/healthz":
            return self._answer(200, {"status": "ok"})
        if url.path == "/audiences":
            return self._answer(200, {"audiences": [audience.described() for audience in self.network.all()]})
        if url.path == "/why":
            return self._why(parse_qs(url.query))
        audience = self.network.find(url.path.removeprefix("/audiences/"))
        return self._answer(200, audience.described()) if audience else self._answer(404, {"error": "no such audience"})

    def do_DELETE(self) -> None:
        found = self.network.delete(urlsplit(self.path).path.removeprefix("/audiences/"))
        return self._answer(204, None) if found else self._answer(404, {"error": "no such audience"})

    def _why(self, query: dict[str, list[str]]) -> None:
        asked = [(kind, query[kind][0]) for kind in KINDS if kind in query]
        if len(asked) != 1:
            return self._answer(400, {"error": "ask with `email_sha256` or `person_sha256`"})
        because = [
            {
                "advertiser": audience.advertiser,
                "audience_id": audience.audience_id,
                "name": audience.name,
                "uploaded_at": audience.uploaded_at,
            }
            for audience in self.network.why(*asked[0])
        ]
        return self._answer(200, {"shown": bool(because), "because": because})

    def _answer(self, status: int, value: Any) -> None:
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent: who asked what is nobody's business."""


def serve(port: int = 0) -> ThreadingHTTPServer:
    """A server on loopback, ready to `serve_forever()`; port 0 takes a free one."""
    door = type("NetworkDoor", (Door,), {"network": Network()})
    return ThreadingHTTPServer(("127.0.0.1", port), door)


def main() -> int:
    parser = argparse.ArgumentParser(description="An ad network on loopback.")
    parser.add_argument("--port", type=int, default=8403)
    server = serve(parser.parse_args().port)
    print(json.dumps({"ad_network_url": f"http://127.0.0.1:{server.server_address[1]}"}), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
