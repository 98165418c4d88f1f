import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers import actions
from piepowder.rooms.developers.models import Identity, Review
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.actions import create_staff_key
from piepowder.rooms.people.rules import KeyRole
from tests.support.consent import ledger_kinds
from tests.support.documents import pdf
from tests.support.organisation import AT, MET, account, acting, ready, register, reviewer, submitted

DAY = timedelta(days=1)


def _refused(code: str, action: Callable[..., object], *given: object, **named: object) -> PiepowderError:
    with pytest.raises(PiepowderError) as raised:
        action(*given, **named)
    assert raised.value.code == code
    return raised.value


def _subjects(recipient: str) -> list[str]:
    return list(Letter.objects.filter(recipient=recipient).order_by("id").values_list("subject", flat=True))


@pytest.mark.django_db
def test_from_draft_to_verified() -> None:
    """What is missing is said before; the date is promised; a letter and a record tell of every step."""
    owner, by = account(), acting(reviewer())
    developer = register(owner)
    told = _refused("developers_identity_incomplete", actions.submit, developer.identity, by=acting(owner), at=AT)
    assert len(told.fields["problems"]) == 3
    identity, review = submitted(developer, owner)
    assert (review.number, f"{review.due_at:%Y-%m-%d}", Review.objects.place(review)) == (1, "2026-12-02", 1)
    actions.claim(identity, number=1, by=by, at=AT)
    decided = actions.decide(identity, number=1, answers=MET, by=by, at=AT)
    assert (decided.status, decided.valid_until) == ("verified", AT + 730 * DAY)
    assert decided.is_verified(AT)
    assert not decided.is_verified(AT + 730 * DAY)
    assert _subjects(developer.id)[-2:] == ["We have what shows your identity", "Your identity is verified"]
    assert ledger_kinds(developer=developer.id)[-4:-1] == [
        "notices.tell",
        "developers.claim_identity",
        "developers.verify_identity",
    ]


@pytest.mark.django_db
def test_returned_with_a_reason_at_each_point_corrected_and_submitted_again() -> None:
    """Only what was not met has to change; there is no limit to tries, and the earlier answer stays on the page."""
    owner, by = account(), acting(reviewer())
    identity, _ = submitted(register(owner), owner)
    answers = {**MET, "address": (False, "The bill is two years old.")}
    returned = actions.decide(identity, number=1, answers=answers, reason="Nearly.", by=by, at=AT)
    assert returned.status == "returned"
    letter = Letter.objects.filter(recipient=identity.developer_id).order_by("-id")[0]
    assert "The address is its own: The bill is two years old." in letter.body
    link = returned.documents.get(point="address")
    actions.detach(returned, link.id, by=acting(owner), at=AT)
    assert Document.objects.get(pk=link.document_id).erased_at is None  # it was judged: it stays with its review
    actions.attach(returned, point="address", content=pdf("new"), name="bill.pdf", by=acting(owner), at=AT)
    again = actions.submit(returned, by=acting(owner), at=AT)
    assert again.number == 2
    assert (
        actions.decide(Identity.objects.of(identity.developer), number=2, answers=MET, by=by, at=AT).status
        == "verified"
    )
    assert Review.objects.numbered(identity, 1).refusals() == {"address": "The bill is two years old."}


@pytest.mark.django_db
def test_what_nobody_was_shown_is_erased() -> None:
    """A document that is removed before any submission leaves no bytes behind."""
    owner = account()
    identity = ready(register(owner), owner)
    link = identity.documents.get(point="address")
    actions.detach(identity, link.id, by=acting(owner), at=AT)
    assert Document.objects.get(pk=link.document_id).erased_at == AT
    _refused("developers_document_unknown", actions.detach, identity, link.id, by=acting(owner), at=AT)


