"""The table: append-only by itself, partitioned by day, never short of a place for a row."""

import threading
from datetime import UTC, datetime

import psycopg
import pytest

from piepowder.core.ledger.append import insert
from tests.support.ledger_records import record, run_sql

MORNING = datetime(2026, 3, 1, 6, tzinfo=UTC)


def add(url: str, at: datetime) -> str:
    entry = record(recorded_at=at)
    with psycopg.connect(url) as connection:
        insert(connection.cursor(), entry)
    return entry.id


def partition_of(url: str, name: str) -> str:
    return str(run_sql(url, "SELECT tableoid::regclass FROM ledger_record WHERE id = %s", name)[0][0])


@pytest.mark.parametrize("table", ["ledger_record", "ledger_record_20260301", "ledger_record_default"])
@pytest.mark.parametrize("change", ["UPDATE {} SET app = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_history_cannot_be_changed(ledger_url: str, table: str, change: str) -> None:
    """Rows can be added, and neither changed nor removed, whichever table they are reached through."""
    run_sql(ledger_url, "SELECT ledger_ensure_partitions('2026-03-01', 1)")
    add(ledger_url, MORNING)
    add(ledger_url, datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        run_sql(ledger_url, change.format(table))
    assert run_sql(ledger_url, "SELECT count(*) FROM ledger_record") == [(2,)]


def test_a_row_lands_in_the_partition_of_its_day(ledger_url: str) -> None:
    """Days are those of UTC, whatever the session's time zone."""
    run_sql(ledger_url, "SET timezone = 'Pacific/Auckland'; SELECT ledger_ensure_partitions('2026-03-01', 2)")
    last = add(ledger_url, datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC))
    first = add(ledger_url, datetime(2026, 3, 2, tzinfo=UTC))
    assert partition_of(ledger_url, last) == "ledger_record_20260301"
    assert partition_of(ledger_url, first) == "ledger_record_20260302"


def test_a_day_without_partition_is_kept_all_the_same(ledger_url: str) -> None:
    """A row whose day has no partition goes to the default one, and making that day's partition later neither fails nor moves it."""
    name = add(ledger_url, MORNING)
    assert partition_of(ledger_url, name) == "ledger_record_default"
    assert run_sql(ledger_url, "SELECT ledger_ensure_partitions('2026-03-01', 2)") == [(1,)]
    assert partition_of(ledger_url, name) == "ledger_record_default"
    assert partition_of(ledger_url, add(ledger_url, MORNING)) == "ledger_record_default"


def test_partitions_are_made_once(ledger_url: str) -> None:
    """Workers that start together make each partition exactly once."""
    made: list[int] = []

    def ensure() -> None:
        made.append(run_sql(ledger_url, "SELECT ledger_ensure_partitions('2026-03-01', 5)")[0][0])

    threads = [threading.Thread(target=ensure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 0, 0, 5]
    assert run_sql(ledger_url, "SELECT ledger_ensure_partitions('2026-03-04', 3)") == [(1,)]


def test_an_id_is_recorded_once(ledger_url: str) -> None:
    """The same record cannot be there twice."""
    entry = record()
    with psycopg.connect(ledger_url) as connection:
        insert(connection.cursor(), entry)
    with psycopg.connect(ledger_url) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        insert(connection.cursor(), entry)
