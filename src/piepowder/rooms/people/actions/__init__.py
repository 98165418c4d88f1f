"""The verbs of people: sellers are provisioned, people get accounts and lose them, programs get keys."""

from piepowder.rooms.people.actions.accounts import (
    change_role,
    close_account,
    confirm_email,
    create_staff,
    end_sessions,
    note_security_change,
    note_sign_in,
    rename,
    reopen_account,
    reset_second_factor,
    sign_up,
)
from piepowder.rooms.people.actions.imports import forget_sellers, import_sellers
from piepowder.rooms.people.actions.keys import (
    create_key,
    create_staff_key,
    digest_of,
    no_longer_than,
    note_key_use,
    revoke_key,
    revoke_keys_of,
    revoke_staff_key,
    role_for,
)
from piepowder.rooms.people.actions.links import forget_links, make_staff_link, take_staff_link
from piepowder.rooms.people.actions.sellers import account_for_seller, provision_seller

__all__ = [
    "account_for_seller",
    "change_role",
    "close_account",
    "confirm_email",
    "create_key",
    "create_staff",
    "create_staff_key",
    "digest_of",
    "end_sessions",
    "forget_links",
    "forget_sellers",
    "import_sellers",
    "make_staff_link",
    "no_longer_than",
    "note_key_use",
    "note_security_change",
    "note_sign_in",
    "provision_seller",
    "rename",
    "reopen_account",
    "reset_second_factor",
    "revoke_key",
    "revoke_keys_of",
    "revoke_staff_key",
    "role_for",
    "sign_up",
    "take_staff_link",
]
