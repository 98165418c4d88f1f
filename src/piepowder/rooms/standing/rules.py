"""What a standing permits. Status is not permission: code asks for a capability, and this table answers. Pure.

    pending -> good, suspended
    good -> authorisations_off, personal_data_off, suspended, throttled
    personal_data_off -> authorisations_off, good, suspended, throttled
    authorisations_off -> good, personal_data_off, suspended, throttled
    throttled -> authorisations_off, good, personal_data_off, suspended
    suspended -> authorisations_off, good, personal_data_off, throttled

Each standing after `good` permits less than the one before it: the rungs of the court's ladder. A pending subject waits for the
marketplace's review; in every other standing the next move is the court's or, by appeal, the developer's own.
"""

from enum import StrEnum


class Capability(StrEnum):
    CALL = "call"
    READ_PERSONAL_DATA = "read_personal_data"
    NEW_AUTHORISATIONS = "new_authorisations"


class Standing(StrEnum):
    PENDING = "pending"
    GOOD = "good"
    PERSONAL_DATA_OFF = "personal_data_off"
    AUTHORISATIONS_OFF = "authorisations_off"
    THROTTLED = "throttled"
    SUSPENDED = "suspended"


_C, _S = Capability, Standing
CAPABILITIES: dict[Standing, frozenset[Capability]] = {
    _S.PENDING: frozenset(),
    _S.GOOD: frozenset(Capability),
    _S.PERSONAL_DATA_OFF: frozenset({_C.CALL, _C.NEW_AUTHORISATIONS}),
    _S.AUTHORISATIONS_OFF: frozenset({_C.CALL}),
    _S.THROTTLED: frozenset({_C.CALL}),
    _S.SUSPENDED: frozenset(),
}

WORDS: dict[Standing, str] = {
    _S.PENDING: "waits for review and may not call",
    _S.GOOD: "may call, and read personal data where policy and sellers allow it",
    _S.PERSONAL_DATA_OFF: "may call, but gets no personal data",
    _S.AUTHORISATIONS_OFF: "may call, but gets no personal data and no new seller",
    _S.THROTTLED: "may call at a tenth of its rate, and gets no personal data and no new seller",
    _S.SUSPENDED: "may not call at all",
}
"""After "this app …"."""

SLOWED = frozenset({_S.THROTTLED})
"""Whose calls are let through at a tenth of their rate."""

_MOVABLE = frozenset(Standing) - {_S.PENDING}
TRANSITIONS: dict[Standing, frozenset[Standing]] = {
    _S.PENDING: frozenset({_S.GOOD, _S.SUSPENDED}),
    **{standing: _MOVABLE - {standing} for standing in Standing if standing != _S.PENDING},
}


def combined(*standings: Standing) -> frozenset[Capability]:
    """What a call may do whose app and developer have these standings: only what every one of them permits."""
    if not standings:
        return frozenset()
    return frozenset.intersection(*(CAPABILITIES[standing] for standing in standings))
