"""The JSON API and the commands say the same and ask for the same permissions."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from piepowder.core.kernel.json import decode
from piepowder.rooms.billing import actions, months
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import create_key
from piepowder.rooms.people.rules import KeyRole
from tests.support.billing import OFFICE
from tests.support.commands import Run, commands
from tests.support.consent import make_app, make_seller

NOW = datetime.now(UTC)
MONTH = months.month_of(NOW, UTC)
LAST = months.before(months.before(MONTH))  # over for long enough at any hour
TERMS = {"kind": "monthly", "currency": "EUR", "amount": "9.90"}


def key_of(*, developer: str = "", seller: Any = None) -> Browser:
    role = KeyRole.DEVELOPER if developer else KeyRole.SELLER
    given = {"developer": developer, "seller": seller.id if seller else ""}
    _, secret = create_key(name="test", role=role, by=SYSTEM, at=NOW, expires_at=None, **given)
    return Browser(headers={"authorization": f"Bearer {secret}"})


def ask(browser: Browser, path: str, sent: object = None, status: int = 200) -> Any:
    answer = (
        browser.get(f"/api{path}")
        if sent is None
        else browser.post(f"/api{path}", sent, content_type="application/json")
    )
    assert answer.status_code == status, answer.content
    return decode(answer.content)


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    with commands(committed, tmp_path, capsys) as run:
        yield run


@pytest.mark.django_db
def test_a_developers_and_a_sellers_programs_do_what_they_do_on_pages(api: Browser) -> None:
    """Each with a key of its own organisation or shop; a stranger's key finds nothing."""
    app, seller = make_app(), make_seller()
    developer, shop = key_of(developer=app.developer_id), key_of(seller=seller)
    plan = ask(developer, "/plans", {**TERMS, "app": app.id, "name": "Small shops"}, 201)
    assert (plan["price"], plan["amount"], plan["versions"][0]["version"]) == ("9.90 EUR a month", "9.90", 1)
    stranger = key_of(developer=make_app("Other").developer_id)
    ask(stranger, f"/plans/{plan['id']}/withdraw", {}, 404)
    assert ask(stranger, f"/plans?app={app.id}")[0]["id"] == plan["id"]  # prices are public
    row = ask(shop, "/subscriptions", {"plan": plan["id"], "seller": seller.marketplace_id}, 201)
    ask(shop, "/subscriptions", {"plan": plan["id"], "seller": make_seller("Other").id}, 404)
    assert (
        ask(shop, "/subscriptions", {"plan": plan["id"], "seller": seller.id}, 409)["code"]
        == "billing_subscribed_already"
    )
    ask(developer, f"/plans/{plan['id']}/change", {**TERMS, "amount": "12.00", "seen": 1})
    actions.follow_time(at=NOW)
    [offer] = ask(shop, f"/subscriptions/{row['id']}/offers")
    assert ask(shop, f"/subscriptions/{row['id']}/offers/{offer['id']}/accept", {})["price"] == "12.00 EUR a month"
    other = ask(developer, "/plans", {"kind": "free", "currency": "EUR", "app": app.id, "name": "To try"}, 201)
    assert ask(shop, f"/subscriptions/{row['id']}/switch", {"plan": other["id"]})["plan"] == other["id"]
    assert ask(shop, f"/subscriptions/{row['id']}/cancel", {})["status"] == "cancelled"
    assert ask(shop, f"/subscriptions/{row['id']}/resume", {})["status"] == "active"
    assert [one["id"] for one in ask(developer, "/subscriptions")] == [row["id"]]
    assert ask(stranger, "/subscriptions") == []
    assert [one["id"] for one in ask(api, f"/subscriptions?seller={seller.id}")] == [row["id"]]
    ask(developer, "/billing/charges", status=404)
    assert ask(shop, "/billing/charges") == []


