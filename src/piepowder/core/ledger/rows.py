"""One record as bytes of PostgreSQL's binary COPY, written by hand: this runs for every call of every app.

Source of the format: PostgreSQL documentation, COPY, "Binary Format"; arrays as in `array_recv`, times as in `timestamptz_recv`.
"""

import struct
from datetime import UTC, datetime, timedelta

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.model import Record

COLUMNS = (
    "id",
    "kind",
    "recorded_at",
    "request",
    "app",
    "developer",
    "seller",
    "grant",
    "operation",
    "purpose",
    "mode",
    "policy_version",
    "outcome",
    "reason",
    "status",
    "personal",
    "orders",
    "subjects",
    "bytes_in",
    "bytes_out",
    "detail",
)
COLUMN_LIST = ", ".join(f'"{name}"' for name in COLUMNS)
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TEXT_CACHE_MAX = 50_000
_HASH_BYTES = 16

_int32 = struct.Struct("!i").pack
_time = struct.Struct("!iq").pack
_status_personal = struct.Struct("!iii?").pack
_sizes = struct.Struct("!iqiqi").pack
_array_head = struct.Struct("!iiiiii").pack
_FIELD_COUNT = struct.pack("!h", len(COLUMNS))
_HASH_PREFIX = _int32(_HASH_BYTES)
_BYTEA_OID = 17
_EMPTY_ARRAY = struct.pack("!iiii", 12, 0, 0, _BYTEA_OID)

_texts: dict[str, bytes] = {"": _int32(0)}


def encode_row(record: Record) -> bytes:
    """The record as one row of binary COPY; `ledger_record_invalid` where PostgreSQL could not store it."""
    words = _texts
    try:
        return b"".join(
            (
                _FIELD_COUNT,
                _text(record.id),
                words.get(record.kind) or _word(record.kind),
                _time(8, (record.recorded_at - _EPOCH) // _MICROSECOND),
                _text(record.request),
                words.get(record.app) or _word(record.app),
                words.get(record.developer) or _word(record.developer),
                words.get(record.seller) or _word(record.seller),
                words.get(record.grant) or _word(record.grant),
                words.get(record.operation) or _word(record.operation),
                words.get(record.purpose) or _word(record.purpose),
                words.get(record.mode) or _word(record.mode),
                words.get(record.policy_version) or _word(record.policy_version),
                words.get(record.outcome) or _word(record.outcome),
                words.get(record.reason) or _word(record.reason),
                _status_personal(4, record.status, 1, record.personal),
                _hashes(record.orders),
                _hashes(record.subjects),
                _sizes(8, record.bytes_in, 8, record.bytes_out, len(record.detail)),
                record.detail,
            )
        )
    except (ValueError, TypeError, AttributeError, struct.error) as error:
        raise PiepowderError(
            "ledger_record_invalid", f"record `{record.id}` cannot be stored: {error}", record=record.id
        ) from None


def _text(value: str) -> bytes:
    """A text with its length. NUL is refused here, as PostgreSQL would refuse the whole batch for it."""
    data = value.encode()
    if b"\0" in data:
        raise ValueError("a text holds NUL")
    return _int32(len(data)) + data


def _word(value: str) -> bytes:
    """As `_text`, remembered: ids of apps and sellers, operations and the like come again and again."""
    if len(_texts) >= _TEXT_CACHE_MAX:
        _texts.clear()
    field = _texts[value] = _text(value)
    return field


def _hashes(hashes: tuple[bytes, ...]) -> bytes:
    """A one-dimensional bytea[]."""
    if not hashes:
        return _EMPTY_ARRAY
    count = len(hashes)
    if set(map(len, hashes)) == {_HASH_BYTES}:
        body = _HASH_PREFIX + _HASH_PREFIX.join(hashes)
    else:
        body = b"".join([_int32(len(item)) + item for item in hashes])
    return _array_head(20 + len(body), 1, 0, _BYTEA_OID, count, 1) + body
