"""Gathers what the automatic checks look at, from the tables as they are, and asks them."""

from datetime import datetime, timedelta

from django.db import connection

from piepowder.core.ledger.usage import came_out
from piepowder.rooms.appstore.catalogue import offered
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.appstore.rules.checks import Application, Observed, Result, check
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.assessments.rules.status import WAITING

OBSERVED_DAYS = 30
OBSERVED_CALLS_MAX = 2_000  # the newest; enough to see what comes out, and quick


def inspect(version: AppVersion, *, at: datetime) -> tuple[Result, ...]:
    """The results of every automatic check of a version, as it and its app are just now."""
    return check(application_of(version, at=at))


def application_of(version: AppVersion, *, at: datetime) -> Application:
    app = version.app
    return Application(
        name=app.name,
        own_use=app.kind == AppKind.OWN_USE,
        description=app.description,
        privacy_policy_url=app.privacy_policy_url,
        support_email=app.support_email,
        support_url=app.support_url,
        redirect_uris=tuple(app.redirect_uris),
        login_uri=app.login_uri,
        webhook_urls=tuple(app.webhook_urls),
        manifest=version.manifest,
        roles=frozenset(version.roles),
        assessed=assessed_roles(app.developer_id, at),
        applied=applied_roles(app.developer_id),
        alike=tuple(App.objects.alike(app.likeness, app.developer_id)),
        catalogue=offered(),
        observed=observed(app, at),
    )


def assessed_roles(developer_id: str, at: datetime) -> frozenset[str] | None:
    """The roles that the developer's assessment covers; None without one in force."""
    if not Assessment.objects.in_force(developer_id, at).exists():
        return None
    return Assessment.objects.approved_roles(developer_id, at)


def applied_roles(developer_id: str) -> frozenset[str]:
    """The roles that an assessment asks for which was handed in and is not decided."""
    waiting = Assessment.objects.of(developer_id).filter(status__in=WAITING).first()
    return frozenset(waiting.roles) if waiting else frozenset()


def possible_roles(developer_id: str, at: datetime) -> frozenset[str]:
    """What the developer's assessments cover or ask for: the roles that a first version is likely to mean."""
    newest = Assessment.objects.newest(developer_id)
    return (assessed_roles(developer_id, at) or frozenset()) | frozenset(newest.roles if newest else ())


def observed(app: App, at: datetime) -> Observed:
    """What came out for the app in the last 30 days; nothing while it has no version that calls."""
    if not app.current_version:
        return Observed()
    connection.ensure_connection()
    since = at - timedelta(days=OBSERVED_DAYS)
    calls, came = came_out(connection.connection, app.id, since=since, calls_max=OBSERVED_CALLS_MAX)
    return Observed(calls=calls, came=came)
