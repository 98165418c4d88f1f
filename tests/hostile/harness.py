"""How a case of the hostile suite is judged, after each call:

1. the status is the one given, in Amazon's shape where it is an error;
2. no forbidden marker shows in the answer (also decoded), in logs, metrics or ledger;
3. exactly the records of one attempt were made;
4. the worker is alive and the same process.

Everything is real: a gateway process, PostgreSQL, sockets. The upstream says the bytes it is told to.
"""

import base64
import binascii
import html
import itertools
import json
import re
import socket
import subprocess
import sys
import unicodedata
import uuid
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg

from tests.support.scripted_upstream import ScriptedUpstream, Step
from tests.support.scripted_upstream import answer as upstream_answer
from tests.support.stack import ROOT, Stack

MARKER = re.compile(r"PPW-[a-z0-9]+-[0-9a-f]{12,}")
SELLER, OTHER_SELLER = "A1HOSTILE", "A2HOSTILE"
PATIENCE_SECONDS = 30.0
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_numbers = itertools.count(1)


def marker(field_name: str) -> str:
    """A value that nobody else has."""
    return f"PPW-{field_name}-{uuid.uuid4().hex}"


def order_number() -> str:
    return f"303-{next(_numbers):07d}-1234567"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    raw: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """The reason id at the head of an error's details."""
        return str(self.json["errors"][0]["details"]).partition(":")[0]


