from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from piepowder.core.kernel.ids import new_id
from piepowder.core.ledger.append import insert
from piepowder.core.ledger.model import Record

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def _append(app: str, seller: str, minute: int, request: str = "") -> str:
    record = Record(
        id=new_id("rec"),
        kind="gateway.read",
        recorded_at=AT + timedelta(minutes=minute),
        app=app,
        seller=seller,
        request=request,
        operation="orders.v0.getOrder",
        outcome="served",
        status=200,
        personal=True,
        orders=(bytes(16),),
        detail=b'{"notes":["made up"]}',
    )
    with connection.cursor() as cursor:
        insert(cursor, record)
    return record.id


@pytest.fixture
def written(db: None) -> list[str]:
    return [_append("app_1", "sel_1", 0, "req-1"), _append("app_1", "sel_2", 1, "req-1"), _append("app_2", "sel_2", 2)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [2, 1, 0]),
        ("app=app_1", [1, 0]),
        ("seller=sel_2", [2, 1]),
        ("app=app_1&seller=sel_2", [1]),
        ("since=2026-11-25T12:01:00Z", [2, 1]),
        ("operation=orders.v0.getOrders", []),
        ("limit=1", [2]),
    ],
)
def test_records_are_narrowed(written: list[str], auditor_api: Client, query: str, expected: list[int]) -> None:
    """An auditor finds records by app, seller, operation and time, the newest first."""
    answer = auditor_api.get(f"/api/records?kind=gateway.read&{query}")
    assert [record["id"] for record in answer.json()] == [written[place] for place in expected]


def test_a_record_is_found_by_its_decision_and_by_its_request(written: list[str], auditor_api: Client) -> None:
    """What an app was told leads to the record: decision id to one, request id to all of the call."""
    (record,) = auditor_api.get(f"/api/records/{written[2]}").json()
    assert (record["app"], record["personal"], record["orders"]) == ("app_2", True, ["00" * 16])
    assert record["detail"] == {"notes": ["made up"]}
    assert [one["id"] for one in auditor_api.get("/api/records/req-1").json()] == written[:2]
    missing = auditor_api.get("/api/records/rec_unknown")
    assert (missing.status_code, missing.json()["code"]) == (404, "ledger_record_not_found")


@pytest.mark.django_db
def test_a_time_without_zone_is_refused(auditor_api: Client) -> None:
    """A moment that could mean several is not guessed at."""
    assert auditor_api.get("/api/records?since=2026-11-25T12:01:00").status_code == 422
