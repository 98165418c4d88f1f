"""What an import's files may say, and what may become of an import. Pure.

An import, `Import`:

    checked -> dropped, waiting
    waiting -> dropped, running
    running -> done, failed
    failed -> rolled_back, waiting
    done -> rolled_back
    dropped -> (final)
    rolled_back -> (final)

Whoever uploaded the files moves it from `checked`; the clock runs it; a failed one can be started again and goes on where it
stopped. Only what an import created is rolled back, and only what nobody has changed or used since.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode

ROWS_MAX = 1_000_000
CELL_MAX = 100_000
KEY_MAX = 200


class ImportStatus(StrEnum):
    CHECKED = "checked"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"
    ROLLED_BACK = "rolled_back"


TRANSITIONS: dict[ImportStatus, frozenset[ImportStatus]] = {
    ImportStatus.CHECKED: frozenset({ImportStatus.DROPPED, ImportStatus.WAITING}),
    ImportStatus.WAITING: frozenset({ImportStatus.DROPPED, ImportStatus.RUNNING}),
    ImportStatus.RUNNING: frozenset({ImportStatus.DONE, ImportStatus.FAILED}),
    ImportStatus.FAILED: frozenset({ImportStatus.ROLLED_BACK, ImportStatus.WAITING}),
    ImportStatus.DONE: frozenset({ImportStatus.ROLLED_BACK}),
    ImportStatus.DROPPED: frozenset(),
    ImportStatus.ROLLED_BACK: frozenset(),
}


TOKEN_KEY_CHARACTERS = 16  # of a digest: enough to find its line, and no way back to the token


class Kind(StrEnum):
    """In the order in which they refer to each other; a file is called after its kind: `grants.csv`, `grants.json`."""

    DEVELOPERS = "developers"
    SELLERS = "sellers"
    APPS = "apps"
    GRANTS = "grants"
    TOKENS = "tokens"


class Verdict(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    SAME = "same"
    DIFFERS = "differs"  # here is something else by now, and stays
    REFUSED = "refused"
    ONLY_HERE = "only_here"
    TAKEN_BACK = "taken_back"  # by a rollback
    KEPT = "kept"  # at a rollback, because somebody changed or used it since


class Column(Struct, frozen=True):
    """A column of a file. `example` is made up."""

    name: str
    about: str
    needed: bool = False
    example: str = ""


_PAIR = (
    Column("app", "the key of the app", True, "label-printer"),
    Column("seller", "the marketplace's id of the seller", True, "A1EXAMPLE"),
)
COLUMNS: dict[Kind, tuple[Column, ...]] = {
    Kind.DEVELOPERS: (
        Column("key", "the marketplace's own name of the developer", True, "label-works"),
        Column("name", "what sellers see", True, "Label Works"),
        Column("contact_email", "where it is written to", True, "office@label-works.example"),
        Column("website", "its address", example="https://label-works.example"),
        Column("id", "Piepowder's id (`dev_…`), where it has registered already"),
    ),
    Kind.SELLERS: (
        Column("key", "the marketplace's own id of the seller", True, "A1EXAMPLE"),
        Column("name", "of the shop", True, "Lantern & Loom"),
        Column("oidc_subject", "what the marketplace's sign-in calls the seller"),
        Column("active", "`yes` or `no`; empty is yes", example="yes"),
    ),
    Kind.APPS: (
        Column("key", "the marketplace's own name of the app", True, "label-printer"),
        Column("developer", "the key of its developer", True, "label-works"),
        Column("name", "what sellers see", True, "Label Printer"),
        Column("client_id", "with which it asks for tokens", True, "client-of-label-printer"),
        Column("manifest", "JSON: operations with purposes, purposes with data categories", True),
        Column("client_secret_sha256", "hex SHA-256 of the secret it has; without one, a new one is rotated in"),
        Column(
            "redirect_uris",
            "addresses a seller may be sent back to, with spaces between",
            example="https://label-works.example/return",
        ),
        Column("roles", "roles it was given, with spaces between", example="direct_to_consumer_shipping"),
        Column("kind", "`public` or `own_use`; empty is public", example="public"),
        Column("description", "a sentence"),
        Column("id", "Piepowder's id (`app_…`), where it is registered already"),
    ),
    Kind.GRANTS: (
        *_PAIR,
        Column("purposes", "with spaces between; empty is all that the manifest declares", example="shipping"),
        Column("granted_at", "when the seller gave it, ISO 8601 with a zone", example="2026-01-31T09:00:00Z"),
        Column("expires_at", "when it ends, ISO 8601 with a zone; empty is a year from now"),
        Column("key", "the marketplace's own name of the grant; empty is `app/seller`"),
    ),
    Kind.TOKENS: (
        *_PAIR,
        Column("refresh_token_sha256", "hex SHA-256 of the refresh token that the app holds", True),
    ),
}
Raw = Mapping[str, Any]


class Wrong(Exception):
    """A row that cannot be read: in which column, and why."""

    def __init__(self, column: str, words: str) -> None:
        super().__init__(words)
        self.column, self.words = column, words


class Row(Struct, frozen=True, kw_only=True, gc=False):
    """What is common to rows of all files; `number` is the row as a spreadsheet counts it, the header being 1."""

    number: int
    key: str


class DeveloperRow(Row, frozen=True, kw_only=True):
    name: str
    contact_email: str
    website: str
    id: str


class SellerRow(Row, frozen=True, kw_only=True):
    name: str
    oidc_subject: str | None
    active: bool


class AppRow(Row, frozen=True, kw_only=True):
    developer: str
    name: str
    client_id: str
    manifest: dict[str, Any]
    secret_digest: str
    redirect_uris: tuple[str, ...]
    roles: tuple[str, ...]
    kind: str
    description: str
    id: str


class GrantRow(Row, frozen=True, kw_only=True, gc=False):
    app: str
    seller: str
    purposes: tuple[str, ...] | None
    granted_at: datetime | None
    expires_at: datetime | None


class TokenRow(Row, frozen=True, kw_only=True, gc=False):
    app: str
    seller: str
    digest: str


AnyRow = DeveloperRow | SellerRow | AppRow | GrantRow | TokenRow


def read_row(kind: Kind, number: int, raw: Raw) -> AnyRow:
    """The row as a value; `Wrong` where a column does not hold what it should."""
    return _READERS[kind](number, raw)


def _developer(number: int, raw: Raw) -> DeveloperRow:
    return DeveloperRow(
        number=number,
        key=_key(raw, "key"),
        name=_text(raw, "name", needed=True, most=200),
        contact_email=_text(raw, "contact_email", needed=True, most=254),
        website=_text(raw, "website", most=500),
        id=_text(raw, "id", most=64),
    )


def _seller(number: int, raw: Raw) -> SellerRow:
    return SellerRow(
        number=number,
        key=_key(raw, "key"),
        name=_text(raw, "name", needed=True, most=200),
        oidc_subject=_text(raw, "oidc_subject", most=255) or None,
        active=_flag(raw, "active"),
    )


def _app(number: int, raw: Raw) -> AppRow:
    kind = _text(raw, "kind", most=20) or "public"
    if kind not in ("public", "own_use"):
        raise Wrong("kind", f"`{kind}` is neither `public` nor `own_use`")
    return AppRow(
        number=number,
        key=_key(raw, "key"),
        developer=_key(raw, "developer"),
        name=_text(raw, "name", needed=True, most=200),
        client_id=_text(raw, "client_id", needed=True, most=100),
        manifest=_object(raw, "manifest"),
        secret_digest=_digest(raw, "client_secret_sha256", needed=False),
        redirect_uris=_words(raw, "redirect_uris"),
        roles=_words(raw, "roles"),
        kind=kind,
        description=_text(raw, "description", most=2_000),
        id=_text(raw, "id", most=64),
    )


def _grant(number: int, raw: Raw) -> GrantRow:
    app, seller = _key(raw, "app"), _key(raw, "seller")
    return GrantRow(
        number=number,
        key=_text(raw, "key", most=KEY_MAX) or f"{app}/{seller}",
        app=app,
        seller=seller,
        purposes=_words(raw, "purposes") or None,
        granted_at=_moment(raw, "granted_at"),
        expires_at=_moment(raw, "expires_at"),
    )


def _token(number: int, raw: Raw) -> TokenRow:
    app, seller = _key(raw, "app"), _key(raw, "seller")
    digest = _digest(raw, "refresh_token_sha256", needed=True)
    return TokenRow(number=number, key=digest[:TOKEN_KEY_CHARACTERS], app=app, seller=seller, digest=digest)


_READERS: dict[Kind, Callable[[int, Raw], AnyRow]] = {
    Kind.DEVELOPERS: _developer,
    Kind.SELLERS: _seller,
    Kind.APPS: _app,
    Kind.GRANTS: _grant,
    Kind.TOKENS: _token,
}


def _text(raw: Raw, column: str, *, needed: bool = False, most: int = CELL_MAX) -> str:
    value = raw.get(column)
    if value is None or value == "":
        if needed:
            raise Wrong(column, "is empty")
        return ""
    if not isinstance(value, str):
        raise Wrong(column, "is not a text")
    text = value.strip()
    if needed and not text:
        raise Wrong(column, "is empty")
    if len(text) > most:
        raise Wrong(column, f"is longer than {most} characters")
    if not text.isprintable():
        raise Wrong(column, "has a character that nobody can see")
    return text


def _key(raw: Raw, column: str) -> str:
    text = _text(raw, column, needed=True, most=KEY_MAX)
    if any(character.isspace() for character in text):
        raise Wrong(column, "has a space in it")
    return text


def _flag(raw: Raw, column: str) -> bool:
    value = raw.get(column)
    if isinstance(value, bool):
        return value
    word = _text(raw, column).lower()
    if word in ("", "yes", "true", "1"):
        return True
    if word in ("no", "false", "0"):
        return False
    raise Wrong(column, f"`{word}` is neither `yes` nor `no`")


def _words(raw: Raw, column: str) -> tuple[str, ...]:
    value = raw.get(column)
    if isinstance(value, list):
        if not all(isinstance(one, str) and one and len(one) <= 2_000 for one in value):
            raise Wrong(column, "is not a list of words")
        return tuple(dict.fromkeys(value))
    return tuple(dict.fromkeys(_text(raw, column).split()))


def _object(raw: Raw, column: str) -> dict[str, Any]:
    value = raw.get(column)
    if isinstance(value, str) and value.strip():
        try:
            value = decode(value)
        except PiepowderError:
            raise Wrong(column, "is not JSON") from None
    if not isinstance(value, dict):
        raise Wrong(column, "is empty" if value in (None, "") else "is not a JSON object")
    return value


def _digest(raw: Raw, column: str, *, needed: bool) -> str:
    text = _text(raw, column, needed=needed).lower()
    if text and (len(text) != 64 or set(text) - set("0123456789abcdef")):
        raise Wrong(column, "is not a SHA-256 in 64 hexadecimal digits; never put the token or secret itself here")
    return text


def _moment(raw: Raw, column: str) -> datetime | None:
    text = _text(raw, column, most=40)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(column, f"`{text}` is no moment like `2027-01-31T00:00:00Z`") from None
    if moment.tzinfo is None and len(text) > 10:
        raise Wrong(column, f"`{text}` names no time zone; end it with `Z` or `+01:00`")
    if not 1990 <= moment.year <= 2200:
        raise Wrong(column, f"`{text}` is too far away")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def bounded_expiry(expires_at: datetime | None, longest: datetime) -> datetime:
    """A grant ends at the latest when one that is given today would: old ones are not better than new ones."""
    return longest if expires_at is None else min(expires_at, longest)
