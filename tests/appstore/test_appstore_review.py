from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from piepowder.core.facts.model import AppFact, ManifestFact, decode_fact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore import actions
from piepowder.rooms.appstore.actions import Details
from piepowder.rooms.appstore.inspection import inspect
from piepowder.rooms.appstore.models import App, AppVersion, Review
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.appstore.rules.caps import Reach
from piepowder.rooms.appstore.rules.checks import Outcome
from piepowder.rooms.appstore.rules.versions import VersionStatus
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.assessments.rules.status import Status
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.models import Account
from piepowder.rooms.publication.models import Fact
from piepowder.rooms.standing.models import Subject
from tests.support.appstore import (
    AT,
    NO_BUYERS,
    ROLES,
    SHIPPING,
    all_fine,
    approve,
    assess,
    make_app,
    make_draft,
)

pytestmark = pytest.mark.django_db
ADA = Actor(ActorKind.DEVELOPER, "acc_made_up")


def _fact(app: App) -> AppFact:
    fact = decode_fact("app", Fact.objects.get(kind="app", key=app.id).body or "")
    assert isinstance(fact, AppFact)
    return fact


def _code(function: Callable[..., object], *args: object, **kwargs: object) -> str:
    with pytest.raises(PiepowderError) as raised:
        function(*args, **kwargs)
    return raised.value.code


def _kinds(app: App) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM ledger_record WHERE app = %s ORDER BY recorded_at, id", [app.id])
        return [row[0] for row in cursor.fetchall()]


def test_from_draft_to_live(draft_version: AppVersion, rita: Actor, sam: Actor) -> None:
    """Handed in, looked at by two, approved with its roles, released: the gateway knows it, the app may act."""
    app = draft_version.app
    assert _fact(app).versions == {}
    version = approve(draft_version, rita, sam)
    assert (version.status, version.reviewed) == (VersionStatus.APPROVED, True)
    assert (_fact(app).current_version, list(_fact(app).versions)) == ("", ["1"])
    assert _fact(app).roles == tuple(ROLES)
    assert Subject.objects.named(app.id).status == "good"
    actions.release_version(version, by=ADA, at=AT)
    assert _fact(app).current_version == "1"
    kinds = [kind for kind in _kinds(app) if kind.startswith("appstore")]
    assert kinds[-2:] == ["appstore.release_version", "appstore.set_rollout"]
    assert kinds.count("appstore.begin_review") == 2
    assert {"appstore.submit_version", "appstore.approve_first", "appstore.approve_version"} <= set(kinds)


def test_without_shoppers_data_one_reviewer_is_enough(own_app: App, rita: Actor) -> None:
    """Four eyes are for personal data."""
    version = make_draft(own_app, ADA, NO_BUYERS, ["inventory_and_order_tracking"])
    assert approve(version, rita).status == VersionStatus.APPROVED


def test_the_second_approval_is_another_persons(draft_version: AppVersion, rita: Actor, sam: Actor) -> None:
    """Whoever approved first can neither take it again nor decide it."""
    version = approve(draft_version, rita)
    assert (version.status, version.first_approval_by) == (VersionStatus.SUBMITTED, str(rita))
    assert "second reviewer" in version.words
    assert _code(actions.begin_review, version, by=rita, at=AT) == "appstore_review_same_person"
    assert approve(version, sam).status == VersionStatus.APPROVED


def test_reasons_correct_and_resubmit(draft_version: AppVersion, rita: Actor, sam: Actor) -> None:
    """A refused point returns the version with its reason; it is corrected, and both look anew."""
    version = actions.submit_version(draft_version, by=ADA, at=AT)
    taken = actions.begin_review(version, by=rita, at=AT)
    answers = {**all_fine(taken), "data": (False, "The phone is enough.")}
    returned = actions.decide_version(taken, answers, by=rita, at=AT + timedelta(days=1), reason="Nearly there.")
    assert (returned.status, returned.moves, returned.reason) == (VersionStatus.RETURNED, "developer", "Nearly there.")
    letter = Letter.objects.get(kind="appstore.returned")
    assert "The phone is enough." in letter.body
    assert "App rules 1.3" in letter.body
    smaller = ManifestFact(SHIPPING.operations, {"shipping": ("buyer.address",)})
    corrected = actions.write_manifest(returned, smaller, by=ADA, at=AT)
    again = approve(corrected, rita, sam, at=AT + timedelta(days=2))
    assert (again.status, again.round) == (VersionStatus.APPROVED, 2)
    assert [one.word for one in Review.objects.of(again)] == ["approve", "approve", "return"]


