"""New versions of an app, and reminders: what becomes of grants by themselves, and what only their sellers decide."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.models import Grant, PermissionRequest
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.standing.actions import set_standing
from piepowder.rooms.standing.rules import Standing
from tests.support import consent as shop

pytestmark = pytest.mark.django_db
OPERATIONS = shop.MANIFEST.operations
LESS = ManifestFact(OPERATIONS, {"shipping": ("buyer.name",), "tax": ("buyer.tax_id",)})
MORE = ManifestFact(OPERATIONS, {**shop.MANIFEST.categories, "tax": ("buyer.email", "buyer.name", "buyer.tax_id")})


def _publish(desk: shop.Desk, manifest: ManifestFact) -> str:
    return appstore.add_version(desk.app, manifest, by=SYSTEM, at=shop.now()).number


def _now_is(grant: Grant) -> Grant:
    return Grant.objects.named(grant.id)


def test_a_version_that_asks_less_is_followed_by_itself() -> None:
    """The grant moves over without anybody being asked, and keeps what the seller left."""
    desk = shop.open_desk()
    grant = desk.grant()
    actions.narrow(grant, narrowed={"shipping": ["buyer.name", "order.item"]}, by=SYSTEM, at=shop.now())
    number = _publish(desk, LESS)
    assert actions.follow_versions(at=shop.now()) == 1
    assert actions.follow_versions(at=shop.now()) == 0
    moved = _now_is(grant)
    assert (moved.version, moved.purposes, moved.narrowed) == (number, ["shipping", "tax"], None)
    assert shop.ledger_kinds(grant=grant.id)[-1] == "consent.move"
    assert not Letter.objects.filter(recipient=desk.seller.id).exists()


def test_a_version_that_asks_more_waits_for_the_seller() -> None:
    """The old permissions go on, the seller gets one letter, and a part of what is new can be allowed."""
    desk = shop.open_desk()
    grant = desk.grant()
    number = _publish(desk, MORE)
    assert actions.follow_versions(at=shop.now()) == 1
    assert actions.follow_versions(at=shop.now()) == 0
    assert _now_is(grant).version == "1"
    letter = Letter.objects.get(recipient=desk.seller.id)
    assert (letter.kind, letter.link) == ("consent.asks_more", f"/my/apps/{grant.id}/choose")

    kept = {"shipping": shop.MANIFEST.categories["shipping"], "tax": ("buyer.name", "buyer.tax_id")}
    chosen = actions.choose(grant, purposes=["shipping", "tax"], narrowed=kept, by=SYSTEM, at=shop.now())
    assert (chosen.version, chosen.narrowed) == (number, {"tax": ["buyer.name", "buyer.tax_id"]})
    assert chosen.expires_at == grant.expires_at
    assert PermissionRequest.objects.get(grant=grant).status == "accepted"


def test_a_no_keeps_everything_as_it_was() -> None:
    """After a refusal nobody asks for the same version again; the developer is told; a second answer meets a conflict."""
    desk = shop.open_desk()
    grant = desk.grant()
    _publish(desk, MORE)
    actions.follow_versions(at=shop.now())
    actions.refuse_request(grant, by=SYSTEM, at=shop.now())
    assert actions.follow_versions(at=shop.now()) == 0
    assert (_now_is(grant).version, PermissionRequest.objects.get(grant=grant).status) == ("1", "refused")
    assert Letter.objects.filter(recipient=desk.app.developer_id, kind="consent.refused_more").count() == 1
    with pytest.raises(PiepowderError) as twice:
        actions.refuse_request(grant, by=SYSTEM, at=shop.now())
    assert twice.value.code == "consent_request_none"


def test_a_newer_version_overtakes_what_was_asked() -> None:
    """Only the newest request waits; one that asks nothing new is followed, and the request is over."""
    desk = shop.open_desk()
    grant = desk.grant()
    for manifest in (MORE, LESS):
        number = _publish(desk, manifest)
        actions.follow_versions(at=shop.now())
    assert _now_is(grant).version == number
    assert PermissionRequest.objects.get(grant=grant).status == "overtaken"


def test_a_suspended_app_can_be_given_less_and_never_more() -> None:
    """What standing forbids is a new permission; taking one away works always."""
    desk = shop.open_desk()
    grant = desk.grant()
    set_standing(desk.app.id, Standing.SUSPENDED, by=SYSTEM, at=shop.now(), reason="test")
    less = actions.choose(grant, purposes=["tax"], narrowed=None, by=SYSTEM, at=shop.now())
    assert less.purposes == ["tax"]
    attempts: tuple[Callable[[], object], ...] = (
        lambda: actions.choose(grant, purposes=None, narrowed=None, by=SYSTEM, at=shop.now()),
        lambda: actions.renew(grant, by=SYSTEM, at=shop.now()),
    )
    for attempt in attempts:
        with pytest.raises(PiepowderError) as refused:
            attempt()
        assert refused.value.code == "consent_no_new_authorisations"


def _reminders(desk: shop.Desk) -> list[str]:
    return [one.subject for one in Letter.objects.filter(recipient=desk.seller.id).order_by("created_at")]


def test_reminders_come_once_each_and_end_with_a_renewal() -> None:
    """Six letters in the last sixty days, none twice; a renewal begins a new year."""
    desk = shop.open_desk()
    grant = desk.grant()

    def before(days: float) -> datetime:
        return grant.expires_at - timedelta(days=days)

    assert actions.remind_due(at=before(61)) == 0
    for days in (60, 30, 14, 7, 3, 1):
        assert actions.remind_due(at=before(days)) == 1
        assert actions.remind_due(at=before(days)) == 0
    assert _reminders(desk)[-1] == "Label printer loses access to your shop in 1 day"
    renewed = actions.renew(grant, by=SYSTEM, at=before(0.5))
    assert renewed.expires_at == before(0.5) + timedelta(days=365)
    assert actions.remind_due(at=before(0.2)) == 0
    assert actions.remind_due(at=renewed.expires_at - timedelta(days=2.5)) == 1
    assert _reminders(desk)[-1].endswith("in 3 days")


def test_the_end_tells_the_developer_what_to_delete() -> None:
    """Whoever ends it and why is kept; the developer learns by when the data has to be gone."""
    desk = shop.open_desk()
    ended = actions.revoke(desk.grant(), by=SYSTEM, at=shop.now(), reason="moved away")
    assert (ended.ended_by, ended.end_reason) == ("system:piepowder", "moved away")
    letter = Letter.objects.get(recipient=desk.app.developer_id)
    assert f"{shop.now() + timedelta(days=30):%-d %B %Y}" in letter.body
