"""The story, played from outside through public doors: example apps on real client libraries, the JSON API, the ledger's command.

open era (observe) ─► the date (enforce) ─► personal data cut live ─► reinstated ─► others' orders ─► throttled ─► what the ledger says
"""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from piepowder.core.kernel import json
from piepowder.core.kernel.config import Settings
from piepowder.demo import examples_path

APP_SECONDS_MAX = 120


class Step(Struct, frozen=True):
    """One step: a stable name, what it shows, whether it did, and a sentence with its figures."""

    name: str
    title: str
    ok: bool
    detail: str

    def told(self) -> dict[str, Any]:
        return {"step": self.name, "title": self.title, "ok": self.ok, "detail": self.detail}


class Stage:
    """What the steps share: addresses, credentials, the doors."""

    def __init__(self, settings: Settings, told: dict[str, Any], made: dict[str, Any]) -> None:
        self.settings, self.told, self.apps = settings, told, made["apps"]
        self.staff_keys: list[str] = made["staff_keys"]

    def api(self, method: str, path: str, body: object = None, *, staff: int = 0) -> Any:
        """One call of the JSON API as a member of staff."""
        request = urllib.request.Request(  # noqa: S310 - an address of our own
            f"{self.settings.public_url}/api{path}",
            data=None if body is None else json.encode(body),
            method=method,
            headers={"authorization": f"Bearer {self.staff_keys[staff]}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.decode(answer.read())

    def run_app(self, key: str, program: str, *words: str, grant: int = 0) -> dict[str, Any]:
        """An example app as its developer would run it for one of its sellers; what it says it saw."""
        app = self.apps[key] | ([{}, *self.apps[key]["more_sellers"]][grant])
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "PIEPOWDER_API_URL": self.told["base_url"],
            "PIEPOWDER_TOKEN_URL": self.told["token_url"],
            "PIEPOWDER_CLIENT_ID": app["client_id"],
            "PIEPOWDER_CLIENT_SECRET": app["client_secret"],
            "PIEPOWDER_REFRESH_TOKEN": app["refresh_token"],
            "PIEPOWDER_MARKETPLACE_ID": self.told["marketplace_id"],
        }
        command = [sys.executable, str(examples_path(f"apps/{program}.py")), "--json", *words]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=APP_SECONDS_MAX, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{program} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        found: dict[str, Any] = json.decode(done.stdout.strip().splitlines()[-1])
        return found

    def set_mode(self, key: str, mode: str) -> None:
        """Observe takes two persons and an end date; the others one."""
        app = self.apps[key]["app_id"]
        until = (datetime.now(UTC) + timedelta(days=30)).isoformat() if mode == "observe" else None
        change = self.api("POST", f"/apps/{app}/modes", {"mode": mode, "until": until, "reason": "the story"})
        if mode == "observe":
            self.api("POST", f"/apps/modes/{change['id']}/approve", {}, staff=1)

    def set_standing(self, key: str, standing: str, reason: str) -> None:
        self.api("PUT", f"/standing/{self.apps[key]['app_id']}", {"standing": standing, "reason": reason})


def play(settings: Settings, told: dict[str, Any], made: dict[str, Any]) -> Iterator[Step]:
    """Every step in order. A step that fails says why, and the story goes on."""
    stage = Stage(settings, told, made)
    for name, title, step in STEPS:
        started = time.monotonic()
        ok, detail = _attempt(step, stage)
        yield Step(name, title, ok, f"{detail} ({time.monotonic() - started:.1f} s)")


def _attempt(step: Callable[[Stage], str], stage: Stage) -> tuple[bool, str]:
    try:
        return True, step(stage)
    except (AssertionError, OSError, KeyError, subprocess.TimeoutExpired, urllib.error.URLError) as error:
        return False, f"{type(error).__name__}: {error}"


def _need(condition: object, sentence: str) -> None:
    if not condition:
        raise AssertionError(sentence)


def open_era(stage: Stage) -> str:
    for key in ("label_printer", "metrics", "ad_audience"):
        stage.set_mode(key, "observe")
    printer = stage.run_app("label_printer", "label_printer")
    audience = stage.run_app("ad_audience", "ad_audience")
    _need(printer["streets_seen"] > 0, f"the label printer saw no street: {printer}")
    _need(audience["names_seen"] > 0, f"ad audience saw no buyer: {audience}")
    return (
        f"label printer read {printer['streets_seen']} addresses; ad audience took {audience['names_seen']} buyers' names "
        "for an audience, recorded as what the coming policy withholds"
    )


def the_date(stage: Stage) -> str:
    for key in ("label_printer", "metrics", "ad_audience"):
        stage.set_mode(key, "enforce")
    printer = stage.run_app("label_printer", "label_printer")
    audience = stage.run_app("ad_audience", "ad_audience")
    _need(printer["streets_seen"] > 0, f"the label printer lost its addresses: {printer}")
    _need(audience["names_seen"] == 0, f"ad audience still sees buyers: {audience}")
    _need(audience["orders_read"] > 0, f"ad audience lost its orders as well: {audience}")
    return (
        f"label printer still reads {printer['streets_seen']} addresses; ad audience reads {audience['orders_read']} orders, "
        "no buyer"
    )


def metrics_go_on(stage: Stage) -> str:
    metrics = stage.run_app("metrics", "metrics_monitor")
    _need(metrics["orders_read"] > 0, f"metrics monitor saw nothing: {metrics}")
    _need(metrics.get("names_seen", 0) == 0, f"metrics monitor saw names: {metrics}")
    return (
        f"metrics monitor reads {metrics['orders_read']} orders and the shop's figures, without a single person in them"
    )


def cut_live(stage: Stage) -> str:
    stage.set_standing("label_printer", "personal_data_off", "an inquiry into where addresses went")
    printer = stage.run_app("label_printer", "label_printer")
    _need(printer["streets_seen"] == 0 and printer["names_seen"] == 0, f"the cut did not bite: {printer}")
    _need(printer["orders_read"] > 0, f"the cut took more than personal data: {printer}")
    return f"personal data cut: label printer reads {printer['orders_read']} orders, no name and no street"


def reinstated(stage: Stage) -> str:
    stage.set_standing("label_printer", "good", "the inquiry found nothing")
    printer = stage.run_app("label_printer", "label_printer")
    _need(printer["streets_seen"] > 0, f"reinstatement did not work: {printer}")
    return f"reinstated: label printer reads {printer['streets_seen']} addresses again"


def others_orders(stage: Stage) -> str:
    """An order of another seller and one that nobody has: the same answer, word for word."""
    app = stage.apps["metrics"]
    foreign = next(each["order_id"] for each in stage.told["sample_orders"] if each["seller_id"] != app["seller_id"])
    told = [_refusal_of(stage, app, number) for number in (foreign, "999-9999999-9999999")]
    _need(told[0] == told[1], f"another seller's order is told apart from none: {told}")
    return f"metrics monitor asks for an order of another seller: {told[0]}, as for an order that does not exist"


def _refusal_of(stage: Stage, app: dict[str, Any], order_id: str) -> str:
    """What getOrder says to an app on the community's client library."""
    from sp_api.api import Orders
    from sp_api.auth import AccessTokenClient
    from sp_api.base import SellingApiException

    door = urlsplit(stage.told["token_url"])
    place = SimpleNamespace(endpoint=stage.told["base_url"], marketplace_id=stage.told["marketplace_id"], region="")
    orders = Orders(
        marketplace=place,
        auth_token_client_class=type(
            "Door", (AccessTokenClient,), {"scheme": f"{door.scheme}://", "host": door.netloc, "path": door.path}
        ),
        credentials={
            "refresh_token": app["refresh_token"],
            "lwa_app_id": app["client_id"],
            "lwa_client_secret": app["client_secret"],
        },
    )
    try:
        orders.get_order(order_id)
    except SellingApiException as error:
        return f"{error.code} {error.amzn_code}: {error.message}"
    return "it was answered"


def throttled(stage: Stage) -> str:
    """With another seller's grant, so that who looks around afterwards with the first one is not slowed down."""
    if stage.settings.rates != "published":
        return "skipped: this run lifts the published rates"
    seen = stage.run_app("metrics", "metrics_monitor", "--watch", "40", grant=1)
    _need(seen["status"] == 429, f"the metrics monitor was not slowed down: {seen}")
    return (
        f"metrics monitor asks without a pause and gets {seen['answers']} answers, then {seen['code']}: {seen['said']}"
    )


def what_the_ledger_says(stage: Stage) -> str:
    """The ad audience's last read, through the JSON API: what was kept back, and the sentence of the policy that decided."""
    app = stage.apps["ad_audience"]["app_id"]
    records = stage.api("GET", f"/records?app={app}&operation=orders.v0.getOrders&kind=gateway.read&limit=1")
    _need(records, "the ledger does not know the ad audience's last read")
    record = records[0]
    verdicts = next(iter(record["detail"]["verdicts"].values()))
    done, _, _, _, policies = verdicts["buyer.email"]
    _need(done == "withheld" and "no-advertising" in policies, f"advertising was not the reason: {verdicts}")
    return (
        f"{record['id']}: {len(record['orders'])} orders for {record['purpose']}, buyers' e-mail addresses {done}, "
        f"since: {_reason_of(stage, 'no-advertising')}"
    )


def _reason_of(stage: Stage, policy: str) -> str:
    """The sentence beside a policy's id in the files of the policy in force."""
    files = stage.api("GET", "/policies/current")["files"]
    found = re.search(rf'@id\("{re.escape(policy)}"\)\s*@reason\("([^"]+)"\)', "\n".join(files.values()))
    _need(found, f"the policy in force has no `{policy}`")
    return found[1] if found else ""


STEPS: tuple[tuple[str, str, Callable[[Stage], str]], ...] = (
    ("open_era", "The open era: everything passes, and what the policy would withhold is counted", open_era),
    ("the_date", "The date: the policy is enforced", the_date),
    ("metrics", "Metrics need no buyers", metrics_go_on),
    ("cut_live", "Personal data is cut while the app runs", cut_live),
    ("reinstated", "And given back", reinstated),
    ("others_orders", "Another seller's order does not exist", others_orders),
    ("throttled", "Nobody asks faster than the published rates", throttled),
    ("ledger", "What the ledger says", what_the_ledger_says),
)
