"""Home: who waits for the marketplace and since when, what became of calls in 24 hours, why calls lost something, what happened last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from piepowder.core.ledger.read import ALL_ROOMS, Filter
from piepowder.rooms.appstore.models import App
from piepowder.rooms.consent.models import Grant
from piepowder.rooms.developers.models import Member
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people.guards import actor_of, for_staff, permissions_of
from piepowder.rooms.people.models import Account, Seller
from piepowder.rooms.publication.models import Policy
from piepowder.rooms.records.endings import REFUSED, WITHHELD, Why
from piepowder.rooms.records.models import Hour, Place, Reason
from piepowder.rooms.standing.models import Subject
from piepowder.web.views.desk import queues
from piepowder.web.views.ledger import Line, line, newest, rules_of
from piepowder.web.views.names import Names

HOURS = 24
CHANGES_DAYS = 30
RECORDS_LOOKED_AT = 120
SHOWN = 8
REASONS = 6
ENDINGS = ("whole", "reduced", "refused", "failed")


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """Staff see the whole ground, sellers their own apps, developers their organisation, or how to register one."""
    if request.user.is_authenticated and not request.user.is_staff:
        return redirect(_start_of(request.user))
    return _home(request)


def _start_of(account: Account) -> str:
    if account.seller_id:
        return reverse("consent_my_apps")
    member = Member.objects.filter(account=account).exists()
    return reverse("developers_home" if member else "developers_register")


@for_staff()
def _home(request: HttpRequest) -> HttpResponse:
    at = datetime.now(UTC)
    since = at - timedelta(days=CHANGES_DAYS)
    records = [
        record for record in newest(Filter(since=since), RECORDS_LOOKED_AT) if record.kind.startswith("gateway.")
    ]
    changes = newest(Filter(since=since, changes=ALL_ROOMS), SHOWN * 3)
    policy = Policy.objects.newest().first()
    page = {
        **_numbers(),
        **_day(at, policy.version if policy else ""),
        "policy": policy,
        "queues": queues(actor_of(request), at) if _reviews(request) else [],
        "at": at,
        "calls": together(map(line, records)),
        "changes": together(map(line, changes)),
        "names": Names([*records, *changes]),
    }
    return render(request, "console/home.html", page)


def _reviews(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, Account) and Permission.REVIEW in permissions_of(user)


def _numbers() -> dict[str, Any]:
    return {
        "apps": App.objects.count(),
        "cut": Subject.objects.filter(kind="app").exclude(status="good").count(),
        "grants": Grant.objects.filter(status="active").count(),
        "sellers": Seller.objects.filter(active=True).count(),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One hour of the chart, in a picture 100 high; `parts` are (ending, top, height)."""

    hour: datetime
    left: float
    calls: int
    parts: tuple[tuple[str, float, float], ...]


def _day(at: datetime, version: str) -> dict[str, Any]:
    """24 hours and this one: sums, a bar for each hour, the reasons that held most often."""
    first = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    hours = list(Hour.objects.since(first))
    return {
        "sums": {name: sum(getattr(hour, name) for hour in hours) for name in (*ENDINGS, "personal")},
        "total": sum(_calls(hour) for hour in hours),
        "bars": bars(hours, first),
        "refusals": Reason.objects.top(first, REFUSED, REASONS),
        "losses": _in_words(
            Reason.objects.top(first, WITHHELD, REASONS), {rule.id: rule.reason for rule in rules_of(version)}
        ),
        "place": Place.objects.first(),
    }


def _calls(hour: Hour) -> int:
    return sum(int(getattr(hour, name)) for name in ENDINGS)


def bars(hours: Sequence[Hour], first: datetime) -> list[Bar]:
    """A bar for each hour, the empty ones too; the tallest is 100 high."""
    by_hour = {hour.hour: hour for hour in hours}
    most = max(map(_calls, hours), default=0) or 1
    spans = [first + timedelta(hours=number) for number in range(HOURS)]
    return [_bar(by_hour.get(one) or Hour(hour=one), number, most) for number, one in enumerate(spans)]


def _bar(hour: Hour, number: int, most: int) -> Bar:
    parts, top = [], 100.0
    for name in ENDINGS:
        height = 100 * getattr(hour, name) / most
        top -= height
        if height:
            parts.append((name, round(top, 2), round(height, 2)))
    return Bar(hour=hour.hour, left=number * 10, calls=_calls(hour), parts=tuple(parts))


_BASES = {
    "gap": "No policy speaks about it: a gap.",
    "standing": "The standing of the app or its developer.",
    "consent": "The seller left it out.",
}


def _in_words(whys: list[Why], sentences: dict[str, str]) -> list[dict[str, Any]]:
    """Each with the sentence of its policy, or of what else it rests on."""
    return [
        {"why": one.why, "calls": one.calls, "example": one.example, "sentence": (sentences | _BASES).get(one.why, "")}
        for one in whys
    ]


@dataclass(frozen=True, slots=True)
class Together:
    """Records in a row that say the same: the newest of them, and how many there are."""

    line: Line
    number: int


def together(lines: Iterator[Line]) -> list[Together]:
    """An app that asks the same fifty times is one line."""
    runs = [list(run) for _, run in groupby(lines, key=_alike)]
    return [Together(run[0], len(run)) for run in runs[:SHOWN]]


def _alike(one: Line) -> tuple[str, ...]:
    record = one.record
    return (record.kind, record.app, record.seller, record.operation, record.purpose, record.outcome, record.reason)
