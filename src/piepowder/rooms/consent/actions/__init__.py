"""The verbs of consent: a seller grants, narrows and revokes; an app's client exchanges codes and refreshes tokens."""

from piepowder.rooms.consent.actions.clients import (
    app_may_call,
    end_secret,
    note_secret_used,
    presented_secret,
    register_client,
    rotate_secret,
    set_redirects,
)
from piepowder.rooms.consent.actions.grants import choose, grant, narrow, renew, revoke
from piepowder.rooms.consent.actions.imports import (
    KnownClient,
    KnownToken,
    forget_clients,
    forget_grants,
    import_clients,
    import_grants,
    import_tokens,
)
from piepowder.rooms.consent.actions.introspection import describe_token
from piepowder.rooms.consent.actions.reminders import remind_due
from piepowder.rooms.consent.actions.requests import follow_versions, refuse_request
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
    "KnownClient",
    "KnownToken",
    "app_may_call",
    "choose",
    "describe_token",
    "end_secret",
    "expire_due",
    "follow_versions",
    "forget_clients",
    "forget_grants",
    "grant",
    "import_clients",
    "import_grants",
    "import_tokens",
    "issue",
    "issue_grantless",
    "narrow",
    "note_secret_used",
    "presented_secret",
    "provision_refresh_token",
    "refuse_request",
    "register_client",
    "remind_due",
    "renew",
    "revoke",
    "revoke_token",
    "rotate_secret",
    "save_code",
    "set_redirects",
    "take_code",
    "take_refresh_token",
    "use_up_code",
]