def test_nothing_is_handed_in_with_a_failed_check(maker: Developer) -> None:
    """The refusal names every trouble; the version stays a draft."""
    app = make_app(maker, ADA, privacy_policy_url="", support_email="")
    version = make_draft(app, ADA)
    with pytest.raises(PiepowderError) as raised:
        actions.submit_version(version, by=ADA, at=AT)
    assert raised.value.code == "appstore_checks_failed"
    assert len(raised.value.fields["problems"]) == 2
    assert AppVersion.objects.named(version.id).status == VersionStatus.DRAFT


def test_an_assessment_that_ended_covers_nothing(maker: Developer, own_app: App) -> None:
    """Roles count while the assessment is in force, and at no other time."""
    version = make_draft(own_app, ADA)
    sure = {one.check for one in inspect(version, at=AT) if one.outcome == "failed"}
    late = {one.check for one in inspect(version, at=AT + timedelta(days=20_000)) if one.outcome == "failed"}
    assert (sure, late) == (set(), {"roles", "purposes"})


def test_two_identical_apps_get_the_same_verdict(own_app: App) -> None:
    """An incumbent's app and a newcomer's, word for word the same, have the same results."""
    other = register_developer(name="Other house", contact_email="office@other.example", by=SYSTEM, at=AT)
    assess(other)
    theirs = make_app(other, ADA)
    one, two = (inspect(make_draft(app, ADA), at=AT) for app in (own_app, theirs))
    assert one == two
    assert [result.check for result in one if result.outcome == "noted"] == ["name"]


def test_a_version_that_waits_does_not_change(draft_version: AppVersion, rita: Actor) -> None:
    """It is taken back first; while somebody reviews it, it cannot be."""
    version = actions.submit_version(draft_version, by=ADA, at=AT)
    assert _code(actions.write_manifest, version, NO_BUYERS, by=ADA, at=AT) == "appstore_version_fixed"
    assert actions.take_back_version(version, by=ADA, at=AT).writable
    version = actions.submit_version(version, by=ADA, at=AT)
    taken = actions.begin_review(version, by=rita, at=AT)
    assert _code(actions.take_back_version, taken, by=ADA, at=AT) == "appstore_appversion_not_from_here"


def test_stale_forms_are_noticed(draft_version: AppVersion) -> None:
    """Who looked before somebody else saved is told, for manifests and for the app's words."""
    seen = draft_version.revision
    actions.write_manifest(draft_version, NO_BUYERS, by=ADA, at=AT, revision=seen)
    assert (
        _code(actions.write_manifest, draft_version, SHIPPING, by=ADA, at=AT, revision=seen) == "appstore_version_stale"
    )
    app = draft_version.app
    words = replace(Details.of(app), description="Something else that is long enough to be read.")
    actions.change_details(app, words, by=ADA, at=AT, revision=app.revision)
    assert (
        _code(actions.change_details, app, Details.of(app), by=ADA, at=AT, revision=app.revision)
        == "appstore_app_stale"
    )


def test_one_version_is_under_way_at_a_time(draft_version: AppVersion) -> None:
    """A second begun beside it is refused, and points to the first."""
    assert _code(actions.begin_version, draft_version.app, by=ADA, at=AT) == "appstore_version_open"
    actions.withdraw_version(draft_version, by=ADA, at=AT)
    assert actions.begin_version(draft_version.app, by=ADA, at=AT).number == "2"


def test_nobody_reviews_their_own_organisation(draft_version: AppVersion, rita: Actor) -> None:
    """A reviewer who is a member of the organisation is refused, whatever their role for the marketplace."""
    version = actions.submit_version(draft_version, by=ADA, at=AT)
    add_member(version.app.developer, Account.objects.get(pk=rita.id), by=SYSTEM, at=AT)
    assert _code(actions.begin_review, version, by=rita, at=AT) == "developers_own_organisation"


def test_a_reviewer_decides_what_they_took(draft_version: AppVersion, rita: Actor, sam: Actor) -> None:
    """Nobody decides what is not taken, or what another has taken; it can be put back."""
    version = actions.submit_version(draft_version, by=ADA, at=AT)
    assert _code(actions.decide_version, version, all_fine(version), by=sam, at=AT) == "appstore_review_not_begun"
    taken = actions.begin_review(version, by=rita, at=AT)
    assert _code(actions.begin_review, taken, by=sam, at=AT) == "appstore_appversion_not_from_here"
    assert _code(actions.decide_version, taken, all_fine(taken), by=sam, at=AT) == "appstore_review_of_another"
    back = actions.give_back_review(taken, by=sam, at=AT)
    assert (back.status, back.reviewer) == (VersionStatus.SUBMITTED, "")


