"""`piepowder version`: versions of apps are begun, written, checked, handed in, reviewed, and put live in stages."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import PiepowderError

if TYPE_CHECKING:
    from piepowder.core.facts.model import ManifestFact
    from piepowder.rooms.appstore.models import AppVersion
    from piepowder.rooms.ground.actor import Actor

app = App(name="version", help="Versions of apps: manifest, checks, review, roll-out.")
_COLUMNS = ("id", "app", "number", "status", "moves", "submitted_at", "promised_at", "decided_at")


@app.command(name="list")
def list_versions(app_id: str, *, common: Common = Common()) -> None:
    """Every version of an app, the newest first."""
    open_rooms(common)
    from piepowder.rooms.appstore.models import App as StoredApp
    from piepowder.rooms.appstore.models import AppVersion

    rows = AppVersion.objects.newest(StoredApp.objects.named(app_id).id)
    show_list([row.described() for row in rows], _COLUMNS, common)


@app.command
def queue(*, common: Common = Common()) -> None:
    """Versions that wait for the marketplace, in the order in which they were promised."""
    open_rooms(common)
    from piepowder.rooms.appstore.models import AppVersion

    show_list([row.described() for row in AppVersion.objects.queue()[:500]], _COLUMNS, common)


@app.command
def waits(*, common: Common = Common()) -> None:
    """How long decisions took in the last 180 days, in business days."""
    open_rooms(common)
    from piepowder.rooms.appstore.models import AppVersion

    show(dict(AppVersion.objects.waits(now())), common)


@app.command(name="show")
def show_version(version_id: str, *, common: Common = Common()) -> None:
    """One version."""
    open_rooms(common)
    show(_version(version_id).described(), common)


@app.command
def checks(version_id: str, *, common: Common = Common()) -> None:
    """What the automatic checks say: now, while it is written; as it was handed in, afterwards."""
    open_rooms(common)
    from piepowder.rooms.appstore.inspection import inspect

    version = _version(version_id)
    rows: list[dict[str, Any]] = (
        [dict(one.described()) for one in inspect(version, at=now())] if version.writable else version.checks
    )
    show_list(rows, ("check", "outcome", "sentence", "clause"), common)


@app.command
def difference(version_id: str, *, common: Common = Common()) -> None:
    """What it asks beyond the version that it would replace, or replaced."""
    open_rooms(common)
    version = _version(version_id)
    show(version.difference_to(version.before()).described(), common)


@app.command
def outlook(version_id: str, *, common: Common = Common()) -> None:
    """What the policy in force would give at most, for each purpose and data category."""
    open_rooms(common)
    from piepowder.rooms.appstore.outlook import outlook as look

    version = _version(version_id)
    found, _policy = look(version.manifest, version.roles, app=version.app_id, environment=version.app.environment)
    rows = [
        {"purpose": one.purpose, "category": line.category, "effect": line.effect, "note": line.note}
        for one in found
        for line in one.lines
    ]
    show_list(rows, ("purpose", "category", "effect", "note"), common)


@app.command
def reviews(version_id: str, *, common: Common = Common()) -> None:
    """What reviewers said, point by point, the newest first."""
    open_rooms(common)
    from piepowder.rooms.appstore.models import Review

    rows = [review.described() for review in Review.objects.of(_version(version_id))]
    show_list(rows, ("decided_at", "round", "word", "points", "reason"), common)


@app.command
def begin(
    app_id: str,
    manifest: Path | None = None,
    *,
    number: str | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Begin a version as a draft, with a manifest or with what the present version declares.

    Parameters
    ----------
    app_id
        The app (`app_…`).
    manifest
        JSON or YAML file.
    number
        What the version is called; default: the next whole number.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.appstore import actions
    from piepowder.rooms.appstore.models import App as StoredApp

    found = StoredApp.objects.named(app_id)
    by = _acting(key_file, found.developer_id)
    read = _read_manifest(manifest) if manifest else None
    show(actions.begin_version(found, manifest=read, number=number, by=by, at=now()).described(), common)


@app.command
def write(version_id: str, manifest: Path, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Replace the manifest of a draft, or of a returned version.

    Parameters
    ----------
    manifest
        JSON or YAML file.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.appstore import actions

    version, by = _own(version_id, key_file)
    show(actions.write_manifest(version, _read_manifest(manifest), by=by, at=now()).described(), common)


@app.command
def describe(
    version_id: str,
    *,
    role: tuple[str, ...] | None = None,
    notes: str | None = None,
    substitutes_everywhere: bool | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Set the roles that a version asks for, its notes, and whether substitutes fill in everywhere.

    Parameters
    ----------
    role
        A role that it asks for; repeatable. All of them at once.
    notes
        What is new.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.appstore import actions

    version, by = _own(version_id, key_file)
    described = actions.describe_version(
        version, roles=role, notes=notes, substitutes_everywhere=substitutes_everywhere, by=by, at=now()
    )
    show(described.described(), common)


@app.command
def submit(version_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Hand a version in; refused where an automatic check fails."""
    open_rooms(common)
    from piepowder.rooms.appstore import actions

    version, by = _own(version_id, key_file)
    show(actions.submit_version(version, by=by, at=now()).described(), common)


