"""Addresses that a developer registers: where a seller is sent back to, where events go, where people read. Pure.

A refusal is half a sentence that follows the address: "`http://x.example/` is plain http, which only a loopback address may be".
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

ADDRESS_LENGTH_MAX = 2000
ADDRESSES_MAX = 20
_STRANGE = set('\\"<>^`{|}')
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?", re.IGNORECASE)
_LOOPBACK = ("127.0.0.1", "::1")
# Names that lead nowhere in the open, or inside somebody's own network (RFC 6761, RFC 6762, RFC 8375, RFC 9476).
_INNER = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "home.arpa",
    "localdomain",
    "onion",
    "alt",
)
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:00|0[aAdD])")
_HIDDEN_STEP = re.compile(r"%(?:2[eEfF]|5[cC])")


def redirect_problem(uri: str) -> str:
    """What is wrong with a redirect address that somebody registers, as the end of a sentence; empty if nothing.

    HTTPS, or HTTP on a loopback address literal (RFC 8252 section 7.3: `localhost` may resolve to something else).
    """
    parts, problem = _taken_apart(uri)
    if problem or parts is None:
        return problem
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        return "is plain http, which only a loopback address may be"
    return "" if parts.hostname in _LOOPBACK else _host_problem(parts.hostname or "")


def webhook_problem(uri: str) -> str:
    """As `redirect_problem`, for an address that we call: HTTPS to a name in the open, so that nobody points us inward."""
    parts, problem = _taken_apart(uri)
    if problem or parts is None:
        return problem
    if parts.scheme != "https":
        return "is not https"
    host = parts.hostname or ""
    if _as_number(host) is not None:
        return "names a number, not a host"
    return _inner_problem(host) or _host_problem(host)


def page_problem(uri: str) -> str:
    """As `webhook_problem`, for a page that people open, such as a privacy policy."""
    return webhook_problem(uri)


def _taken_apart(uri: str) -> tuple[SplitResult | None, str]:
    if len(uri) > ADDRESS_LENGTH_MAX:
        return None, f"is longer than {ADDRESS_LENGTH_MAX} characters"
    if not uri.isascii() or any(
        character.isspace() or character in _STRANGE or not character.isprintable() for character in uri
    ):
        return None, "has characters that do not belong into an address"
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None, "is not an address"
    return parts, _form_problem(uri, parts, port)


def _form_problem(uri: str, parts: SplitResult, port: int | None) -> str:
    if parts.scheme not in ("https", "http"):
        return "is neither https nor http"
    if parts.username is not None or parts.password is not None or not parts.hostname:
        return "has no plain host name"
    if "#" in uri:
        return "has a fragment"
    if "*" in uri:
        return "has a wildcard"
    if port == 0 or parts.netloc.endswith(":"):
        return "has a port that is none"
    if _BAD_PERCENT.search(uri) or _HIDDEN_STEP.search(parts.netloc + parts.path):
        return "has percent signs that hide a character"
    if any(part in (".", "..") for part in parts.path.split("/")):
        return "has a path that leads elsewhere"
    return ""


def _host_problem(host: str) -> str:
    number = _as_number(host)
    if number is not None:
        return "" if str(number) == host else "names a host in disguise"
    if ":" in host or len(host) > 253 or not _HOST.fullmatch(host):
        return "has no plain host name"
    return "has no plain host name" if "." not in host.rstrip(".") else ""


def _inner_problem(host: str) -> str:
    name = host.rstrip(".").lower()
    inner = any(name == one or name.endswith(f".{one}") for one in _INNER)
    return "leads into somebody's own network" if inner else ""


def _as_number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is a number of, in any of the ways that programs understand: `127.1`, `0x7f000001`, `2130706433`."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    pieces = host.rstrip(".").split(".")
    if not 1 <= len(pieces) <= 4 or not all(re.fullmatch(r"0[xX][0-9a-fA-F]+|[0-9]+", one) for one in pieces):
        return None
    try:
        numbers = [
            int(one, 16 if one[:2].lower() == "0x" else 8 if one.startswith("0") and one != "0" else 10)
            for one in pieces
        ]
    except ValueError:
        return None
    *first, last = numbers
    value = sum(number << (24 - 8 * place) for place, number in enumerate(first)) + last
    return ipaddress.IPv4Address(value) if 0 <= value < 2**32 else None
