"""The gateway's own door check, in front of every parser's opinion: one canonical request, or a refusal.

The raw path is canonicalised here once; routing, policy and the upstream request use that one string. No server that
was tried refuses everything that is ambiguous (two `Host` headers, encoded slashes, tokens in the query), so this does.
Pure: no clock, no network, except `read_body`, which waits for the body the server hands over.

The server's protocol (`protocol.py`) passes on two things in the ASGI scope's `extensions`:
`piepowder.target` (the request target as it came) and `piepowder.fault` (a refusal for bytes that are not HTTP at all).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct

from piepowder.core.kernel import json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.gateway.coding import CodingFault, inflate
from piepowder.gateway.refused import Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

TARGET_MAX_BYTES = 8 * 1024
HEADER_LINE_MAX_BYTES = 8 * 1024
HEADERS_MAX_BYTES = 32 * 1024
HEADERS_MAX = 100
BODY_MAX_BYTES = 8 * 1024 * 1024
PARAMETERS_MAX = 256

_METHODS = {"GET": "GET", "HEAD": "GET", "POST": "POST", "PUT": "PUT", "PATCH": "PATCH", "DELETE": "DELETE"}
_VERSIONS = frozenset({"1.1", "1.0"})
_BODILESS = frozenset({"GET", "HEAD"})

# Characters that stand for themselves in a path; `;` is left out, since servers disagree whether it starts a parameter.
_PLAIN = r"A-Za-z0-9\-._~!$&'()*+,=:@"
_CANONICAL = re.compile(rf"(?:/(?!\.\.?(?:/|\Z))[{_PLAIN}]+)+\Z").match
_ENCODED = re.compile(rf"(?:/(?!\.\.?(?:/|\Z))(?:[{_PLAIN}]|%[0-9A-F][0-9A-F])+)+\Z").match
_SAFE_IN_PATH = "-._~!$&'()*+,=:@"
# Octets nobody needs to encode, and octets that change the meaning of a path for whoever decodes it once more.
_NEVER_ENCODED = frozenset(
    f"%{octet:02X}"
    for octet in range(128)
    if octet < 32 or octet == 127 or chr(octet).isalnum() or chr(octet) in "-._~/\\;%?#"
)
_PERCENT_CODES = re.compile("%..").findall
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})").search
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]").search
_RAW_QUERY = re.compile(rb"[\x21-\x7e]*\Z").match
_CONTROL_IN_HEADER = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search
_HOST = re.compile(rb"[A-Za-z0-9._\-]+(?::[0-9]{1,5})?\Z|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?\Z").match

_ONCE = frozenset(
    {b"host", b"authorization", b"content-length", b"transfer-encoding", b"content-type", b"content-encoding"}
)
_WATCHED = _ONCE | {b"accept"}
_TOKENS_IN_QUERY = frozenset(
    {"access_token", "x-amz-access-token", "x-amz-security-token", "authorization", "restricteddatatoken"}
    | {"refresh_token", "client_secret", "id_token"}
)
_FOREIGN_FORMATS = frozenset({"csv", "tsv", "xml", "html", "pdf", "text", "jsonp"})


class Request(Struct, frozen=True):
    """A call as the gateway sees it. `path` is canonical; `segments` are its decoded parts; `query` keeps its order."""

    method: str  # a HEAD reads as GET
    head: bool
    path: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    headers: Sequence[tuple[bytes, bytes]]
    has_body: bool = False
    body_length: int | None = None  # bytes on the wire; None: not announced (chunked) or no body
    gzip: bool = False


def check(scope: Scope) -> Request:
    """The request in an ASGI `http` scope. Raises `Refused`; about 6 us for an ordinary one."""
    extensions = scope.get("extensions") or {}
    fault = extensions.get("piepowder.fault")
    if fault is not None:
        raise fault
    method = _METHODS.get(scope["method"])
    if method is None:
        raise Refused(
            "method", "method_not_allowed", "this method is not served", hint="use GET, POST, PUT, PATCH or DELETE"
        )
    if scope["http_version"] not in _VERSIONS:
        raise Refused("invalid", "bad_framing", "the version of HTTP must be 1.1 or 1.0")
    target = extensions.get("piepowder.target")
    raw_path, raw_query = split_target(target) if target is not None else (scope["raw_path"], scope["query_string"])
    path, segments = canonical_path(raw_path)
    query = parse_query(raw_query) if raw_query else ()
    if target is None:
        _check_sizes(scope["headers"])  # what our own protocol has done byte by byte
    watched = _check_headers(scope["headers"])
    accept = watched.get(b"accept")
    if accept is not None and not _accepts_json(accept):
        raise Refused("not_acceptable", "not_acceptable", "answers are JSON only", hint="accept application/json")
    if b"content-length" not in watched and b"transfer-encoding" not in watched:
        return Request(method, scope["method"] == "HEAD", path, segments, query, scope["headers"])
    length = _check_framing(watched, scope["http_version"])
    has_body = length is None or length > 0
    gzip = has_body and _check_body_headers(scope["method"], watched)
    return Request(method, scope["method"] == "HEAD", path, segments, query, scope["headers"], has_body, length, gzip)


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a request target in origin form; any other form is refused."""
    if len(target) > TARGET_MAX_BYTES:
        raise Refused("too_long", "target_too_long", f"the request target is longer than {TARGET_MAX_BYTES} bytes")
    if not target.startswith(b"/") or b"#" in target:
        raise _non_canonical("the request target is not in origin form (`/path?query`)")
    path, _, query = target.partition(b"?")
    return path, query


