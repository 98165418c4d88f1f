"""`python -m proof.part2.bring_in`: a marketplace's files of full size, brought in twice and taken out; prints the figures as JSON.

A program of its own: it needs Django, set up for one migrated database. Everything in the files is made up.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import django
from django.db.models import Model

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")
django.setup()

from piepowder.core.kernel import json  # noqa: E402
from piepowder.core.kernel.clock import SystemClock  # noqa: E402
from piepowder.rooms.appstore.models import App  # noqa: E402
from piepowder.rooms.consent.models import Grant, RefreshToken  # noqa: E402
from piepowder.rooms.developers.models import Developer  # noqa: E402
from piepowder.rooms.imports import actions  # noqa: E402
from piepowder.rooms.imports.models import Import  # noqa: E402
from piepowder.rooms.imports.rules import Verdict  # noqa: E402
from piepowder.rooms.people.models import Seller  # noqa: E402
from piepowder.rooms.publication.models import Fact  # noqa: E402
from tests.support import imports as files  # noqa: E402

APPS, GRANTS, DEVELOPERS, SELLERS = 10_000, 100_000, 3_000, 2_000
T = TypeVar("T")
now = SystemClock().now


def market() -> dict[str, bytes]:
    """Each seller uses fifty apps; every grant has its token."""
    each = GRANTS // SELLERS
    pairs = [(f"app-{number % APPS}", f"A{number // each:013d}") for number in range(GRANTS)]
    return {
        "developers.csv": files.as_csv([files.developer(f"dev-{number}") for number in range(DEVELOPERS)]),
        "sellers.csv": files.as_csv([files.seller(f"A{number:013d}") for number in range(SELLERS)]),
        "apps.csv": files.as_csv(
            [files.app(f"app-{number}", developer=f"dev-{number % DEVELOPERS}") for number in range(APPS)]
        ),
        "grants.csv": files.as_csv([files.grant(app, seller) for app, seller in pairs]),
        "tokens.csv": files.as_csv([files.token(app, seller, f"Atzr|{app} {seller}") for app, seller in pairs]),
    }


def counted() -> dict[str, int]:
    rows: dict[str, type[Model]] = {
        "developers": Developer,
        "sellers": Seller,
        "apps": App,
        "grants": Grant,
        "tokens": RefreshToken,
    }
    return {name: model._default_manager.count() for name, model in rows.items()}


def timed(what: Callable[[], T]) -> tuple[T, float]:
    began = time.monotonic()
    return what(), time.monotonic() - began


def carried_out(given: dict[str, bytes]) -> tuple[Import, float, float]:
    """The import, seconds of its dry run and of the run."""
    run, dry = timed(lambda: actions.check(given, by=files.OFFICE, at=now()))
    actions.start(run, by=files.OFFICE, at=now())
    done, seconds = timed(lambda: actions.carry_out(run.id, now=now))
    return done, dry, seconds


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> dict[str, float]:
    given = market()
    before, start = counted(), megabytes()
    cpu = time.process_time()
    done, dry, seconds = carried_out(given)
    cpu = time.process_time() - cpu
    after = counted()
    wanted = {"developers": DEVELOPERS, "sellers": SELLERS, "apps": APPS, "grants": GRANTS, "tokens": GRANTS}
    memory = megabytes() - start
    facts = Fact.objects.filter(kind="grant", body__isnull=False).count()
    again, _, seconds_again = carried_out(given)
    same = counted()
    back, seconds_back = timed(lambda: actions.roll_back(done, by=files.OFFICE, at=now()))
    left = counted()
    return {
        "dry run": dry,
        "run": seconds,
        "dry run and run, CPU of the process": cpu,
        "memory above the start": memory,
        "differences after the run": sum(abs(after[name] - before[name] - wanted[name]) for name in wanted)
        + done.count(Verdict.REFUSED)
        + abs(facts - GRANTS),
        "second run": seconds_again,
        "changes of a second run": again.to_do + sum(abs(same[name] - after[name]) for name in wanted),
        "rollback": seconds_back,
        "left after the rollback": sum(left[name] - before[name] for name in wanted) + back.count(Verdict.KEPT),
    }


if __name__ == "__main__":
    sys.stdout.write(json.encode(main()).decode() + "\n")