class Gate:
    """A running gateway, and everything that can be looked at from outside."""

    def __init__(self, stack: Stack, upstream: ScriptedUpstream) -> None:
        self.stack, self.upstream = stack, upstream
        self.port = stack.settings.gateway_port
        self.pid = stack.workers[0].pid
        self._changes: subprocess.Popen[bytes] | None = None
        self._known_records: set[str] = set()
        self._log_at = 0
        self.records()

    # Asking

    def token(self, app: str = "full", seller: int = 0) -> str:
        return str(self.stack.made["apps"][app]["grants"][seller]["access_token"])

    def get(self, target: str, *headers: tuple[str, str], app: str = "full", token: str | None = None) -> Answer:
        return self.ask("GET", target, *headers, app=app, token=token)

    def post(self, target: str, body: bytes, *headers: tuple[str, str], app: str = "full") -> Answer:
        named = {name.lower() for name, _ in headers}
        kind = [] if "content-type" in named else [("content-type", "application/json")]
        return self.ask("POST", target, *kind, *headers, app=app, body=body)

    def ask(
        self,
        method: str,
        target: str,
        *headers: tuple[str, str],
        app: str = "full",
        token: str | None = None,
        body: bytes = b"",
    ) -> Answer:
        lines = [("x-amz-access-token", token if token is not None else self.token(app)), *headers]
        return self.say(head(method, target, *lines, length=len(body) if body else None) + body)

    def say(self, *parts: bytes) -> Answer:
        """The one answer to these bytes; more than one is a fault."""
        said = self.converse(*parts)
        found = parse(said)
        assert len(found) == 1, f"{len(found)} answers: {said[:2000]!r}"
        return found[0]

    def converse(self, *parts: bytes) -> bytes:
        """All that the server says until it closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS) as connection:
            said = b""
            try:
                for part in parts:
                    connection.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it may have said its last word already
            try:
                while chunk := connection.recv(1 << 16):
                    said += chunk
            except ConnectionResetError:
                pass
            return said

    def restricted(self, *resources: Mapping[str, Any], app: str = "full", purpose: str | None = None) -> str:
        """A restricted token, asked for as an app would."""
        headers = [("x-piepowder-purpose", purpose)] if purpose else []
        answer = self.post(
            "/tokens/2021-03-01/restrictedDataToken",
            json.dumps({"restrictedResources": resources}).encode(),
            *headers,
            app=app,
        )
        assert answer.status == 200, answer
        self.records()
        return str(answer.json["restrictedDataToken"])

    # Upstream's part

    def upstream_says(
        self, body: str | bytes, *headers: tuple[str, str], status: int = 200, seller: str = SELLER
    ) -> None:
        """JSON for the next request."""
        self.upstream.script(says(body, *headers, status=status, seller=seller))

    def upstream_does(self, *steps: Step) -> None:
        self.upstream.script(*steps)

    # The control plane's part

    def change(self, verb: str, **fields: str) -> None:
        """Something is changed by the rooms' own actions (tests/support/changes.py) and is committed on return."""
        if self._changes is None:
            self._changes = subprocess.Popen(
                [sys.executable, "-m", "tests.support.changes"],
                env=self.stack.environment,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        assert self._changes.stdin is not None
        assert self._changes.stdout is not None
        self._changes.stdin.write(json.dumps({"verb": verb} | fields).encode() + b"\n")
        self._changes.stdin.flush()
        assert self._changes.stdout.readline(), f"`{verb}` failed; see the error output"

    def close(self) -> None:
        if self._changes is not None:
            self._changes.communicate()

    # Judging

    def judge(
        self,
        answer: Answer,
        status: int | tuple[int, ...],
        *,
        allowed: Iterable[str] = (),
        records: int = 1,
        reason: str | None = None,
    ) -> list[dict[str, Any]]:
        """The records of the attempt, after all four checks. `allowed`: markers that may show in the answer."""
        found = self.records()
        assert answer.status in ((status,) if isinstance(status, int) else status), (answer, found)
        seen = markers_in(answer.raw, answer.body)
        assert seen <= set(allowed), f"leaked {seen - set(allowed)} in {answer.raw[:3000]!r}"
        behind = markers_in(self.new_log(), self.metrics(), json.dumps(found).encode())
        assert not behind, f"leaked {behind} in logs, metrics or ledger: {found}"
        assert len(found) == records, found
        assert answer.header("x-piepowder-decision") == found[-1]["id"], (answer, found)
        self.check_worker()
        if answer.status >= 400:
            self.check_error(answer, found[-1], reason)
        return found

    def check_error(self, answer: Answer, record: dict[str, Any], reason: str | None) -> None:
        """A non-empty `errors` list, whose details name the reason that stands in the ledger."""
        assert answer.header("content-type") == "application/json"
        [error] = answer.json["errors"]
        assert error["code"]
        assert error["message"]
        assert answer.reason == record["reason"]
        assert record["outcome"] in ("refused", "failed")
        if reason is not None:
            assert answer.reason == reason, answer.json

    def check_worker(self) -> None:
        [worker] = self.stack.workers
        assert worker.poll() is None
        assert worker.pid == self.pid

    def records(self) -> list[dict[str, Any]]:
        """The ledger's records since the last look, oldest first."""
        with psycopg.connect(self.stack.settings.database_url) as connection:
            rows = connection.execute(
                "SELECT id, to_json(r)::text FROM ledger_record r WHERE kind LIKE 'gateway.%%' AND NOT id = ANY(%s) ORDER BY id",
                [list(self._known_records)],
            ).fetchall()
        self._known_records |= {row[0] for row in rows}
        return [json.loads(row[1]) for row in rows]

    def new_log(self) -> bytes:
        whole = self.stack.logs()
        new, self._log_at = whole[self._log_at :], len(whole)
        return new

    def metrics(self) -> bytes:
        return self.converse(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")

    def asked(self) -> int:
        """How often upstream was asked so far."""
        return len(self.upstream.requests)

    def memory_bytes(self) -> int:
        """Resident memory of the worker (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


def head(
    method: str, target: str, *headers: tuple[str, str], length: int | None = None, host: str = "gateway"
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"host: {host}", "connection: close", *(f"{k}: {v}" for k, v in headers)]
    lines += [f"content-length: {length}"] if length is not None else []
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def says(body: str | bytes, *headers: tuple[str, str], status: int = 200, seller: str = SELLER) -> bytes:
    data = body if isinstance(body, bytes) else body.encode()
    named = {name for name, _ in headers}
    usual = [("content-type", "application/json")] if "content-type" not in named else []
    return upstream_answer(status, data, headers=[*usual, ("x-marketplace-seller", seller), *headers])


def parse(said: bytes) -> list[Answer]:
    """The answers in a stream of bytes."""
    found = []
    while said:
        top, _, rest = said.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        headers = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
        length = int(next((value for name, value in headers if name == "content-length"), "0"))
        status = int(first.split(" ")[1])
        found.append(Answer(status, headers, rest[:length], said[: len(top) + 4 + length]))
        said = rest[length:]
    return found


def markers_in(*places: bytes) -> set[str]:
    """Markers in bytes as they are and however they may be disguised."""
    found: set[str] = set()
    for place in places:
        text = place.decode("utf-8", "replace")
        variants = [text, unquote(text), html.unescape(text), unicodedata.normalize("NFKC", text), _unescaped(text)]
        variants += [_inflated(place), text[::-1]]
        variants += [_unbase64(each) for each in _BASE64.findall(text) if "PPW-" not in each]
        found.update(marker for variant in variants for marker in MARKER.findall(variant))
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)


def _unbase64(text: str) -> str:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_").decode("latin-1")
    except (ValueError, binascii.Error):
        return ""


def _inflated(data: bytes) -> str:
    try:
        return zlib.decompressobj(wbits=47).decompress(data, 1 << 20).decode("latin-1")
    except zlib.error:
        return ""


# Documents


def order(number: str, *members: str, status: str = "Unshipped", head: Iterable[str] = ()) -> str:
    """A v0 order as text, so that a case can put any bytes into it."""
    usual = [
        f'"AmazonOrderId": "{number}"',
        '"PurchaseDate": "2026-11-20T10:00:00Z"',
        '"LastUpdateDate": "2026-11-20T10:00:00Z"',
        f'"OrderStatus": "{status}"',
        '"LatestDeliveryDate": "2099-01-01T00:00:00Z"',
        '"OrderTotal": {"CurrencyCode": "EUR", "Amount": "19.90"}',
    ]
    return "{" + ", ".join([*head, *usual, *members]) + "}"


def one(number: str, *members: str, **options: Any) -> str:
    """The answer of getOrder."""
    return f'{{"payload": {order(number, *members, **options)}}}'


def page(*orders: str, more: str = "") -> str:
    """The answer of getOrders."""
    return f'{{"payload": {{"Orders": [{", ".join(orders)}]{more}}}}}'
