"""What a record's `detail` says: JSON of `Detail`. Written by the gateway for every call, read by `ledger show`, console and backtest.

Records of control-plane rooms use `by` and members of their own beside it. No personal values, ever.
"""

from typing import Any

from msgspec import Struct

from piepowder.core.kernel.json import decode_as


class ShortVerdict(Struct, frozen=True, array_like=True):
    """What became of one data category: `["substituted", "permitted", "alias", "policy", ["buyer-mail"]]`."""

    done: str  # kept | substituted | withheld
    outcome: str = ""  # permitted | refused | gap
    substitute: str | None = None
    basis: str = ""  # standing | consent | purpose | manifest | policy
    policies: tuple[str, ...] = ()  # ids of the policies that decided


class Dropped(Struct, frozen=True):
    """Never passed, only counted."""

    unknown: dict[str, int] = {}  # path of a field that the catalogue does not know -> how often
    parameters: tuple[str, ...] = ()  # names of request parameters


class Counts(Struct, frozen=True):
    orders: int = 0
    states: dict[str, int] = {}  # order state -> orders in it


class UpstreamAnswer(Struct, frozen=True):
    status: int = 0
    bytes: int = 0


class Detail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`questions` are `policy.Question`s, one for each purpose and order state, so that a backtest can ask them again.

    `verdicts` are kept per order state, and per `<order state>/<data element>` for fields behind a data element.
    """

    questions: tuple[dict[str, Any], ...] = ()
    verdicts: dict[str, dict[str, ShortVerdict]] = {}
    would_withhold: tuple[str, ...] = ()  # categories that `enforce` would have held back or replaced
    dropped: Dropped = Dropped()
    counts: Counts = Counts()
    upstream: UpstreamAnswer | None = None
    mistyped: tuple[str, ...] = ()  # paths of values of a wrong type, each withheld alone
    notes: tuple[str, ...] = ()
    message: str = ""  # what a refusal told the app
    intention: str = ""  # of a write's outcome: id of the record of its intention
    by: str = ""  # who did it, in records of control-plane rooms


def read_detail(detail: bytes) -> Detail:
    """A record's detail; members this release does not know are left out. `kernel_json_malformed` for another shape."""
    return decode_as(detail, Detail)