def test_places_promises_and_waits(maker: Developer, rita: Actor) -> None:
    """The queue keeps to promised dates; corrections are promised sooner; waits are published; late ones are told once."""
    roles = ["inventory_and_order_tracking"]
    first, second = (
        actions.submit_version(make_draft(make_app(maker, ADA, name=name), ADA, NO_BUYERS, roles), by=ADA, at=at)
        for name, at in (("One", AT), ("Two", AT + timedelta(days=1)))
    )
    assert [AppVersion.objects.place(one) for one in (first, second)] == [1, 2]
    assert f"{first.promised_at:%Y-%m-%d}" == "2026-12-09"  # ten business days after Wednesday the 25th
    taken = actions.begin_review(first, by=rita, at=AT + timedelta(days=5))
    answers = {**all_fine(taken), "name": (False, "taken")}
    returned = actions.decide_version(taken, answers, by=rita, at=AT + timedelta(days=5))
    assert AppVersion.objects.waits(AT + timedelta(days=6)) == {"count": 1, "median": 3, "p90": 3}
    again = actions.submit_version(returned, by=ADA, at=AT + timedelta(days=7))
    assert f"{again.promised_at:%Y-%m-%d}" == "2026-12-09"  # five after Wednesday the 2nd
    late = AT + timedelta(days=30)
    assert (actions.note_late_reviews(at=late), actions.note_late_reviews(at=late)) == (2, 0)
    assert Letter.objects.filter(kind="appstore.late").count() == 2


def _second_version(own_app: App, *reviewers: Actor) -> AppVersion:
    """An app whose first version is live, and a second that is approved and asks for more."""
    first = make_draft(own_app, ADA, NO_BUYERS, ["inventory_and_order_tracking"])
    actions.release_version(approve(first, *reviewers[:1]), by=ADA, at=AT)
    return approve(make_draft(own_app, ADA), *reviewers)


def test_a_roll_out_reaches_more_and_more(own_app: App, rita: Actor, sam: Actor) -> None:
    """A share of sellers is asked about the new version; at a hundred the old one is superseded, and roles follow."""
    version = _second_version(own_app, rita, sam)
    assert version.difference_to(version.before()).widens
    rolling = actions.release_version(version, by=ADA, at=AT, percent=30)
    app = App.objects.named(own_app.id)
    assert (app.current_version, app.next_version, _fact(app).current_version) == ("1", "2", "1")
    asked = {f"sel_{number}" for number in range(200) if app.version_for(f"sel_{number}") == "2"}
    assert 30 < len(asked) < 90
    assert _code(actions.widen_rollout, rolling, 20, by=ADA, at=AT) == "appstore_rollout_shrinks"
    actions.widen_rollout(rolling, 60, by=ADA, at=AT)
    app = App.objects.named(own_app.id)
    assert asked <= {f"sel_{number}" for number in range(200) if app.version_for(f"sel_{number}") == "2"}
    actions.widen_rollout(rolling, 100, by=ADA, at=AT)
    app = App.objects.named(own_app.id)
    assert (app.current_version, app.next_version) == ("2", "")
    statuses = {one.number: one.status for one in app.versions.all()}
    assert statuses == {"1": VersionStatus.SUPERSEDED, "2": VersionStatus.LIVE}


def test_a_roll_out_is_stopped(own_app: App, rita: Actor, sam: Actor) -> None:
    """Everybody goes on with the version before; the new one is approved still, and can be tried again."""
    version = _second_version(own_app, rita, sam)
    rolling = actions.release_version(version, by=ADA, at=AT, percent=50)
    assert _code(actions.release_version, rolling, by=ADA, at=AT) == "appstore_rollout_running"
    stopped = actions.stop_rollout(rolling, by=ADA, at=AT, reason="Sellers are puzzled.")
    app = App.objects.named(own_app.id)
    assert (stopped.status, app.current_version, app.version_for("sel_1")) == (VersionStatus.APPROVED, "1", "1")
    assert "2" in _fact(app).versions  # grants that followed are read by it until they are moved back
    assert _code(actions.stop_rollout, stopped, by=ADA, at=AT) == "appstore_rollout_none"
    assert actions.release_version(stopped, by=ADA, at=AT).status == VersionStatus.LIVE


def test_a_first_version_is_for_everybody(draft_version: AppVersion, rita: Actor, sam: Actor) -> None:
    """There is nothing that the other sellers could go on with."""
    version = approve(draft_version, rita, sam)
    assert _code(actions.release_version, version, by=ADA, at=AT, percent=10) == "appstore_rollout_first"


def test_the_marketplace_puts_a_version_live_itself(own_app: App, rita: Actor, sam: Actor) -> None:
    """At once and without review, which stays visible; a roll-out that was under way is over with it."""
    version = _second_version(own_app, rita, sam)
    actions.release_version(version, by=ADA, at=AT, percent=50)
    added = actions.add_version(own_app, NO_BUYERS, by=SYSTEM, at=AT)
    app = App.objects.named(own_app.id)
    assert (added.number, app.current_version, app.next_version) == ("3", "3", "")
    assert {one.number: (one.status, one.reviewed) for one in app.versions.all()} == {
        "1": (VersionStatus.SUPERSEDED, True),
        "2": (VersionStatus.SUPERSEDED, True),
        "3": (VersionStatus.LIVE, False),
    }