@pytest.mark.django_db
def test_nothing_changes_under_a_reviewers_eyes() -> None:
    """While it is looked at, documents and legal facts stand still; taken back, they may change, and the place is given up."""
    owner = account()
    developer = register(owner)
    identity, review = submitted(developer, owner)
    by: dict[str, Any] = {"by": acting(owner), "at": AT}
    _refused("developers_identity_locked", actions.prepare, identity, representative="Eve", **by)
    _refused("developers_identity_in_review", actions.change_profile, developer, address="2 Other Street", **by)
    assert actions.change_profile(developer, website="https://new.example", **by).website == "https://new.example"
    taken = actions.take_back(identity, **by)
    assert (taken.status, Review.objects.get(pk=review.pk).outcome) == ("draft", "taken_back")
    reviewing: dict[str, Any] = {"by": acting(reviewer()), "at": AT}
    _refused("developers_review_changed", actions.decide, identity, number=1, answers=MET, **reviewing)
    assert actions.change_profile(developer, address="2 Other Street", **by).address == "2 Other Street"


@pytest.mark.django_db
def test_a_second_click_on_submit_submits_once() -> None:
    """The same form again is a conflict, and there is one submission."""
    owner = account()
    identity, _ = submitted(register(owner), owner)
    error = _refused("developers_identity_not_from_here", actions.submit, identity, by=acting(owner), at=AT)
    assert "already" in error.message
    assert identity.reviews.count() == 1


@pytest.mark.django_db
def test_other_legal_facts_have_it_shown_anew() -> None:
    """A verified identity ends with the facts that it was about; a new website ends nothing."""
    owner = account()
    developer = register(owner)
    identity, _ = submitted(developer, owner)
    actions.decide(identity, number=1, answers=MET, by=acting(reviewer()), at=AT)
    by: dict[str, Any] = {"by": acting(owner), "at": AT}
    actions.change_profile(developer, website="https://new.example", **by)
    assert Identity.objects.of(developer).is_verified(AT)
    actions.change_profile(developer, company_number="HRB 99", **by)
    assert Identity.objects.of(developer).status == "expired"
    assert not Identity.objects.of(developer).is_verified(AT)
    assert _subjects(developer.id)[-1] == "Your identity has to be shown anew"


@pytest.mark.django_db
def test_nobody_reviews_their_own_organisation() -> None:
    """Refused to a member, to whoever reads one of its addresses, and to a key that either of them made."""
    owner, member = account(), reviewer()
    developer = register(owner)
    identity, _ = submitted(developer, owner)
    actions.add_member(developer, member, by=SYSTEM, at=AT, role="reader")
    namesake = reviewer("privacy@labels.example")
    key, _ = create_staff_key(name="mine", role=KeyRole.REVIEWER, by=acting(member), at=AT)
    for by in (acting(member), acting(namesake), Actor(ActorKind.STAFF, key.id)):
        _refused("developers_own_organisation", actions.claim, identity, number=1, by=by, at=AT)
        _refused("developers_own_organisation", actions.decide, identity, number=1, answers=MET, by=by, at=AT)


@pytest.mark.django_db
def test_a_claimed_submission_is_one_reviewers() -> None:
    """A second reviewer is told who works on it, and decides only after taking it over or once it is given back."""
    owner, first, second = account(), acting(reviewer()), acting(reviewer("otto@market.example"))
    identity, _ = submitted(register(owner), owner)
    actions.claim(identity, number=1, by=first, at=AT)
    _refused("developers_review_claimed", actions.claim, identity, number=1, by=second, at=AT)
    _refused("developers_review_claimed", actions.decide, identity, number=1, answers=MET, by=second, at=AT)
    assert actions.claim(identity, number=1, by=second, at=AT, take_over=True).reviewer == str(second)
    assert actions.release(identity, number=1, by=first, at=AT).reviewer == str(second)
    assert actions.release(identity, number=1, by=second, at=AT).reviewer == ""
    actions.decide(identity, number=1, answers=MET, by=first, at=AT)
    _refused("developers_review_changed", actions.decide, identity, number=1, answers=MET, by=second, at=AT)


