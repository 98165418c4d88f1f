"""Which permissions an operator's key has, by the role it was made for. Pure."""

from enum import StrEnum

from piepowder.rooms.ground.caller import Permission


class KeyRole(StrEnum):
    OPERATOR = "operator"  # a person or program that runs the marketplace's platform
    PROVISIONING = "provisioning"  # the marketplace's own systems: they create sellers
    AUDITOR = "auditor"  # reads everything, changes nothing


ROLES: dict[KeyRole, frozenset[Permission]] = {
    KeyRole.OPERATOR: frozenset(Permission),
    KeyRole.PROVISIONING: frozenset({Permission.PROVISION}),
    KeyRole.AUDITOR: frozenset({Permission.READ, Permission.RECORDS}),
}

KEY_PREFIX = "ppk_"