def test_caps_follow_kind_and_reach(maker: Developer, own_app: App) -> None:
    """A developer's own registration is capped until it is listed; what the marketplace brings in is not."""
    own = make_app(maker, ADA, kind=AppKind.OWN_USE, name="Own")
    brought = actions.create_app(maker, name="Brought in", by=SYSTEM, at=AT)
    assert (own_app.sellers_max, own.sellers_max, brought.sellers_max) == (25, 10, None)
    assert _code(own.check_room, 10) == "appstore_sellers_full"
    listed = actions.set_reach(own_app, Reach.LISTED, by=SYSTEM, at=AT)
    assert listed.sellers_max is None
    listed.check_room(100_000)


def test_registration_says_what_is_wrong_at_its_field(maker: Developer) -> None:
    """Each address and name has its own error code, so that a form shows it where it was typed."""
    codes: dict[str, dict[str, Any]] = {
        "appstore_redirect_refused": {"redirect_uris": ("http://x.example/",)},
        "appstore_login_refused": {"login_uri": "https://user@x.example/"},
        "appstore_webhook_refused": {"webhook_urls": ("https://127.0.0.1/",)},
        "appstore_privacy_refused": {"privacy_policy_url": "x"},
        "appstore_support_refused": {"support_url": "ftp://x.example/"},
        "appstore_email_refused": {"support_email": "nobody"},
        "appstore_name_missing": {"name": "  "},
        "ground_name_hidden": {"name": "Label\u202eprinter"},
        "appstore_name_refused": {"name": "x" * 81},
    }
    assert {code: _code(make_app, maker, ADA, **changes) for code, changes in codes.items()} == {
        code: code for code in codes
    }
    assert not App.objects.filter(developer=maker).exists()


def test_a_closed_organisation_registers_nothing(own_app: App) -> None:
    """Neither apps nor versions."""
    from piepowder.rooms.developers.actions import close_developer

    close_developer(own_app.developer, by=SYSTEM, at=AT, reason="it asked for it")
    developer = Developer.objects.named(own_app.developer_id)
    assert _code(make_app, developer, ADA, name="Another") == "developers_closed"
    assert _code(actions.begin_version, own_app, by=ADA, at=AT) == "developers_closed"


def test_an_app_brought_in_with_a_hidden_name_is_shown_with_it(maker: Developer) -> None:
    """The marketplace may import what is there; pages spell out what hides."""
    app = actions.create_app(maker, name="Label\u202ereknam", by=SYSTEM, at=AT)
    assert "\u202e" not in app.shown_name
    assert "202E" in app.shown_name


def test_a_version_waits_beside_the_assessment(maker: Developer, own_app: App, rita: Actor) -> None:
    """What an assessment under review asks for is no obstacle to handing in; the approval comes after the assessment's."""
    assessment = Assessment.objects.get(developer=maker)
    until = assessment.valid_until
    Assessment.objects.filter(pk=assessment.pk).update(status=Status.SUBMITTED, valid_until=None, roles_approved=[])
    version = make_draft(own_app, ADA, NO_BUYERS, roles=["inventory_and_order_tracking"])
    assert [one.outcome for one in inspect(version, at=AT) if one.check == "roles"] == [Outcome.NOTED]
    taken = actions.begin_review(actions.submit_version(version, by=ADA, at=AT), by=rita, at=AT)
    with pytest.raises(PiepowderError) as early:
        actions.decide_version(taken, all_fine(taken), by=rita, at=AT)
    assert early.value.code == "appstore_review_before_assessment"
    Assessment.objects.filter(pk=assessment.pk).update(status=Status.APPROVED, valid_until=until, roles_approved=ROLES)
    assert actions.decide_version(taken, all_fine(taken), by=rita, at=AT).status == VersionStatus.APPROVED


def test_a_first_version_asks_for_the_roles_that_it_takes(maker: Developer, own_app: App) -> None:
    """No more than its operations and purposes need, and only such as the developer is or will be assessed for."""
    assert actions.begin_version(own_app, manifest=SHIPPING, by=ADA, at=AT).roles == ["direct_to_consumer_shipping"]
    draft = actions.begin_version(make_app(maker, ADA, name="Second"), by=ADA, at=AT)
    assert draft.roles == []
    assert actions.write_manifest(draft, NO_BUYERS, by=ADA, at=AT).roles == ["inventory_and_order_tracking"]
    Assessment.objects.of(maker.id).update(roles=["finance"], roles_approved=["finance"])
    third = actions.begin_version(make_app(maker, ADA, name="Third"), manifest=SHIPPING, by=ADA, at=AT)
    assert third.roles == []