def test_of_two_reviewers_at_once_one_decides(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """Both press the button at the same moment: one decision stands, the other meets a conflict."""
    owner = account()
    identity, _ = submitted(register(owner), owner)
    people = [acting(reviewer(f"{name}@market.example")) for name in ("rita", "otto")]
    start, codes = threading.Barrier(2), []

    def decide(by: Actor, met: bool) -> None:
        answers = {**MET, "website": (met, "" if met else "It names another.")}
        start.wait()
        try:
            codes.append(actions.decide(identity, number=1, answers=answers, by=by, at=AT).status)
        except PiepowderError as error:
            codes.append(error.code)

    threads = [in_thread(decide, by, met) for by, met in zip(people, (True, False), strict=True)]
    for thread in threads:
        thread.join()
    assert len({"verified", "returned"} & set(codes)) == 1
    assert {"developers_identity_changed_meanwhile", "developers_review_changed"} & set(codes)
    assert Review.objects.numbered(identity, 1).outcome in codes


@pytest.mark.django_db
def test_a_missed_promise_is_told_to_both_sides_once() -> None:
    """The developer gets one letter, the ledger one record, and the queue shows it as late."""
    owner = account()
    identity, review = submitted(register(owner), owner)
    for at in (review.due_at - DAY, review.due_at, review.due_at + DAY):
        actions.keep_dates(at=at)
    assert _subjects(identity.developer_id).count("We have not kept the promised date") == 1
    assert ledger_kinds(developer=identity.developer_id).count("developers.miss_identity_promise") == 1
    assert list(Review.objects.overdue(review.due_at)) == [review]


@pytest.mark.django_db
def test_an_identity_is_renewed_before_its_end_without_a_gap() -> None:
    """60 days before, it can be shown anew; it stays valid meanwhile; without that it ends, with a reminder each time."""
    owner, by = account(), acting(reviewer())
    developer = register(owner)
    identity, _ = submitted(developer, owner)
    verified = actions.decide(identity, number=1, answers=MET, by=by, at=AT)
    assert verified.valid_until is not None
    _refused("developers_identity_valid", actions.submit, verified, by=acting(owner), at=AT + DAY)
    for left in (61, 60, 59, 30, 1):
        actions.keep_dates(at=verified.valid_until - left * DAY)
    near = verified.valid_until - DAY
    assert sum("is valid until" in subject for subject in _subjects(developer.id)) == 3
    actions.submit(verified, by=acting(owner), at=near)
    assert Identity.objects.of(developer).is_verified(near)
    actions.take_back(Identity.objects.of(developer), by=acting(owner), at=near)
    assert not Identity.objects.of(developer).is_verified(verified.valid_until)


@pytest.mark.django_db
def test_time_ends_a_verified_identity() -> None:
    """On its last day it expires, once, and a letter says so."""
    owner = account()
    developer = register(owner)
    identity, _ = submitted(developer, owner)
    verified = actions.decide(identity, number=1, answers=MET, by=acting(reviewer()), at=AT)
    assert verified.valid_until is not None
    for _ in range(2):
        actions.keep_dates(at=verified.valid_until)
    assert Identity.objects.of(developer).status == "expired"
    assert ledger_kinds(developer=developer.id).count("developers.expire_identity") == 1


@pytest.mark.django_db
def test_incumbents_have_the_same_points_and_a_date() -> None:
    """An imported organisation goes on until its date, is reminded, and is asked for nothing that newcomers are not asked for."""
    due = (AT + 60 * DAY).date()
    facts: dict[str, Any] = {"contact_email": "old@example.com", "by": SYSTEM, "at": AT}
    incumbent = actions.register_developer(name="Old hand", identity_due_on=due, **facts)
    newcomer = actions.register_developer(name="New hand", **facts)
    old, new = (Identity.objects.of(one) for one in (incumbent, newcomer))
    assert old.gaps(AT.date()) == new.gaps(AT.date())
    assert (old.holds(AT), new.holds(AT), old.holds(AT + 61 * DAY)) == (True, False, False)
    for left in (61, 60, 14, 0, -1, -2):
        actions.keep_dates(at=AT + (60 - left) * DAY)
    assert [subject.endswith("due on 24 January 2027") for subject in _subjects(incumbent.id)] == [True] * 4
    assert _subjects(newcomer.id) == []
