"""The verbs of organisations: they register, take in people and let them go, show who they are, are reviewed, and close."""

from piepowder.rooms.developers.actions.identity import attach, detach, prepare, submit, take_back
from piepowder.rooms.developers.actions.invitations import accept, decline, invite, withdraw
from piepowder.rooms.developers.actions.members import add_member, change_role, remove_member
from piepowder.rooms.developers.actions.registration import (
    change_profile,
    check_open,
    close_developer,
    register_developer,
    register_developers,
    register_own,
    reopen_developer,
    set_identity_due,
)
from piepowder.rooms.developers.actions.reviewing import claim, decide, release
from piepowder.rooms.developers.actions.upkeep import keep_dates

__all__ = [
    "accept",
    "add_member",
    "attach",
    "change_profile",
    "change_role",
    "check_open",
    "claim",
    "close_developer",
    "decide",
    "decline",
    "detach",
    "invite",
    "keep_dates",
    "prepare",
    "register_developer",
    "register_developers",
    "register_own",
    "release",
    "remove_member",
    "reopen_developer",
    "set_identity_due",
    "submit",
    "take_back",
    "withdraw",
]
