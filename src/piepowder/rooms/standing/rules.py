"""What a standing permits. Status is not permission: code asks for a capability, and this table answers. Pure.

    pending -> good, suspended
    good -> personal_data_off, suspended
    personal_data_off -> good, suspended
    suspended -> good, personal_data_off

A pending subject waits for the marketplace's review; in every other standing the next move is the court's or, by
appeal, the developer's own.
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
    SUSPENDED = "suspended"


CAPABILITIES: dict[Standing, frozenset[Capability]] = {
    Standing.PENDING: frozenset(),
    Standing.GOOD: frozenset(Capability),
    Standing.PERSONAL_DATA_OFF: frozenset({Capability.CALL, Capability.NEW_AUTHORISATIONS}),
    Standing.SUSPENDED: frozenset(),
}

TRANSITIONS: dict[Standing, frozenset[Standing]] = {
    Standing.PENDING: frozenset({Standing.GOOD, Standing.SUSPENDED}),
    Standing.GOOD: frozenset({Standing.PERSONAL_DATA_OFF, Standing.SUSPENDED}),
    Standing.PERSONAL_DATA_OFF: frozenset({Standing.GOOD, Standing.SUSPENDED}),
    Standing.SUSPENDED: frozenset({Standing.GOOD, Standing.PERSONAL_DATA_OFF}),
}


def combined(*standings: Standing) -> frozenset[Capability]:
    """What a call may do whose app and developer have these standings: only what every one of them permits."""
    if not standings:
        return frozenset()
    return frozenset.intersection(*(CAPABILITIES[standing] for standing in standings))
