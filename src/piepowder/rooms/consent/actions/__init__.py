"""The verbs of consent: a seller grants, narrows and revokes; an app's client exchanges codes and refreshes tokens."""

from piepowder.rooms.consent.actions.clients import app_may_call, register_client, rotate_secret, secret_is_valid
from piepowder.rooms.consent.actions.grants import grant, narrow, revoke
from piepowder.rooms.consent.actions.introspection import describe_token
from piepowder.rooms.consent.actions.links import make_staff_link, take_staff_link
from piepowder.rooms.consent.actions.tokens import (
    issue,
    issue_grantless,
    provision_refresh_token,
    revoke_token,
    save_code,
    take_code,
    take_refresh_token,
    use_up_code,
)
from piepowder.rooms.consent.actions.upkeep import expire_due

__all__ = [
    "app_may_call",
    "describe_token",
    "expire_due",
    "grant",
    "issue",
    "issue_grantless",
    "make_staff_link",
    "narrow",
    "provision_refresh_token",
    "register_client",
    "revoke",
    "revoke_token",
    "rotate_secret",
    "save_code",
    "secret_is_valid",
    "take_code",
    "take_refresh_token",
    "take_staff_link",
    "use_up_code",
]