@app.command
def take_back(version_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Make a submitted version a draft again, before anybody reviews it."""
    open_rooms(common)
    from piepowder.rooms.appstore import actions

    version, by = _own(version_id, key_file)
    show(actions.take_back_version(version, by=by, at=now()).described(), common)


@app.command
def withdraw(version_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Give a version up that is not live."""
    open_rooms(common)
    from piepowder.rooms.appstore import actions

    version, by = _own(version_id, key_file)
    show(actions.withdraw_version(version, by=by, at=now(), reason=reason).described(), common)


@app.command
def release(version_id: str, *, percent: int = 100, key_file: Path | None = None, common: Common = Common()) -> None:
    """Put an approved version live.

    Parameters
    ----------
    percent
        For how many of a hundred sellers; the others go on with the present version.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.appstore import actions

    version, by = _own(version_id, key_file)
    show(actions.release_version(version, by=by, at=now(), percent=percent).described(), common)


@app.command
def widen(version_id: str, percent: int, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Raise the share of sellers who get a version."""
    open_rooms(common)
    from piepowder.rooms.appstore import actions

    version, by = _own(version_id, key_file)
    show(actions.widen_rollout(version, percent, by=by, at=now()).described(), common)


@app.command
def stop(version_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Stop the roll-out of a version; sellers go on with the one before."""
    open_rooms(common)
    from piepowder.rooms.appstore import actions

    version, by = _own(version_id, key_file)
    show(actions.stop_rollout(version, by=by, at=now(), reason=reason).described(), common)


@app.command
def review(version_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take a submitted version to review it."""
    open_rooms(common)
    from piepowder.rooms.appstore import actions
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.REVIEW)
    show(actions.begin_review(_version(version_id), by=by, at=now()).described(), common)


@app.command
def give_back(version_id: str, *, reason: str = "", key_file: Path | None = None, common: Common = Common()) -> None:
    """Put a version under review back into the queue."""
    open_rooms(common)
    from piepowder.rooms.appstore import actions
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.REVIEW)
    show(actions.give_back_review(_version(version_id), by=by, at=now(), reason=reason).described(), common)


@app.command
def decide(
    version_id: str,
    *,
    refuse: tuple[str, ...] = (),
    reason: str = "",
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Answer the checklist: every point is fine but those refused, of which one returns the version.

    Parameters
    ----------
    refuse
        `POINT=REASON`, such as `data=the street is not needed for metrics`; repeatable.
    reason
        Further words to the developer.
    key_file
        File with the API key of the reviewer.
    """
    open_rooms(common)
    from piepowder.rooms.appstore import actions
    from piepowder.rooms.appstore.rules.versions import points_for
    from piepowder.rooms.ground.caller import Permission

    version, by = _version(version_id), acting(key_file, Permission.REVIEW)
    answers = {point.key: (True, "") for point in points_for(bool(version.personal))}
    for text in refuse:
        point, _, words = text.partition("=")
        answers[point] = (False, words)
    show(actions.decide_version(version, answers, by=by, at=now(), reason=reason).described(), common)


def _version(version_id: str) -> "AppVersion":
    from piepowder.rooms.appstore.models import AppVersion

    return AppVersion.objects.named(version_id)


def _own(version_id: str, key_file: Path | None) -> "tuple[AppVersion, Actor]":
    version = _version(version_id)
    return version, _acting(key_file, version.app.developer_id)


def _acting(key_file: Path | None, developer: str) -> "Actor":
    from piepowder.rooms.ground.caller import Permission

    return acting(key_file, Permission.REGISTER, own=developer)


def _read_manifest(path: Path) -> "ManifestFact":
    from piepowder.rooms.appstore.manifests import manifest_from_file

    try:
        data = path.read_bytes()
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise PiepowderError("cli_manifest_missing", f"cannot read manifest `{path}`: {words}") from None
    return manifest_from_file(data)
