"""The acts, in their order. Each is one transaction and leaves a trace by which the next start knows that it was played."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from piepowder.core.kernel.config import Settings
from piepowder.demo.cast import CAST, Part
from piepowder.demo.market import audits, examples, queues, shops, staff, traffic, wayside
from piepowder.demo.market.days import Days
from piepowder.demo.market.journey import Desk, Journey
from piepowder.demo.market.shops import CUSTOMS, Custom, Pass
from piepowder.demo.market.stalls import ASSESSED, DAPPLEWOOD, EARLY, MARROWFIELD, PEBBLEWICK, STALLS, Stall
from piepowder.rooms.appstore.actions import set_deadline
from piepowder.rooms.appstore.models import App, Deadline
from piepowder.rooms.billing.models import MonthRun
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.notices.actions import mail_due
from piepowder.rooms.notices.models import Mail
from piepowder.rooms.people.models import Account, Seller
from piepowder.rooms.store.actions import count_due, refresh_due
from piepowder.rooms.store.models import Rating

SIGN_IN_AS = examples.PARTS["label_printer"].contact  # whom the last lines of the demonstration name
GRANTED_LONG_AGO = 357  # days: the grant ends in eight
_WAYS: dict[str, Callable[[Journey], object]] = {
    **dict.fromkeys((one.name for one in ASSESSED), wayside.come_by_the_rules),
    **dict.fromkeys((one.name for one in EARLY), wayside.be_here_before),
    PEBBLEWICK.name: wayside.wait_late,
    MARROWFIELD.name: wayside.wait_again,
    DAPPLEWOOD.name: wayside.wait_for_answers,
}

Act = Callable[[], object]
Played = Callable[[], bool]


def open_market(returned: str, now: datetime) -> tuple[dict[str, App], dict[str, Any]]:
    """Staff and the example developers with their apps: (part -> app, what to sign in with). In the caller's transaction."""
    days, password = Days(now), secrets.token_urlsafe(9)
    desk, hashed = staff.hire(days.ago(320)), make_password(password)  # one hash for all: making one takes a second
    apps = {part.key: examples.lead(_journey(examples.stall_of(part), days, desk, hashed), returned) for part in CAST}
    post(now)
    people = {stall.email: stall.name for stall in STALLS}
    return apps, {"password": password, "developers": people, "staff": [email for email, _, _ in staff.STAFF]}


def authorised_at(part: Part, seller: int, now: datetime) -> datetime:
    """When one of the sellers whose credentials the fixtures hold authorised an app of the cast."""
    days = Days(now)
    if part.key == "ad_audience":
        return days.calendar(GRANTED_LONG_AGO) if seller == 0 else days.ago(45 - seller)
    return days.ago(3 if part.key == "no_roles" else 52 - 2 * seller, f"{9 + seller:02}:05")


def _journey(stall: Stall, days: Days, desk: Desk, hashed: str) -> Journey:
    """Each developer has an hour of its own."""
    place = STALLS.index(stall)
    return Journey(stall, days, desk, password=hashed, clock=f"{8 + place % 9:02}:{place * 13 % 60:02}")


class Market:
    """The rest of the market, which is built while everything else starts and the story is told."""

    def __init__(self, settings: Settings, marketplace_id: str, seller_ids: list[str], now: datetime) -> None:
        self._settings, self._marketplace_id, self._days = settings, marketplace_id, Days(now)
        self._sellers = [Seller.objects.named(one) for one in seller_ids]
        self._desk, self._hashed = staff.desk(), Account.objects.named(SIGN_IN_AS).password
        self._passes: list[Pass] = []

    def build(self) -> int:
        """Plays the acts that were not played yet; how many."""
        return sum(self._play(act) for act, played in self._acts() if not played())

    def _play(self, act: Act) -> bool:
        with transaction.atomic():
            act()
            post(self._days.now)
        return True

    def trade(self, cast: Iterable[Pass]) -> int:
        """The apps that this run authorised, and the cast's, make their calls; what they read is counted. How many were answered.

        Needs the gateway. Nobody calls where nothing was built: an earlier run has seen to it.
        """
        if not self._passes:
            return 0
        answered = traffic.work(self._settings, self._days, self._marketplace_id, [*cast, *self._passes])
        self._passes = []
        at = datetime.now(UTC)
        refresh_due(at=at)
        count_due(at=at)
        return answered

    def _acts(self) -> Iterator[tuple[Act, Played]]:
        for stall in STALLS:
            if stall.name in _WAYS:
                yield partial(self._come, stall), Developer.objects.filter(name=stall.name).exists
        for custom in CUSTOMS:
            yield partial(self._trade_with, custom), Rating.objects.filter(app__name=custom.app).exists
        yield self._last_weeks, Deadline.objects.exists
        yield self._pay, MonthRun.objects.exists
        yield partial(audits.audit, self._days, self._desk), audits.drawn_already

    def _come(self, stall: Stall) -> None:
        _WAYS[stall.name](_journey(stall, self._days, self._desk, self._hashed))

    def _trade_with(self, custom: Custom) -> None:
        self._passes += shops.authorise(custom, self._sellers, self._days)
        shops.rate(custom, self._sellers, self._days)

    def _last_weeks(self) -> None:
        """What waits for reviewers and sellers, and the date by which apps that were here before have to be approved."""
        for stall in STALLS:
            if way := queues.ACTS.get(stall.name):
                journey = _journey(stall, self._days, self._desk, self._hashed)
                journey.remember()
                way(journey)
        shops.narrow(self._sellers, self._days)
        shops.answer_questions(self._sellers, self._days)
        at = self._days.ago(25, "12:00")
        set_deadline(
            at + timedelta(days=90), by=self._operator, at=at, reason="The data protection policy is in force."
        )

    def _pay(self) -> None:
        shops.pay(self._sellers, self._days, by=self._operator)

    @property
    def _operator(self) -> Actor:
        return Actor(ActorKind.STAFF, Account.objects.named(staff.OPERATOR).id)


def cast_passes(made: dict[str, Any]) -> list[Pass]:
    """Of the cast's apps, for each seller whose credentials the fixtures hold."""
    listed = {part.key: part.name for part in CAST if part.key != "no_roles"}
    return [
        Pass(listed[key], app["client_id"], app["client_secret"], one["refresh_token"], one["seller_id"])
        for key, app in made["apps"].items()
        if key in listed
        for one in (app, *app["more_sellers"])
    ]


def in_background(market: Market) -> Future[int]:
    """Builds it in a thread that ends with the process."""
    done: Future[int] = Future()

    def work() -> None:
        try:
            done.set_result(market.build())
        except BaseException as error:  # whoever waits for it is told
            done.set_exception(error)
        finally:
            connection.close()

    Thread(target=work, name="market", daemon=True).start()
    return done


def post(now: datetime) -> None:
    """Sends the letters of the past, each when it was written: to this process they are files in the data folder."""
    for moment in sorted(set(Mail.objects.due(now).values_list("due_at", flat=True))):
        mail_due(at=moment)