@pytest.mark.django_db
def test_the_office_works_by_api(api: Browser, auditor_api: Browser) -> None:
    """Rates, a month, a correction, a settlement; auditors read and change nothing."""
    app, seller = make_app(), make_seller()
    began = months.beginning(LAST, UTC)
    sent = {"percent": "15", "from_month": f"{LAST:%Y-%m}"}
    ask(auditor_api, "/billing/commission/rates", sent, 403)
    assert ask(api, "/billing/commission/rates", sent)["from"] == f"{LAST:%Y-%m}"
    free = {"amount": "1.00", "currency": "EUR", "period": "year", "from_month": f"{LAST:%Y-%m}"}
    ask(api, "/billing/commission/free-amounts", free)
    assert [len(several) for several in ask(auditor_api, "/billing/commission").values()] == [1, 1]
    plan = ask(api, "/plans", {**TERMS, "app": app.id, "name": "Small shops"}, 201)
    from piepowder.rooms.billing.models import Plan

    actions.subscribe(Plan.objects.named(plan["id"]), seller, by=OFFICE, at=began)
    rows = ask(api, f"/billing/months/{LAST:%Y-%m}/run", {})
    assert [(row["gross"], row["commission"]) for row in rows] == [("9.90", "1.34")] * 2
    assert ask(api, f"/billing/months/{LAST:%Y-%m}/run", {}, 409)["code"] == "billing_month_run_already"
    assert ask(api, "/billing/months/soon/run", {}, 422)["code"] == "billing_month_malformed"
    own = next(row for row in rows if row["developer"])
    [line] = ask(key_of(developer=app.developer_id), f"/billing/statements/{own['id']}")["lines"]
    made = ask(api, f"/billing/entries/{line['id']}/correct", {"amount": "0.90", "reason": "late"}, 201)
    assert (made["gross"], made["kind"]) == ("-0.90", "correction")
    [due, _] = sorted(ask(api, "/billing/settlements"), key=lambda one: one["party"], reverse=True)
    assert ask(api, f"/billing/settlements/{due['id']}/settled", {"reference": "line 7"})["status"] == "settled"
    assert len(ask(key_of(seller=seller), "/billing/settlements")) == 1
    assert len(ask(key_of(developer=app.developer_id), "/billing/statements")) == 1
    assert len(ask(auditor_api, f"/billing/statements?month={LAST:%Y-%m}")) == 2


def test_commands_do_the_same(run: Run, tmp_path: Path) -> None:
    """With `--json` they answer as the API does."""
    app, seller = make_app(), make_seller()
    words = ("--kind", "monthly", "--currency", "eur")
    plan = run("billing", "create-plan", app.id, "Small shops", *words, "--amount", "9.90")
    refused = run("billing", "create-plan", app.id, "Other", *words, "--amount", "9,90", status=1)
    assert refused["error"]["code"] == "billing_amount_malformed"
    run("billing", "change-plan", plan["id"], *words, "--amount", "12.00")
    run("billing", "withdraw-plan", plan["id"])
    run("billing", "offer-plan", plan["id"])
    assert [one["version"] for one in run("billing", "plans", app.id)] == [2]
    row = run("billing", "subscription", "create", plan["id"], seller.marketplace_id)
    assert run("billing", "subscription", "cancel", row["id"])["status"] == "cancelled"
    assert run("billing", "subscription", "resume", row["id"])["status"] == "active"
    assert run("billing", "subscription", "offers", row["id"]) == []
    assert [one["id"] for one in run("billing", "subscription", "list", "--seller", seller.id)] == [row["id"]]
    assert run("billing", "set-rate", "15", "--from-month", f"{MONTH:%Y-%m}")["percent"] == "15"
    run("billing", "set-free", "100", "EUR", "--period", "year", "--from-month", f"{MONTH:%Y-%m}")
    assert len(run("billing", "commission")["free"]) == 1
    assert run("billing", "run", f"{MONTH:%Y-%m}", status=1)["error"]["code"] == "billing_month_not_over"
    assert run("billing", "statements") == run("billing", "settlements") == []
    assert run("billing", "subscription", "charges", seller.id) == []
