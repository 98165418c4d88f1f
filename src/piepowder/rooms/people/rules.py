"""Which permissions a member of staff or a key has, by role. Pure."""

from enum import StrEnum

from piepowder.rooms.ground.caller import Permission


class KeyRole(StrEnum):
    OPERATOR = "operator"  # a person or program that runs the marketplace's platform
    PROVISIONING = "provisioning"  # the marketplace's own systems: they create sellers
    REVIEWER = "reviewer"  # decides assessments, identities and app versions
    AUDITOR = "auditor"  # reads everything, changes nothing
    DEVELOPER = "developer"  # a developer's own programs
    SELLER = "seller"  # a seller's own programs


ROLES: dict[KeyRole, frozenset[Permission]] = {
    KeyRole.OPERATOR: frozenset(Permission) - {Permission.DEVELOP, Permission.SELL},
    KeyRole.PROVISIONING: frozenset({Permission.PROVISION}),
    KeyRole.REVIEWER: frozenset({Permission.READ, Permission.RECORDS, Permission.REVIEW}),
    KeyRole.AUDITOR: frozenset({Permission.READ, Permission.RECORDS}),
    KeyRole.DEVELOPER: frozenset({Permission.DEVELOP}),
    KeyRole.SELLER: frozenset({Permission.SELL}),
}
STAFF_ROLES = (KeyRole.OPERATOR, KeyRole.REVIEWER, KeyRole.AUDITOR)  # of people; the others are of programs

KEY_PREFIX = "ppk_"
