import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers import actions
from piepowder.rooms.developers.models import Developer, Identity, Invitation, Member
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.notices.models import Letter, Mail
from piepowder.rooms.people.actions import create_key
from piepowder.rooms.people.models import ApiKey
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing
from tests.support.consent import ledger_kinds
from tests.support.organisation import AT, account, acting, register, reviewer, submitted


def _refused(code: str, action: Callable[..., object], *given: object, **named: object) -> None:
    with pytest.raises(PiepowderError) as raised:
        action(*given, **named)
    assert raised.value.code == code


@pytest.mark.django_db
def test_whoever_registers_owns() -> None:
    """A person's organisation is theirs, pending, and greeted; staff of the marketplace have none."""
    owner = account()
    developer = register(owner)
    assert [(one.account, one.role) for one in Member.objects.of(developer)] == [(owner, "owner")]
    assert Subject.objects.named(developer.id).status == Standing.PENDING
    assert Letter.objects.get(recipient=developer.id).subject == "Label works is registered"
    _refused("developers_staff", register, reviewer(), name="Staff works")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"legal_name": ""}, "developers_legal_name_missing"),
        ({"country": ""}, "developers_country_unknown"),
        ({"country": "XX"}, "developers_country_unknown"),
        ({"company_number": ""}, "developers_number_missing"),
        ({"privacy_email": "privacy"}, "developers_email_malformed"),
        ({"website": "javascript:alert(1)"}, "developers_website_malformed"),
        ({"name": "gnp\u202eexe"}, "ground_name_hidden"),
        ({"legal_name": "Label\u200bworks"}, "ground_name_hidden"),
        ({"kind": "cartel"}, "developers_kind_unknown"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(facts: dict[str, str], code: str) -> None:
    """Nothing is half registered."""
    _refused(code, register, account(), **facts)
    assert not Developer.objects.exists()


@pytest.mark.django_db
def test_a_look_alike_name_is_flagged_to_reviewers_and_not_refused() -> None:
    """Two companies may have similar names: people decide, with both in view."""
    first = register(account())
    second = register(account("eve@other.example"), name="LabeI vvorks", legal_name="Other GmbH")
    assert [first.id in flag for flag in second.flags()] == [True]
    assert second.id in first.flags()[0]
    mixed = register(account("eva@other.example"), name="L\u0430bel", legal_name="Third GmbH")
    assert mixed.flags() == ["The name mixes Cyrillic and Latin letters in one word."]


@pytest.mark.django_db
def test_an_invitation_is_accepted_by_its_address_only() -> None:
    """Whoever signs in with another address is refused; the right one joins in the role that was offered."""
    owner, invited, stranger = account(), account("bob@labels.example"), account("eve@other.example")
    developer = register(owner)
    by = acting(owner)
    invitation = actions.invite(developer, email=" Bob@Labels.example ", role="billing", by=by, at=AT)
    assert actions.invite(developer, email="bob@labels.example", role="billing", by=by, at=AT) == invitation
    _refused(
        "developers_invited_already", actions.invite, developer, email=invitation.email, role="owner", by=by, at=AT
    )
    assert Letter.objects.get(recipient=invited.id).link == f"/invitations/{invitation.id}/"
    assert Mail.objects.filter(address="bob@labels.example").count() == 1
    _refused("developers_invitation_of_another", actions.accept, invitation, stranger, by=acting(stranger), at=AT)
    assert actions.accept(invitation, invited, by=acting(invited), at=AT).role == "billing"
    _refused(
        "developers_invitation_not_from_here",
        actions.accept,
        Invitation.objects.named(invitation.id),
        invited,
        by=acting(invited),
        at=AT,
    )
    _refused(
        "developers_member_already", actions.invite, developer, email=invitation.email, role="reader", by=by, at=AT
    )


@pytest.mark.django_db
def test_an_invitation_ends() -> None:
    """After 14 days, when withdrawn, and when declined; somebody without an account is written to by mail."""
    owner = account()
    developer, by = register(owner), acting(owner)
    late = actions.invite(developer, email="late@labels.example", role="reader", by=by, at=AT)
    assert Mail.objects.filter(address="late@labels.example").count() == 1
    person, after = account("late@labels.example"), AT + timedelta(days=14)
    _refused("developers_invitation_over", actions.accept, late, person, by=acting(person), at=after)
    actions.keep_dates(at=after)
    assert Invitation.objects.named(late.id).status == "expired"
    again = actions.invite(developer, email=late.email, role="reader", by=by, at=after)
    assert actions.decline(again, person, by=acting(person), at=after).status == "declined"
    third = actions.invite(developer, email=late.email, role="reader", by=by, at=after)
    assert actions.withdraw(third, by=by, at=after).status == "withdrawn"
    _refused("developers_role_unknown", actions.invite, developer, email=late.email, role="king", by=by, at=AT)


@pytest.mark.django_db
def test_an_organisation_is_never_without_an_owner() -> None:
    """The last owner can neither leave nor step down; with a second one, they can."""
    owner, second = account(), account("bob@labels.example")
    developer = register(owner)
    first = Member.objects.get(account=owner)
    for action in (
        lambda: actions.remove_member(first, by=acting(owner), at=AT),
        lambda: actions.change_role(first, "reader", by=acting(owner), at=AT),
    ):
        _refused("developers_last_owner", action)
    other = actions.add_member(developer, second, by=SYSTEM, at=AT)
    actions.change_role(other, "owner", by=acting(owner), at=AT)
    actions.remove_member(first, by=acting(owner), at=AT)
    assert ledger_kinds(developer=developer.id)[-1] == "developers.leave"
    assert [one.account for one in Member.objects.of(developer)] == [second]


def test_two_owners_who_leave_at_once_do_not_both(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """One of the two stays."""
    owner, second = account(), account("bob@labels.example")
    developer = register(owner)
    actions.add_member(developer, second, by=SYSTEM, at=AT, role="owner")
    start, refused = threading.Barrier(2), []

    def leave(member: Member) -> None:
        start.wait()
        try:
            actions.remove_member(member, by=acting(member.account), at=AT)
        except PiepowderError as error:
            refused.append(error.code)

    threads = [in_thread(leave, one) for one in list(Member.objects.of(developer))]
    for thread in threads:
        thread.join()
    assert refused == ["developers_last_owner"]
    assert Member.objects.of(developer).owners().count() == 1


@pytest.mark.django_db
def test_a_stale_form_overwrites_nothing() -> None:
    """Who saves a profile that somebody else changed meanwhile is told, and the other's words stand."""
    owner = account()
    developer = register(owner)
    seen = developer.revision()
    by: dict[str, Any] = {"by": acting(owner), "at": AT}
    actions.change_profile(developer, website="https://one.example", seen=seen, **by)
    _refused(
        "developers_profile_stale", actions.change_profile, developer, website="https://two.example", seen=seen, **by
    )
    fresh = Developer.objects.named(developer.id)
    assert fresh.website == "https://one.example"
    assert (
        actions.change_profile(fresh, website="https://two.example", seen=fresh.revision(), **by).website
        == "https://two.example"
    )


@pytest.mark.django_db
def test_a_closed_organisation_can_do_nothing_more() -> None:
    """Apps, keys, invitations and the submission end at once; every verb is refused; staff open it again, suspended."""
    owner = account()
    developer = register(owner)
    by: dict[str, Any] = {"by": acting(owner), "at": AT}
    invitation = actions.invite(developer, email="bob@labels.example", role="reader", **by)
    identity, review = submitted(developer, owner)
    create_key(name="own", role=KeyRole.DEVELOPER, developer=developer.id, **by)
    closed = actions.close_developer(developer, reason="sold", **by)
    assert (closed.status, closed.closed_at) == ("closed", AT)
    assert Subject.objects.named(developer.id).status == Standing.SUSPENDED
    assert not ApiKey.objects.of(developer.id).working().exists()
    assert Invitation.objects.named(invitation.id).status == "withdrawn"
    assert Identity.objects.of(developer).status == "draft"
    review.refresh_from_db()
    assert review.outcome == "taken_back"
    for action, given in (
        (actions.invite, {"developer": closed, "email": "eve@labels.example", "role": "reader"}),
        (actions.change_profile, {"developer": closed, "website": "https://x.example"}),
        (actions.submit, {"identity": identity}),
        (actions.prepare, {"identity": identity, "representative": "Eve"}),
        (actions.attach, {"identity": identity, "point": "address", "content": b"x", "name": "a.txt"}),
    ):
        _refused("developers_closed", action, **given, **by)
    _refused("developers_developer_not_from_here", actions.close_developer, closed, **by)
    opened = actions.reopen_developer(closed, by=acting(reviewer()), at=AT)
    assert (opened.is_open, Subject.objects.named(developer.id).status) == (True, Standing.SUSPENDED)