def canonical_path(raw: bytes) -> tuple[str, tuple[str, ...]]:
    """The one string used for routing, policy and upstream, and its decoded segments.

    A path that could be read in two ways is refused (`non_canonical_path`). Encoded sub-delimiters (`%2C`) are the only
    thing that is rewritten: clients differ in whether they encode them, and no reader takes them for structure.
    """
    if len(raw) > TARGET_MAX_BYTES:
        raise Refused("too_long", "target_too_long", f"the path is longer than {TARGET_MAX_BYTES} bytes")
    if not raw.isascii():
        raise _non_canonical("the path holds characters that must be percent-encoded")
    path = raw.decode("ascii")
    if _CANONICAL(path) is not None or path == "/":
        return path, tuple(path[1:].split("/"))
    if _ENCODED(path) is None or not _NEVER_ENCODED.isdisjoint(_PERCENT_CODES(path)):
        raise _non_canonical("the path is not in canonical form")
    segments = tuple([_decode_segment(part) for part in path[1:].split("/")])
    return "/" + "/".join([quote(part, safe=_SAFE_IN_PATH) for part in segments]), segments


def parse_query(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Names and values in the order they came, percent-decoded as UTF-8; `+` is a space.

    `%64ataElements` is `dataElements`. Tokens do not belong into a query, which ends up in logs: `token_in_query`.
    """
    if len(raw) > TARGET_MAX_BYTES:
        raise Refused("too_long", "target_too_long", f"the query is longer than {TARGET_MAX_BYTES} bytes")
    if _RAW_QUERY(raw) is None:
        raise Refused("invalid", "malformed_query", "the query holds characters that must be percent-encoded")
    text = raw.decode("ascii")
    if "%" in text and _BAD_PERCENT(text) is not None:
        raise Refused(
            "invalid", "malformed_query", "the query holds a `%` that is not followed by two hexadecimal digits"
        )
    parts = text.split("&")
    if len(parts) > PARAMETERS_MAX:
        raise Refused("invalid", "malformed_query", f"the query has more than {PARAMETERS_MAX} parameters")
    decode = "%" in text or "+" in text
    pairs: list[tuple[str, str]] = []
    for part in parts:
        if not part:
            continue
        name, _, value = part.partition("=")
        if decode:
            name, value = _decode_parameter(name), _decode_parameter(value)
        lowered = name.lower()
        if lowered in _TOKENS_IN_QUERY:
            raise Refused(
                "invalid", "token_in_query", f"`{lowered}` must not stand in the query", hint="send it as a header"
            )
        if lowered == "format" and value.lower() in _FOREIGN_FORMATS:
            raise Refused("not_acceptable", "not_acceptable", "answers are JSON only", hint="leave `format` out")
        pairs.append((name, value))
    return tuple(pairs)


async def read_body(
    request: Request, receive: Receive, *, limit_bytes: int = BODY_MAX_BYTES, deadline_seconds: float = 30.0
) -> bytes:
    """The whole body of a request, inflated if it came as gzip. Raises `Refused`.

    Nothing but the server's word that the body is complete ends it: `http.disconnect` never does.
    """
    if not request.has_body:
        return b""
    if request.body_length is not None and request.body_length > limit_bytes:
        raise _too_large(limit_bytes)
    try:
        async with asyncio.timeout(deadline_seconds):
            body = await _gather_body(receive, limit_bytes)
    except TimeoutError:
        raise Refused("invalid", "body_timeout", f"the body was not complete after {deadline_seconds:g} s") from None
    if request.body_length is not None and len(body) != request.body_length:
        raise Refused("invalid", "body_incomplete", "the body is shorter than announced")
    return _inflate_body(body, limit_bytes) if request.gzip else body


def strict_json(body: bytes) -> Any:
    """Builtins from an app's JSON. Raises `Refused`, also for duplicate members: nobody may read another one than we do."""
    try:
        return json.decode_strict(body)
    except PiepowderError as error:
        reason = error.code.removeprefix(
            "kernel_json_"
        )  # duplicate_member, or json_malformed, json_too_deep, json_too_large
        raise Refused("invalid", reason if reason == "duplicate_member" else f"json_{reason}", error.message) from None


def _non_canonical(sentence: str) -> Refused:
    return Refused(
        "invalid", "non_canonical_path", sentence, hint="send the path exactly as documented, without a trailing `/`"
    )


def _too_large(limit_bytes: int) -> Refused:
    return Refused("too_large", "body_too_large", f"the body is larger than {limit_bytes} bytes")


def _decode_parameter(text: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    decoded = _decode(text)
    if decoded is None:
        raise Refused("invalid", "malformed_query", "the query holds bytes that are not text")
    return decoded


def _decode_segment(text: str) -> str:
    decoded = _decode(text)
    if decoded is None or decoded in (".", ".."):
        raise _non_canonical("the path holds bytes that are not text")
    return decoded


def _decode(text: str) -> str | None:
    """Percent-decoded, strictly UTF-8 and without control characters; None if it is anything else."""
    try:
        decoded = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return decoded if _CONTROL(decoded) is None else None


def _check_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Values of the headers the guard cares about. Names are in lower case, as ASGI says."""
    watched: dict[bytes, bytes] = {}
    for name, value in headers:
        if name not in _WATCHED:
            continue
        if name in watched:
            if name in _ONCE:
                raise Refused("invalid", "duplicate_header", f"`{name.decode()}` may be sent once only")
            value = watched[name] + b"," + value
        watched[name] = value
    host = watched.get(b"host")
    if host is None or _HOST(host) is None:
        raise Refused("invalid", "bad_host", "exactly one valid `Host` header is needed")
    return watched


def _check_sizes(headers: Sequence[tuple[bytes, bytes]]) -> None:
    if len(headers) > HEADERS_MAX:
        raise Refused("headers_too_large", "headers_too_large", f"more than {HEADERS_MAX} headers")
    lines = [name + value for name, value in headers]
    block = b"".join(lines)
    if len(block) + 4 * len(lines) > HEADERS_MAX_BYTES:
        raise Refused(
            "headers_too_large", "headers_too_large", f"the headers are larger than {HEADERS_MAX_BYTES} bytes"
        )
    if len(block) > HEADER_LINE_MAX_BYTES and max(map(len, lines)) + 4 > HEADER_LINE_MAX_BYTES:
        raise Refused(
            "headers_too_large", "headers_too_large", f"a header is longer than {HEADER_LINE_MAX_BYTES} bytes"
        )
    if _CONTROL_IN_HEADER(block) is not None:
        raise Refused("invalid", "malformed_header", "a header holds a control character")


def _check_framing(watched: dict[bytes, bytes], http_version: str) -> int | None:
    """Announced length of the body in bytes, None where it comes in chunks. A second line of defence behind the parser."""
    length, transfer = watched.get(b"content-length"), watched.get(b"transfer-encoding")
    if transfer is not None:
        if length is not None:
            raise Refused("invalid", "bad_framing", "`Content-Length` and `Transfer-Encoding` contradict each other")
        if transfer.lower() != b"chunked" or http_version != "1.1":
            raise Refused("invalid", "bad_framing", "`Transfer-Encoding` must be `chunked`, over HTTP/1.1")
        return None
    if length is None or not length.isdigit() or len(length) > 19:
        raise Refused("invalid", "bad_framing", "`Content-Length` must be one plain number")
    if int(length) > BODY_MAX_BYTES:
        raise _too_large(BODY_MAX_BYTES)
    return int(length)


def _check_body_headers(method: str, watched: dict[bytes, bytes]) -> bool:
    """Whether the body is gzip; refuses bodies of another type or coding, and bodies where none belongs."""
    if method in _BODILESS:
        raise Refused("invalid", "unexpected_body", f"a {method} request has no body")
    if not _is_json(watched.get(b"content-type", b"")):
        raise Refused(
            "unsupported", "unsupported_media_type", "the body must be JSON in UTF-8", hint="send application/json"
        )
    coding = watched.get(b"content-encoding", b"identity").lower()
    if coding not in (b"gzip", b"identity"):
        raise Refused(
            "unsupported", "unsupported_encoding", "the body's coding is not served", hint="send it plain or as gzip"
        )
    return coding == b"gzip"


@lru_cache(maxsize=256)
def _is_json(content_type: bytes) -> bool:
    essence, *parameters = [part.strip().lower() for part in content_type.split(b";")]
    return essence == b"application/json" and all(p in (b"", b"charset=utf-8", b'charset="utf-8"') for p in parameters)


@lru_cache(maxsize=256)
def _accepts_json(accept: bytes) -> bool:
    """Whether one of the ranges takes JSON with a quality above zero."""
    for item in accept.lower().split(b","):
        media, *parameters = [part.strip() for part in item.split(b";")]
        taken = media in (b"", b"*/*", b"application/*", b"application/json", b"application/hal+json")
        if taken and not any(re.fullmatch(rb"q=0(\.0{0,3})?", parameter) for parameter in parameters):
            return True
    return False


async def _gather_body(receive: Receive, limit_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused("invalid", "body_incomplete", "the body did not arrive whole")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


def _inflate_body(body: bytes, limit_bytes: int) -> bytes:
    try:
        return inflate(body, limit_bytes)
    except CodingFault as fault:
        if fault.too_large:
            raise _too_large(limit_bytes) from None
        raise Refused("invalid", "malformed_encoding", f"the body is not what its coding says: {fault}") from None
