"""One ledger record: a read has one, a write has an intention and an outcome, a change of state has one."""

from datetime import datetime

from msgspec import Struct


class Record(Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """Times are aware UTC, hashes are 16 bytes keyed with the ledger's own key, sizes are bytes. No personal values, ever."""

    id: str  # rec_…
    kind: str  # gateway.read | gateway.write_intention | gateway.write_outcome | gateway.refusal | gateway.restricted_token | <room>.<verb>
    recorded_at: datetime  # database time as the worker knows it
    request: str = ""
    app: str = ""
    developer: str = ""
    seller: str = ""
    grant: str = ""
    operation: str = ""
    purpose: str = ""
    mode: str = ""
    policy_version: str = ""
    outcome: str = ""  # served | refused | failed
    reason: str = ""
    status: int = 0
    personal: bool = False  # the answer carries a shopper's data in plain
    orders: tuple[bytes, ...] = ()
    subjects: tuple[bytes, ...] = ()
    bytes_in: int = 0
    bytes_out: int = 0
    detail: bytes = b"{}"  # JSON: questions, verdicts per category and order state, fields dropped, would-be losses
