"""How calls ended, counted from the ledger hour by hour."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from piepowder.core.kernel import json
from piepowder.core.kernel.ids import new_id
from piepowder.core.ledger.append import insert
from piepowder.core.ledger.model import Record
from piepowder.core.ledger.read import ALL_ROOMS, Filter, present_place
from piepowder.rooms.records import reads
from piepowder.rooms.records.actions import count_due
from piepowder.rooms.records.models import Hour, Place, Reason

AT = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
LOST = {"shipped": {"buyer.email": ["withheld", "refused", None, "policy", ["no-advertising"]]}}
OWN_FAULT: dict[str, object] = {"shipped": {"buyer.email": ["withheld", "refused", None, "manifest", []]}}


def call(at: datetime = AT, outcome: str = "served", **more: object) -> str:
    verdicts = more.pop("verdicts", None)
    record = Record(
        id=new_id("rec"),
        kind="gateway.refusal" if outcome == "refused" else "gateway.read",
        recorded_at=at,
        outcome=outcome,
        detail=json.encode({"verdicts": verdicts} if verdicts else {}),
        **more,  # type: ignore[arg-type]
    )
    with connection.cursor() as cursor:
        insert(cursor, record)
    return record.id


@pytest.fixture
def committed(committed: str) -> None:
    """The follower reads what is committed only, here in a database of the test's own; it begins behind what a new one holds."""
    connection.ensure_connection()
    place = present_place(connection.connection)
    Place.objects.update_or_create(pk=1, defaults={"place": place, "counted_at": AT})


def counts(hour: datetime) -> tuple[int, int, int, int, int]:
    row = Hour.objects.get(hour=hour)
    return row.whole, row.reduced, row.refused, row.failed, row.personal


def test_calls_are_counted_by_hour_and_ending(committed: None) -> None:
    """Whole, reduced, refused, failed; what an app never asked for is no loss."""
    call(personal=True)
    call(verdicts=OWN_FAULT)
    call(verdicts=LOST)
    call(outcome="refused", reason="quota_exceeded", status=429)
    call(outcome="failed", reason="gateway_upstream_down", status=503)
    call(at=AT - timedelta(hours=2))
    count_due(at=AT)
    assert counts(AT.replace(minute=0)) == (2, 1, 1, 1, 1)
    assert counts(AT.replace(hour=10, minute=0)) == (1, 0, 0, 0, 0)


def test_a_second_look_counts_nothing_twice(committed: None) -> None:
    """What came in between is added; what was counted stays counted once."""
    call()
    count_due(at=AT)
    count_due(at=AT)
    call(outcome="refused", reason="unauthorized")
    count_due(at=AT)
    assert counts(AT.replace(minute=0)) == (1, 0, 1, 0, 0)


def test_reasons_lead_to_the_newest_call(committed: None) -> None:
    """Refusals by code, losses by the policy that decided; most calls first."""
    call(outcome="refused", reason="unauthorized")
    several = [call(outcome="refused", reason="quota_exceeded") for _ in range(2)]
    kept_back = call(verdicts=LOST)
    count_due(at=AT)
    told = Reason.objects.top(AT - timedelta(hours=1), "refused", 5)
    assert [(one.why, one.calls) for one in told] == [("quota_exceeded", 2), ("unauthorized", 1)]
    assert told[0].example == max(several)  # ids sort by the time they were made, to the millisecond
    assert [(one.why, one.calls, one.example) for one in Reason.objects.top(AT.replace(minute=0), "withheld", 5)] == [
        ("no-advertising", 1, kept_back)
    ]


def test_old_hours_are_forgotten(committed: None) -> None:
    """After forty days an hour's counts go; the ledger itself keeps its records."""
    call(at=AT - timedelta(days=39))
    count_due(at=AT)
    assert Hour.objects.count() == 1
    count_due(at=AT + timedelta(days=2))
    assert Hour.objects.count() == 0


def test_changes_of_all_rooms_leave_out_what_fills_every_hour(committed: None) -> None:
    """What people changed, without the calls between and without what every hour is full of."""
    call()
    for kind in ("people.sign_in", "consent.issue_token", "notices.send_mail", "standing.set"):
        with connection.cursor() as cursor:
            insert(cursor, Record(id=new_id("rec"), kind=kind, recorded_at=AT))
    told = {record.kind for record in reads.newest(Filter(changes=ALL_ROOMS), limit=50)}
    assert "standing.set" in told
    assert not told & {"people.sign_in", "consent.issue_token", "notices.send_mail", "gateway.read"}
