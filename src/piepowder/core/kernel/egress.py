"""The way out for everything but the gateway's calls to the marketplace. For now: asking whether a door answers."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

ANSWER_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a probe heard: a status, or why there is none. `body` is cut at 64 KiB."""

    status: int = 0
    body: bytes = b""
    problem: str = ""

    @property
    def reached(self) -> bool:
        return self.status > 0


def probe(url: str, *, headers: Mapping[str, str] | None = None, deadline_seconds: float = 5.0) -> Heard:
    """One GET, no redirects, never an exception: the caller wants to know how things stand."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=deadline_seconds)
        connection.request(
            "GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=headers or {}
        )
        answer = connection.getresponse()
        heard = Heard(status=answer.status, body=answer.read(ANSWER_BYTES_MAX))
        connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Heard(problem=str(error) or type(error).__name__)
    return heard
