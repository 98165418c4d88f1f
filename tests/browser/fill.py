"""`python -m tests.browser.fill < given.json`: puts a market full of people and apps into a stack, through the rooms' own actions.

Given: {"return_to": address of an app's own program}. Prints {"listed": {app name: id}, "client_id", "client_secret"}. Everybody and
everything is made up. Afterwards there are: three apps on the shelf, one of them ready to be authorised; the developer
`nora@newcomer.example`, whose app's calls are refused, whose assessment came back and whose version was returned; the developer
`otto@open.example` in the middle of everything.
"""

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")
django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from django.db import transaction  # noqa: E402

from piepowder.core.facts.model import ManifestFact  # noqa: E402
from piepowder.core.kernel import json  # noqa: E402
from piepowder.rooms.appstore import actions as appstore  # noqa: E402
from piepowder.rooms.appstore.models import App  # noqa: E402
from piepowder.rooms.assessments import actions as assessments  # noqa: E402
from piepowder.rooms.assessments.models import Submission  # noqa: E402
from piepowder.rooms.assessments.rules.status import Word  # noqa: E402
from piepowder.rooms.consent import actions as consent  # noqa: E402
from piepowder.rooms.developers.actions import add_member, register_developer  # noqa: E402
from piepowder.rooms.developers.models import Developer, Identity  # noqa: E402
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind  # noqa: E402
from piepowder.rooms.people.actions import create_staff  # noqa: E402
from piepowder.rooms.people.models import Account  # noqa: E402
from piepowder.rooms.people.rules import KeyRole  # noqa: E402
from piepowder.rooms.standing.rules import Standing  # noqa: E402
from piepowder.rooms.store import actions as store  # noqa: E402
from tests.support.appstore import DETAILS, SHIPPING, all_fine, make_app  # noqa: E402
from tests.support.assessments import ROLES, answered  # noqa: E402
from tests.support.organisation import register, submitted  # noqa: E402
from tests.support.storefront import texts  # noqa: E402

PASSWORD = "seven quiet otters"
AT = datetime.now(UTC)
REVIEWER, SECOND = Actor(ActorKind.STAFF, "acc_first"), Actor(ActorKind.STAFF, "acc_second")
ASKS = ManifestFact(
    {"orders.v0.getOrders": ("shipping", "metrics"), "orders.v0.getOrderAddress": ("shipping",)},
    {
        "shipping": ("buyer.name", "buyer.address", "order.item"),
        "metrics": ("order.money", "order.item", "buyer.email"),
    },
)


def fill(return_to: str) -> dict[str, Any]:
    shelf = {name: on_the_shelf(App.objects.get(name=name), short) for name, short in SHELF.items()}
    label_maker, secret = ready_to_authorise(return_to)
    case = newcomer("nora@newcomer.example")
    identity = in_the_middle("otto@open.example")
    waits("wanda@waiting.example")
    person("dora@double.example", "Dora Double")
    olga_acts_for(Submission.objects.named(case).assessment.developer, Identity.objects.get(pk=identity).developer)
    return {
        "case": case,
        "identity": identity,
        "listed": {**shelf, label_maker.name: label_maker.id},
        "client_id": label_maker.client_id,
        "client_secret": secret,
    }


SHELF = {
    "printer": "Prints the label of every parcel of the day at once",
    "metrics": "Shows how the shop is doing, without knowing a single buyer",
}


def on_the_shelf(app: App, short: str) -> str:
    store.open_listing(app, by=SYSTEM, at=AT)
    store.edit_listing(app.id, texts(short=short), by=SYSTEM, at=AT)
    store.submit(app.id, by=SYSTEM, at=AT)
    store.accept(app.id, by=REVIEWER, at=AT)
    return app.id


def person(email: str, name: str) -> Account:
    account = Account.objects.create_user(email, PASSWORD, name=name)
    EmailAddress.objects.create(user=account, email=email, verified=True, primary=True)
    return account


def acting(account: Account) -> Actor:
    return Actor(ActorKind.DEVELOPER, account.id)


