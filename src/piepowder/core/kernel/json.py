"""The one JSON module. Encodes with msgspec; decodes strictly (RFC 8259, UTF-8 only) and can refuse duplicate members."""

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
