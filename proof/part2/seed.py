"""`python -m proof.part2.seed`: a small marketplace in every state that its rooms know, made by their own verbs; `clones` multiplies it.

A program of its own: it needs Django, set up for one database. All names, words and numbers are made up.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import django
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")
django.setup()

from piepowder.core.facts.model import ManifestFact  # noqa: E402
from piepowder.core.kernel import json  # noqa: E402
from piepowder.core.kernel.errors import PiepowderError  # noqa: E402
from piepowder.core.policy.model import Mode  # noqa: E402
from piepowder.core.policy.pack import read_pack  # noqa: E402
from piepowder.rooms.appstore import actions as appstore  # noqa: E402
from piepowder.rooms.appstore.models import App  # noqa: E402
from piepowder.rooms.assessments import actions as assessments  # noqa: E402
from piepowder.rooms.assessments.models import Submission  # noqa: E402
from piepowder.rooms.assessments.rules.status import Word  # noqa: E402
from piepowder.rooms.audits import actions as audits  # noqa: E402
from piepowder.rooms.audits.models import Audit  # noqa: E402
from piepowder.rooms.audits.rules import Method, Severity, Verdict  # noqa: E402
from piepowder.rooms.billing import actions as billing  # noqa: E402
from piepowder.rooms.billing.models import Plan  # noqa: E402
from piepowder.rooms.billing.rules import PlanKind, Terms  # noqa: E402
from piepowder.rooms.consent import actions as consent  # noqa: E402
from piepowder.rooms.consent.models import Client  # noqa: E402
from piepowder.rooms.developers import actions as developers  # noqa: E402
from piepowder.rooms.developers.models import Developer, Identity  # noqa: E402
from piepowder.rooms.developers.rules.identity import WITH_DOCUMENT  # noqa: E402
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind  # noqa: E402
from piepowder.rooms.imports import actions as imports  # noqa: E402
from piepowder.rooms.notices.actions import mail_due  # noqa: E402
from piepowder.rooms.people import actions as people  # noqa: E402
from piepowder.rooms.people.models import Account, Seller  # noqa: E402
from piepowder.rooms.people.rules import KeyRole  # noqa: E402
from piepowder.rooms.publication.actions import publish_policy  # noqa: E402
from piepowder.rooms.standing.actions import set_standing  # noqa: E402
from piepowder.rooms.standing.models import Subject  # noqa: E402
from piepowder.rooms.standing.rules import Standing  # noqa: E402
from piepowder.rooms.store import actions as store  # noqa: E402
from piepowder.rooms.store.categories import categories  # noqa: E402
from piepowder.rooms.store.models import Listing, Rating  # noqa: E402
from piepowder.rooms.store.rules import ListingStatus  # noqa: E402
from tests.support import assessments as answers  # noqa: E402
from tests.support import storefront  # noqa: E402
from tests.support.appstore import DETAILS  # noqa: E402
from tests.support.documents import pdf  # noqa: E402
from tests.support.imports import a_market  # noqa: E402
from tests.support.organisation import MET, PROFILE  # noqa: E402

NOW = datetime.now(UTC).replace(microsecond=0)
DEVELOPERS, APPS, SELLERS, APPS_OF_A_SELLER = 30, 100, 20, 50
WORDS = ("Label", "Tax", "Parcel", "Margin", "Stock", "Review", "Price", "Invoice", "Return", "Harbour")
CATEGORIES = tuple(categories())
TERMS = (
    Terms(kind=PlanKind.FREE, currency="EUR", amount=Decimal(0)),
    Terms(kind=PlanKind.MONTHLY, currency="EUR", amount=Decimal("9.90")),
    Terms(kind=PlanKind.PER_ORDER, currency="EUR", amount=Decimal("0.05")),
)
THINGS = ("works", "house", "pilot", "desk", "light")
MANIFESTS = (
    ManifestFact(
        {"orders.v0.getOrders": ("shipping.labels",), "orders.v0.getOrderAddress": ("shipping.labels",)},
        {"shipping.labels": ("buyer.address", "buyer.name", "order.item")},
    ),
    ManifestFact({"orders.v0.getOrders": ("metrics",)}, {"metrics": ("order.item", "order.money")}),
)


def seed() -> dict[str, str]:
    """Ids of staff, who are not multiplied."""
    with transaction.atomic():  # one commit: hundreds of others would only wait for the disk
        staff = everything()
    mail_due(at=NOW)
    return staff


def everything() -> dict[str, str]:
    pack = read_pack("data-protection")
    publish_policy(pack.files, pack.version, by=SYSTEM, at=NOW)
    staff = {
        f"{role}{number}": people.create_staff(
            email=f"{role}{number}@market.example", name=f"{role.title()} {number}", role=role, by=SYSTEM, at=NOW
        ).id
        for role in (KeyRole.OPERATOR, KeyRole.REVIEWER, KeyRole.AUDITOR)
        for number in (1, 2)
    }
    desk = [Actor(ActorKind.STAFF, staff[f"{KeyRole.REVIEWER}{number}"]) for number in (1, 2)]
    makers = [organisation(number, desk) for number in range(DEVELOPERS)]
    apps = [app_of(makers[number % DEVELOPERS], number, desk) for number in range(APPS)]
    use(apps, [shop(number) for number in range(SELLERS)])
    audit(Actor(ActorKind.STAFF, staff[f"{KeyRole.OPERATOR}1"]))
    trouble(apps, desk)
    return staff


def organisation(number: int, desk: Sequence[Actor]) -> tuple[Developer, Actor]:
    """One with a member, an identity and an assessment, each in some state."""
    owner = people.sign_up(Account.objects.create_user(f"owner{number}@maker.example", name=f"Ada {number}"), at=NOW)
    by, name = Actor(ActorKind.DEVELOPER, owner.id), f"{WORDS[number % 10]} {THINGS[number % 5]} {number}"
    facts = {**PROFILE, "name": name, "legal_name": f"{name} GmbH", "company_number": f"HRB {number}"}
    made = developers.register_own(owner, by=by, at=NOW, **facts)
    developers.invite(made, email=f"colleague{number}@maker.example", role="developer", by=by, at=NOW)
    identify(made, by, number, desk[number % 2])
    assess(made, by, number, desk)
    if Subject.objects.named(made.id).status != Standing.GOOD:
        set_standing(made.id, Standing.GOOD, by=desk[0], at=NOW, reason="It was here before the rule.")
    return made, by


def identify(developer: Developer, by: Actor, number: int, reviewer: Actor) -> None:
    identity = Identity.objects.of(developer)
    developers.prepare(identity, representative="Ada Maker", by=by, at=NOW)
    for point in WITH_DOCUMENT:
        name = f"{point}.pdf"
        developers.attach(identity, point=point, content=pdf(f"{developer.id} {point}"), name=name, by=by, at=NOW)
    if number % 10 == 9:
        return
    review = developers.submit(identity, by=by, at=NOW)
    if number % 10 == 8:
        return
    developers.claim(Identity.objects.of(developer), number=review.number, by=reviewer, at=NOW)
    met = (
        {**MET, str(WITH_DOCUMENT[0]): (False, "The extract is of another organisation.")} if number % 10 == 7 else MET
    )
    developers.decide(Identity.objects.of(developer), number=review.number, answers=met, by=reviewer, at=NOW)


def assess(developer: Developer, by: Actor, number: int, desk: Sequence[Actor]) -> None:
    """Approved, but for some that are drafts, wait, are looked at, or were returned."""
    if number % 10 == 9:
        assessments.begin(developer, roles=answers.ROLES, by=by, at=NOW)
        return
    made = answers.answered(developer, by, at=NOW, **({"second_factor": "nowhere"} if number % 10 == 6 else {}))
    if number % 10 == 8:
        return
    submission = assessments.submit(made, by=by, at=NOW)
    assessments.write(made, "When will you look at it?", by=by, at=NOW)
    if number % 10 in (5, 7):
        return
    submission = assessments.take(submission, by=desk[0], at=NOW)
    assessments.write(made, "This week.", by=desk[0], at=NOW)
    assessments.accept_rest(submission, by=desk[0], at=NOW)
    if number % 10 == 4:
        return
    for question in assessments.undecided(Submission.objects.named(submission.id)):
        assessments.decide(
            submission, question, Word.WRONG, reason="Not enough.", fix="Turn it on.", by=desk[0], at=NOW
        )
    concluded = assessments.conclude(Submission.objects.named(submission.id), by=desk[0], at=NOW)
    if concluded.proposed_at and not concluded.concluded_at and number % 10 != 3:
        assessments.confirm(concluded, by=desk[1], at=NOW)


def app_of(maker: tuple[Developer, Actor], number: int, desk: Sequence[Actor]) -> App:
    """Most are live; some have a version that is written, waits, or is looked at; half of them are in the store."""
    developer, by = maker
    manifest = MANIFESTS[number % 5 == 0]
    name = f"{WORDS[number % 10]} {THINGS[number // 10 % 5]} {number}"
    app = appstore.create_app(developer, name=name, by=SYSTEM, at=NOW, standing=Standing.GOOD)
    appstore.change_details(app, replace(DETAILS, name=name), by=by, at=NOW)
    appstore.add_version(App.objects.named(app.id), manifest, by=SYSTEM, at=NOW)
    appstore.approve_roles(App.objects.named(app.id), answers.ROLES, by=SYSTEM, at=NOW, reason="Seen.")
    app = App.objects.named(app.id)
    consent.register_client(app, redirect_uris=DETAILS.redirect_uris, lasting=True, by=by, at=NOW)
    if number % 3 == 0:
        under_way(app, number, by, desk)
    if number % 2 == 0:
        offered(app, number, desk[0])
    if number % 20 == 7:
        mode(app, desk)
    return App.objects.named(app.id)


def mode(app: App, desk: Sequence[Actor]) -> None:
    until = NOW + timedelta(days=30)
    change = appstore.set_mode(app, Mode.OBSERVE, until=until, reason="It is new here.", by=desk[0], at=NOW)
    if app.name.endswith("7"):
        appstore.approve_mode(change, by=desk[1], at=NOW)


def under_way(app: App, number: int, by: Actor, desk: Sequence[Actor]) -> None:
    version = appstore.begin_version(app, manifest=MANIFESTS[1], by=by, at=NOW)
    version = appstore.describe_version(version, roles=answers.ROLES[:1], notes="One that asks less.", by=by, at=NOW)
    if number % 4 == 0:
        return
    with contextlib.suppress(PiepowderError):  # of organisations that were not assessed
        version = appstore.submit_version(version, by=by, at=NOW)
        if number % 4 == 3:
            appstore.begin_review(version, by=desk[0], at=NOW)


def offered(app: App, number: int, reviewer: Actor) -> None:
    """With a listing and a plan."""
    store.open_listing(app, by=SYSTEM, at=NOW)
    kind = CATEGORIES[number // 2 % len(CATEGORIES)]
    store.edit_listing(app.id, storefront.texts(categories=(kind,)), by=SYSTEM, at=NOW)
    billing.create_plan(app, name="Small shops", terms=TERMS[number // 2 % len(TERMS)], by=SYSTEM, at=NOW)
    if number % 20 == 8:
        return
    store.add_screenshot(app.id, storefront.png(), words="The list of the day", by=SYSTEM, at=NOW)
    store.submit(app.id, by=SYSTEM, at=NOW)
    if number % 20 != 18:
        store.accept(app.id, by=reviewer, at=NOW)


def shop(number: int) -> Seller:
    seller = people.provision_seller(marketplace_id=f"A{number:013d}", name=f"Shop {number}", by=SYSTEM, at=NOW)
    people.account_for_seller(seller, email=f"shop{number}@shops.example", name=f"Lena {number}", at=NOW)
    return seller


def use(apps: Sequence[App], sellers: Sequence[Seller]) -> None:
    """Every seller authorises many apps, revokes some, subscribes to some, rates some."""
    for place, seller in enumerate(sellers):
        account = Account.objects.get(seller=seller)
        by = Actor(ActorKind.SELLER, account.id)
        for number in range(APPS_OF_A_SELLER):
            one_use(apps[(place * 7 + number) % len(apps)], seller, number, by)


def one_use(app: App, seller: Seller, number: int, by: Actor) -> None:
    row = consent.grant(app, seller, by=by, at=NOW)
    client = Client.objects.lasting_of(app)
    assert client is not None
    consent.provision_refresh_token(row, client=client, by=SYSTEM, at=NOW)
    plan = Plan.objects.filter(app=app).first()
    if plan is not None and number % 4 == 0:
        billing.subscribe(plan, seller, by=by, at=NOW)
    if number % 5 == 0 and Listing.objects.filter(app=app, status=ListingStatus.LISTED).exists():
        words = "Does what it says." if number % 2 else ""
        store.rate(app.id, seller.id, stars=1 + number % 5, words=words, by=by, at=NOW)
    if number == 0:
        consent.revoke(row, by=by, at=NOW, reason="We tried it for a day.")
        consent.grant(app, seller, by=by, at=NOW)


def audit(assessor: Actor) -> None:
    """Some announced, some that wait for evidence, some with findings, some closed."""
    draw = audits.draw_audits(method=Method.SAMPLE, size=8, by=assessor, at=NOW)
    for number, one in enumerate(Audit.objects.filter(draw=draw).order_by("id")):
        audits.take_audit(one, by=assessor, at=NOW)
        audits.announce_audit(one, by=assessor, at=NOW)
        if number % 4 == 1:
            audits.request_evidence(one, [("", "The last review of accounts.")], by=assessor, at=NOW)
        if number % 4 >= 2:
            look_into(one, assessor, found=number % 4 == 2)


def look_into(one: Audit, assessor: Actor, *, found: bool) -> None:
    audits.begin_assessment(one, by=assessor, at=NOW)
    items = list(one.items.all())
    for item in items:
        verdict = Verdict.NOT_MET if found and item is items[0] else Verdict.MET
        audits.judge_item(one, item.key, verdict, reason="Seen in the document.", by=assessor, at=NOW)
    if not found:
        audits.close_audit(one, summary="Nothing to put right.", by=assessor, at=NOW)
        return
    what, to_do = "Accounts are shared.", "Give everybody an own account."
    audits.add_finding(one, severity=Severity.MEDIUM, what=what, to_do=to_do, item=items[0].key, by=assessor, at=NOW)
    audits.send_findings(one, by=assessor, at=NOW)


def trouble(apps: Sequence[App], desk: Sequence[Actor]) -> None:
    """Personal data switched off for some, ratings reported, keys made, a file brought in."""
    for app in apps[3::25]:
        set_standing(app.id, Standing.PERSONAL_DATA_OFF, by=desk[0], at=NOW, reason="Names were found in its logs.")
    for rating in Rating.objects.exclude(words="")[:5]:
        store.report_rating(rating.id, words="It is about another app.", by=desk[1], at=NOW)
    for developer in Developer.objects.all():
        people.create_key(
            name="nightly", role=KeyRole.DEVELOPER, developer=developer.id, by=SYSTEM, at=NOW, expires_at=None
        )
    imports.check(a_market(), by=desk[0], at=NOW)


if __name__ == "__main__":
    sys.stdout.write(json.encode(seed()).decode() + "\n")
