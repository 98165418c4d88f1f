"""Hostile case 83 and its like: the database or the upstream is away. Nothing is served without a record; all recovers by itself."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from piepowder.core.kernel.postgres import EmbeddedPostgres
from tests.hostile.conftest import SPEC
from tests.hostile.harness import Answer, Gate, marker, one, order_number, says
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.stack import Stack, free_port

PATIENCE_SECONDS = 30.0


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that nobody else needs."""
    folder = Path(tempfile.mkdtemp(prefix="piepowder-outage-"))
    server = EmbeddedPostgres(folder)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def read_only(server: EmbeddedPostgres, value: str) -> None:
    """As a replica, or a disk that is full: questions are answered, nothing is stored."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        connection.execute("SELECT pg_reload_conf()")


def until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def reason_of(answer: Answer) -> str:
    """Of an error in Amazon's shape; no marker shows in it."""
    assert answer.json["errors"][0]["code"]
    assert b"PPW-" not in answer.raw
    return answer.reason


def test_the_database_goes_and_comes_back(server: EmbeddedPostgres, tmp_path: Path) -> None:
    """83: without a database there are no records, so nothing is served: not what is personal, nor anything else; known tokens and
    unknown ones alike. Once it is back, so is the gateway, without a hand laid on it.
    """
    with ScriptedUpstream() as upstream:
        stack = Stack(tmp_path, server.dsn(), upstream_url=upstream.origin, spec=SPEC)
        with stack:
            gate, number, secret = Gate(stack, upstream), order_number(), marker("name")
            document = one(number, json.dumps({"ShippingAddress": {"City": "Ghent"}, "SellerOrderId": secret})[1:-1])
            upstream.always(says(document))
            target = f"/orders/v0/orders/{number}"
            gate.judge(gate.get(target), 200, allowed=[secret])
            read_only(server, "on")
            until(lambda: gate.get(target).status == 503)
            assert reason_of(gate.get(target)).startswith("ledger_")
            read_only(server, "off")
            until(lambda: gate.get(target).status == 200)
            server.stop()
            assert reason_of(gate.get(target)) == "ledger_unavailable"
            assert reason_of(gate.get(target, app="tracker")) in ("database_unavailable", "ledger_unavailable")
            asked = gate.asked()
            assert reason_of(gate.get("/orders/v0/orders", token="nobody")) in (
                "database_unavailable",
                "ledger_unavailable",
            )
            assert gate.asked() == asked
            # Five seconds without its feed, and the worker says so before it asks upstream for anything personal.
            until(
                lambda: gate.converse(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").startswith(
                    b"HTTP/1.1 503"
                )
            )
            assert reason_of(gate.get(target)) in ("facts_stale", "ledger_unavailable")
            gate.check_worker()
            server.start()
            until(lambda: gate.get(target).status == 200)
            served = gate.records()
            assert [record for record in served if record["outcome"] == "served"]
            gate.judge(gate.get(target), 200, allowed=[secret])
            gate.judge(gate.get(target, app="tracker"), 200, allowed=[secret])


def test_upstream_goes_and_comes_back(migrated_database: Callable[[], str], tmp_path: Path) -> None:
    """A marketplace that cannot be reached is answered for at once, and found again by itself."""
    port, number = free_port(), order_number()
    origin = f"http://127.0.0.1:{port}"
    url = migrated_database()
    with ScriptedUpstream() as nobody, Stack(tmp_path, url, upstream_url=origin, spec=SPEC, migrated=True) as stack:
        silent = Gate(stack, nobody)
        for _ in range(7):  # more than the breaker waits for
            silent.judge(silent.get(f"/orders/v0/orders/{number}"), 502, reason="upstream_unreachable")
        with ScriptedUpstream(port) as upstream:
            gate = Gate(stack, upstream)
            upstream.always(says(one(number)))
            until(lambda: gate.get(f"/orders/v0/orders/{number}").status == 200)
            gate.records()
            gate.judge(gate.get(f"/orders/v0/orders/{number}"), 200)
        silent.records()
        silent.judge(silent.get(f"/orders/v0/orders/{number}"), 502, reason="upstream_unreachable")