def ready_to_authorise(return_to: str) -> tuple[App, str]:
    """An app on the shelf that nobody uses yet; its program answers at `return_to`."""
    maker = register_developer(
        name="Label works", contact_email="office@labels.example", by=SYSTEM, at=AT, standing=Standing.GOOD
    )
    app = appstore.create_app(maker, name="Label maker", by=SYSTEM, at=AT, standing=Standing.GOOD)
    appstore.add_version(app, ASKS, by=SYSTEM, at=AT)
    appstore.approve_roles(app, ROLES, by=SYSTEM, at=AT)
    _, secret = consent.register_client(app, redirect_uris=(return_to,), lasting=True, by=SYSTEM, at=AT)
    app.refresh_from_db()
    on_the_shelf(app, "Prints parcel labels as orders come in")
    return app, secret


def olga_acts_for(*developers: Developer) -> None:
    """A reviewer who is a member of organisations herself."""
    olga = create_staff(email="olga@staff.example", name="Olga", role=KeyRole.REVIEWER, by=SYSTEM, at=AT)
    for developer in developers:
        add_member(developer, olga, by=SYSTEM, at=AT)


def newcomer(email: str) -> str:
    """Joins the developer of an app whose calls are refused; an answer and a version are refused as well."""
    app = App.objects.get(name="newcomer")
    account = person(email, "Nora Newcomer")
    add_member(app.developer, account, by=SYSTEM, at=AT, role="owner")
    approved_assessment(app.developer, account)
    returned_version(app, account)
    return returned_renewal(app.developer, account)


def approved_assessment(developer: Developer, account: Account) -> None:
    submission = assessments.submit(answered(developer, acting(account), at=AT), by=acting(account), at=AT)
    submission = assessments.take(submission, by=REVIEWER, at=AT)
    assessments.accept_rest(submission, by=REVIEWER, at=AT)
    submission = assessments.conclude(submission, by=REVIEWER, at=AT)
    assessments.confirm(submission, by=SECOND, at=AT)


def returned_version(app: App, account: Account) -> None:
    appstore.change_details(app, replace(DETAILS, name=app.name), by=acting(account), at=AT)
    version = appstore.begin_version(app, manifest=SHIPPING, by=acting(account), at=AT)
    version = appstore.describe_version(version, roles=ROLES, by=acting(account), at=AT)
    version = appstore.begin_review(appstore.submit_version(version, by=acting(account), at=AT), by=REVIEWER, at=AT)
    answers = {**all_fine(version), "data": (False, "The street is not needed: the postcode does.")}
    appstore.decide_version(version, answers, by=REVIEWER, at=AT)


def returned_renewal(developer: Developer, account: Account) -> str:
    renewal = assessments.begin(developer, roles=ROLES, by=acting(account), at=AT)
    submission = assessments.submit(renewal, by=acting(account), at=AT)
    submission = assessments.take(submission, by=REVIEWER, at=AT)
    assessments.decide(
        submission,
        "incident_rehearsed",
        Word.WRONG,
        reason="The date is from before the plan was written.",
        fix="Go through the plan once, and give that day.",
        by=REVIEWER,
        at=AT,
    )
    assessments.accept_rest(submission, by=REVIEWER, at=AT)
    return assessments.conclude(submission, by=REVIEWER, at=AT).id


def waits(email: str) -> None:
    """An assessment that stands in the queue."""
    account = person(email, "Wanda Waiting")
    developer = register(account, legal_name="Waiting Works Ltd", name="Waiting works", company_number="HRB 77")
    assessments.submit(answered(developer, acting(account), at=AT), by=acting(account), at=AT)


def in_the_middle(email: str) -> str:
    """Identity in review, an assessment with some answers, an app with a draft, a listing being written."""
    account = person(email, "Otto Open")
    developer = register(account, legal_name="Open Shop Tools Ltd", name="Open tools", company_number="HRB 99")
    identity, _ = submitted(developer, account, AT)
    assessment = assessments.begin(developer, roles=["direct_to_consumer_shipping"], by=acting(account), at=AT)
    assessments.bring_in(assessment, {"answers": {"firewall": True, "leavers": 300}}, by=acting(account), at=AT)
    app = make_app(developer, acting(account), name="Open packer")
    appstore.begin_version(app, manifest=SHIPPING, by=acting(account), at=AT)
    return identity.id


if __name__ == "__main__":
    with transaction.atomic():
        made = fill(json.decode(sys.stdin.buffer.read())["return_to"])
    sys.stdout.write(json.encode(made).decode() + "\n")
