"""`piepowder ledger`: lines for people, documents for programs, and the reason of every verdict."""

from datetime import UTC, datetime

import msgspec
import psycopg
import pytest

from piepowder.cli.main import run
from piepowder.core.kernel.json import decode, encode
from piepowder.core.ledger.append import insert
from piepowder.core.ledger.detail import Counts, Detail, Dropped, ShortVerdict, read_detail
from piepowder.core.marketplace.model import OrderState
from piepowder.core.policy.decide import decide, prepare
from piepowder.core.policy.model import Question
from piepowder.core.policy.pack import read_pack
from tests.support.ledger_records import record

PREPARED = prepare(read_pack("data-protection"))
QUESTION = Question(
    policy_version=PREPARED.version,
    app="app_1",
    roles=frozenset({"direct_to_consumer_shipping"}),
    standing=frozenset({"call", "read_personal_data"}),
    granted_purposes=frozenset({"shipping"}),
    granted_categories=None,
    declared=frozenset({"buyer.name", "buyer.email"}),
    purpose="shipping",
    operation="orders.v0.getOrder",
    order_state=OrderState.UNSHIPPED,
)
DONE = {"keep": "kept", "substitute": "substituted", "withhold": "withheld"}


@pytest.fixture(autouse=True)
def installation(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIEPOWDER_DATABASE_URL", ledger_url)
    monkeypatch.setenv("COLUMNS", "250")


def add(url: str, **fields: object) -> str:
    entry = record(**fields)
    with psycopg.connect(url) as connection:
        insert(connection.cursor(), entry)
    return entry.id


def detail() -> bytes:
    """What the gateway writes of a call that this question decided."""
    verdicts = decide(QUESTION, frozenset({"buyer.name", "buyer.email", "free_text"}), PREPARED).verdicts
    short = {
        name: ShortVerdict(DONE[each.effect], each.outcome, each.substitute, each.basis, each.policies)
        for name, each in verdicts.items()
    }
    return encode(
        Detail(
            questions=(decode(encode(QUESTION)),),
            verdicts={"unshipped": short},
            dropped=Dropped(unknown={"payload.Odd\x1b[31m": 3}, parameters=("Mine",)),
            counts=Counts(orders=1, states={"unshipped": 1}),
        )
    )


def test_tail_lists_for_people_and_programs(ledger_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest records as a table, or as JSON with hashes in hex and the detail as it was written."""
    names = [add(ledger_url, app=f"app_{number}") for number in range(3)]
    assert run(["ledger", "tail", "--limit", "2"]) == 0
    told = capsys.readouterr().out
    assert (names[0] in told, names[1] in told, names[2] in told) == (False, True, True)
    assert run(["ledger", "tail", "--app", "app_1", "--json"]) == 0
    [found] = decode(capsys.readouterr().out)
    assert found["id"] == names[1]
    assert found["detail"] == {"notes": ["made up"]}
    assert all(len(each) == 32 for each in found["orders"] + found["subjects"])


def test_show_explains_every_verdict(ledger_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One record: the question, what became of each category, the policy's own sentence, what was dropped, no control characters."""
    name = add(ledger_url, policy_version=PREPARED.version, detail=detail())
    assert run(["ledger", "show", name]) == 0
    told = capsys.readouterr().out
    for words in (name, "direct_to_consumer_shipping", "unshipped", "buyer.email", "payload.Odd", "(3 times)", "Mine"):
        assert words in told
    verdict = read_detail(detail()).verdicts["unshipped"]["buyer.name"]
    [rule] = [PREPARED.rules[each] for each in verdict.policies[:1]]
    assert rule.id in told
    assert " ".join(rule.reason.split())[:40] in " ".join(told.split())
    assert "\x1b[31m" not in told


def test_show_of_a_request_lists_all_its_records(ledger_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A write's intention and outcome are found together by the request."""
    names = [add(ledger_url, request="req_1", kind=f"gateway.write_{part}") for part in ("intention", "outcome")]
    assert run(["ledger", "show", "req_1", "--json"]) == 0
    assert {each["id"] for each in decode(capsys.readouterr().out)} == set(names)


def test_a_record_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown id ends with status 1, the code and a hint."""
    assert run(["ledger", "show", "rec_none"]) == 1
    assert "ledger_record_not_found" in capsys.readouterr().err


def test_since_without_zone_is_utc(ledger_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A moment without a zone is read as UTC."""
    add(ledger_url, recorded_at=datetime(2026, 3, 1, 11, tzinfo=UTC))
    later = add(ledger_url, recorded_at=datetime(2026, 3, 1, 13, tzinfo=UTC))
    assert run(["ledger", "tail", "--since", "2026-03-01T12:00:00", "--json"]) == 0
    assert [each["id"] for each in decode(capsys.readouterr().out)] == [later]


def test_every_shape_of_a_detail_is_read() -> None:
    """A detail survives being written and read; members of a later release and of other rooms do no harm."""
    read = read_detail(detail())
    assert encode(read) == detail()
    assert read_detail(b'{"by":"staff","new":{"x":1}}').by == "staff"
    assert msgspec.structs.asdict(read_detail(b"{}")) == msgspec.structs.asdict(Detail())
