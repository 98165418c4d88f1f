"""The one JSON module. Encodes with msgspec; decodes strictly (RFC 8259, UTF-8 only) and can refuse duplicate members."""

import json as _standard
import math
import re
from typing import Any, TypeVar

import msgspec

from piepowder.core.kernel.errors import PiepowderError

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def encode(value: object) -> bytes:
    """Compact UTF-8 JSON of builtins and msgspec structs."""
    return _encoder.encode(value)


def encode_text(value: object) -> str:
    return _encoder.encode(value).decode()


def canonical(value: object) -> str:
    """The same text for the same value, in whatever order its members came."""
    return msgspec.json.encode(value, order="deterministic").decode()


def pretty(value: object) -> str:
    """JSON for people, two spaces deep."""
    return msgspec.json.format(_encoder.encode(value), indent=2).decode()


def decode(data: bytes | str) -> Any:
    """Builtins from JSON; `kernel_json_malformed` if it is not JSON."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PiepowderError("kernel_json_malformed", f"not valid JSON: {error}") from None


def decode_as(data: bytes | str, shape: type[T]) -> T:
    """A typed value from JSON; `kernel_json_malformed` for bad JSON and for a wrong shape alike."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PiepowderError("kernel_json_malformed", f"not valid JSON of this shape: {error}") from None


DEPTH_MAX = 64
MEMBERS_MAX = 10_000
KEY_MAX_BYTES = 256
DIGITS_MAX = 4300
_surrogate = re.compile("[\ud800-\udfff]").search


def decode_strict(data: bytes) -> Any:
    """Builtins from JSON that can be read in one way only; for what strangers send and nobody else should read otherwise.

    Codes: `kernel_json_duplicate_member` (compared after unescaping), `kernel_json_too_deep` (over 64),
    `kernel_json_too_large` (an object over 10,000 members, a name over 256 bytes, a number over 4,300 digits),
    `kernel_json_malformed` (also a byte order mark, bytes that are not UTF-8, NaN, infinities, lone surrogates).
    """
    try:
        value = _standard.loads(
            data.decode("utf-8"),
            object_pairs_hook=_members,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_not_a_number,
        )
    except RecursionError:
        raise PiepowderError("kernel_json_too_deep", f"nested deeper than {DEPTH_MAX}") from None
    except ValueError as error:
        raise PiepowderError("kernel_json_malformed", f"not valid JSON: {type(error).__name__}") from None
    _check_tree(value, escapes=b"\\u" in data)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MEMBERS_MAX:
        raise PiepowderError("kernel_json_too_large", f"an object has more than {MEMBERS_MAX} members")
    members = dict(pairs)
    if len(members) != len(pairs):
        raise PiepowderError("kernel_json_duplicate_member", "an object names a member twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise PiepowderError("kernel_json_too_large", f"a number has more than {DIGITS_MAX} digits")
    return int(digits)


def _finite(digits: str) -> float:
    if len(digits) > DIGITS_MAX:
        raise PiepowderError("kernel_json_too_large", f"a number has more than {DIGITS_MAX} digits")
    number = float(digits)
    if math.isinf(number):
        raise PiepowderError("kernel_json_malformed", "a number is out of range")
    return number


def _not_a_number(word: str) -> Any:
    raise PiepowderError("kernel_json_malformed", "not valid JSON: a number that is none")


def _check_tree(value: Any, *, escapes: bool) -> None:
    """Depth and lone surrogates (which only an escape can bring in), level by level, so that no depth hurts."""
    level, depth = [value], 0
    while level:
        texts = [item for item in level if isinstance(item, str)] if escapes else []
        objects = [item for item in level if isinstance(item, dict)]
        names = [name for item in objects for name in item]
        if any(len(name) > KEY_MAX_BYTES or len(name.encode("utf-8", "replace")) > KEY_MAX_BYTES for name in names):
            raise PiepowderError("kernel_json_too_large", f"a member's name is longer than {KEY_MAX_BYTES} bytes")
        if escapes and any(map(_surrogate, texts + names)):
            raise PiepowderError("kernel_json_malformed", "not valid JSON: half of a surrogate pair")
        arrays = [item for item in level if isinstance(item, list)]
        if depth > DEPTH_MAX or (depth == DEPTH_MAX and (objects or arrays)):
            raise PiepowderError("kernel_json_too_deep", f"nested deeper than {DEPTH_MAX}")
        level = [child for item in objects for child in item.values()] + [child for item in arrays for child in item]
        depth += 1
