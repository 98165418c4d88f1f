"""The policy in force, rule by rule, for everybody who is signed in: whom it binds may read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import PurePosixPath

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from piepowder.core.policy.cedar import Rule
from piepowder.rooms.people.guards import account_of, signed_in
from piepowder.rooms.publication.models import Policy
from piepowder.rooms.records.endings import WITHHELD
from piepowder.rooms.records.models import Reason
from piepowder.web.views.ledger import rules_of

HISTORY = 20
RULES_COUNTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A file of the pack. `says` is its opening comment."""

    file: str
    title: str
    says: str
    rules: tuple[tuple[Rule, int], ...]  # with the calls of 24 hours in which it held something back


@signed_in
@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """The rules in words, each with its text; for staff also how often it held something back, and the policies before."""
    now = Policy.objects.newest().first()
    staff = account_of(request).is_staff
    counts = _counts() if staff else {}
    policies = list(Policy.objects.newest()[:HISTORY]) if staff else []
    shown = list(chapters(now, counts)) if now else []
    return render(request, "console/policy.html", {"now": now, "chapters": shown, "policies": policies})


def _counts() -> dict[str, int]:
    since = datetime.now(UTC) - timedelta(days=1)
    return {one.why: one.calls for one in Reason.objects.top(since, WITHHELD, RULES_COUNTED)}


def chapters(policy: Policy, counts: Mapping[str, int]) -> Iterator[Chapter]:
    rules = sorted(rules_of(policy.version), key=lambda rule: rule.number)
    for file, found in groupby(rules, key=lambda rule: rule.file):
        yield Chapter(
            file=file,
            title=PurePosixPath(file).stem.replace("_", " ").capitalize(),
            says=opening(policy.files.get(file, "")),
            rules=tuple((rule, counts.get(rule.id, 0)) for rule in found),
        )


def opening(text: str) -> str:
    """The comment that a file begins with, as one line of prose."""
    words = []
    for line in text.lstrip().splitlines():
        if not line.startswith("//"):
            break
        words.append(line.removeprefix("//").strip())
    return " ".join(words)
