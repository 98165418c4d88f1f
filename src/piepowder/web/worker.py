"""What falls due: `python -m piepowder.web.worker` looks every 15 seconds, and does it.

Only bookkeeping hangs on it: the gateway holds to the end of a mode and of a grant by its own clock. A job is safe to run
twice and in two processes at once; one that fails is logged, and tried again at the next look.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import django

INTERVAL_SECONDS = 15.0

logger = logging.getLogger("piepowder.web.worker")

Job = Callable[[datetime], object]


def jobs() -> dict[str, Job]:
    """Everything the clock does, by name."""
    from django.conf import settings

    from piepowder.core.kernel.clock import SystemClock
    from piepowder.rooms.appstore.actions import end_due_modes, note_late_reviews, remind_of_deadline
    from piepowder.rooms.assessments import actions as assessments
    from piepowder.rooms.audits.actions import keep_clock
    from piepowder.rooms.billing import actions as billing
    from piepowder.rooms.billing.payments import provider
    from piepowder.rooms.consent.actions import expire_due, follow_versions, remind_due
    from piepowder.rooms.developers.actions import keep_dates
    from piepowder.rooms.enforcement import actions as enforcement
    from piepowder.rooms.ground.actor import SYSTEM
    from piepowder.rooms.imports import actions as imports
    from piepowder.rooms.notices.actions import mail_due
    from piepowder.rooms.people.actions import forget_links
    from piepowder.rooms.publication.actions import forget_expired_tokens
    from piepowder.rooms.records import actions as records
    from piepowder.rooms.store import actions as store

    own = settings.PIEPOWDER
    return {
        "people.forget_links": lambda at: forget_links(before=at - timedelta(days=1)),
        "appstore.end_due_modes": lambda at: end_due_modes(by=SYSTEM, at=at),
        "appstore.note_late_reviews": lambda at: note_late_reviews(at=at),
        "appstore.remind_of_deadline": lambda at: remind_of_deadline(at=at),
        "assessments.expire_due": lambda at: assessments.expire_due(at=at),
        "assessments.note_breaches": lambda at: assessments.note_breaches(at=at),
        "assessments.remind_due": lambda at: assessments.remind_due(at=at),
        "audits.keep_clock": lambda at: keep_clock(at=at),
        "billing.follow_time": lambda at: billing.follow_time(at=at),
        "billing.run_due": lambda at: billing.run_due(at=at),
        "billing.settle_due": lambda at: billing.settle_due(provider(own.payment_provider, own.data), at=at),
        "imports.run_due": lambda at: imports.run_due(now=SystemClock().now),
        "imports.forget_files": lambda at: imports.forget_files(at=at),
        "consent.expire_due": lambda at: expire_due(at=at),
        "consent.follow_versions": lambda at: follow_versions(at=at),
        "consent.remind_due": lambda at: remind_due(at=at),
        "developers.keep_dates": lambda at: keep_dates(at=at),
        "enforcement.keep_clock": lambda at: enforcement.keep_clock(at=at),
        "notices.mail_due": lambda at: mail_due(at=at),
        "publication.forget_expired_tokens": lambda at: forget_expired_tokens(at=at),
        "records.count_due": lambda at: records.count_due(at=at),
        "store.count_due": lambda at: store.count_due(at=at),
        "store.refresh_due": lambda at: store.refresh_due(at=at),
    }


def look(at: datetime, work: dict[str, Job]) -> list[str]:
    """Runs each job once; names of those that failed."""
    return [name for name, job in work.items() if not _done(name, job, at)]


def _done(name: str, job: Job, at: datetime) -> bool:
    try:
        job(at)
    except Exception:
        logger.exception("web_job_failed %s", name)
        return False
    return True


def main() -> None:
    """Until SIGTERM or SIGINT; the look under way is finished."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")
    django.setup()
    from django.db import close_old_connections

    from piepowder.core.kernel.clock import SystemClock

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    work = jobs()
    while not ended.is_set():
        look(SystemClock().now(), work)
        close_old_connections()
        ended.wait(INTERVAL_SECONDS)


if __name__ == "__main__":
    main()
