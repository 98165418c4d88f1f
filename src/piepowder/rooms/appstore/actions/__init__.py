"""The verbs of the app store: apps and modes by the marketplace; versions by developers, reviewed, released; caps and deadline."""

from piepowder.rooms.appstore.actions.deadline import remind_of_deadline, set_deadline
from piepowder.rooms.appstore.actions.details import Details, change_details, register_own_app, set_reach
from piepowder.rooms.appstore.actions.drafting import (
    begin_version,
    describe_version,
    drop_purpose,
    register_with_version,
    submit_version,
    take_back_version,
    withdraw_version,
    write_manifest,
    write_purpose,
)
from piepowder.rooms.appstore.actions.provisioning import (
    add_version,
    approve_mode,
    approve_roles,
    create_app,
    decline_mode,
    end_due_modes,
    end_mode,
    register_app,
    set_mode,
    set_rates,
)
from piepowder.rooms.appstore.actions.releasing import release_version, stop_rollout, widen_rollout
from piepowder.rooms.appstore.actions.reviewing import (
    begin_review,
    decide_version,
    give_back_review,
    note_late_reviews,
)

__all__ = [
    "Details",
    "add_version",
    "approve_mode",
    "approve_roles",
    "begin_review",
    "begin_version",
    "change_details",
    "create_app",
    "decide_version",
    "decline_mode",
    "describe_version",
    "drop_purpose",
    "end_due_modes",
    "end_mode",
    "give_back_review",
    "note_late_reviews",
    "register_app",
    "register_own_app",
    "register_with_version",
    "release_version",
    "remind_of_deadline",
    "set_deadline",
    "set_mode",
    "set_rates",
    "set_reach",
    "stop_rollout",
    "submit_version",
    "take_back_version",
    "widen_rollout",
    "withdraw_version",
    "write_manifest",
    "write_purpose",
]
