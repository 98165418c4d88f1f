"""Drawing, risk and clocks of audits, as values."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.audits import rules
from piepowder.rooms.audits.rules import AuditStatus, FindingStatus, RiskFacts, Severity
from piepowder.rooms.ground.machine import draw

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
POOLS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=60).map(
    lambda strata: {f"dev_{number}": stratum for number, stratum in enumerate(strata)}
)


def test_the_drawing_in_the_docstring_is_the_table() -> None:
    """The module's docstring shows exactly the moves that the three tables allow."""
    drawn = [line.strip() for line in (rules.__doc__ or "").splitlines() if "->" in line]
    tables = (draw(rules.TRANSITIONS), draw(rules.REQUEST_TRANSITIONS), draw(rules.FINDING_TRANSITIONS))
    assert drawn == "\n".join(tables).splitlines()


def test_every_open_state_says_whose_move_it_is() -> None:
    """Nothing waits for nobody, and what is over waits for nobody."""
    assert set(rules.MOVES) == rules.OPEN
    assert rules.due(AuditStatus.CANCELLED, AT) is None
    assert rules.due(AuditStatus.FINDINGS_SENT, AT) == AT + timedelta(days=21)


@given(POOLS, st.text(max_size=20), st.integers(1, 80))
def test_a_sample_can_be_drawn_again(pool: dict[str, str], seed: str, size: int) -> None:
    """The same seed and pool give the same developers in whatever order the pool is, each at most once, as many as asked for."""
    size = min(size, len(pool))
    first = rules.draw_sample(pool, seed, size)
    assert first == rules.draw_sample(dict(reversed(pool.items())), seed, size)
    assert len(first) == size == len(set(first))
    assert set(first) <= set(pool)


@given(POOLS, st.integers(1, 80))
def test_strata_get_their_shares(pool: dict[str, str], size: int) -> None:
    """Every group gets one while there are enough places, and none more than it has; shares follow sizes."""
    sizes, size = Counter(pool.values()), min(size, len(pool))
    shares = rules.allocate(sizes, size)
    assert sum(shares.values()) == size
    assert all(0 <= shares[name] <= sizes[name] for name in sizes)
    if size >= len(sizes):
        assert min(shares.values()) >= 1
    for one, other in [(a, b) for a in sizes for b in sizes if sizes[a] >= sizes[b]]:
        assert shares[one] >= shares[other] - 1


def test_another_seed_draws_others() -> None:
    """Nobody is always drawn, and over many seeds everybody is drawn about as often."""
    pool = {f"dev_{number}": "a" for number in range(20)}
    drawn = Counter(one for seed in range(400) for one in rules.draw_sample(pool, str(seed), 5))
    assert set(drawn) == set(pool)
    assert 60 <= min(drawn.values()) <= max(drawn.values()) <= 145


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        (RiskFacts(), 15),
        (RiskFacts(last_audit_days=10), 0),
        (RiskFacts(last_audit_days=400), 9),
        (RiskFacts(last_audit_days=10, grants=12), 11),
        (RiskFacts(last_audit_days=10, categories=frozenset({"buyer.name", "buyer.email"})), 8),
        (RiskFacts(last_audit_days=10, open_findings=(Severity.CRITICAL, Severity.LOW)), 15),
        (RiskFacts(last_audit_days=10, abroad=("US", "IN")), 10),
        (
            RiskFacts(
                categories=frozenset(f"buyer.{number}" for number in range(40)),
                grants=10**6,
                open_findings=(Severity.HIGH,) * 9,
                abroad=("US",) * 9,
            ),
            100,
        ),
    ],
)
def test_risk_is_the_sum_of_its_factors(facts: RiskFacts, points: int) -> None:
    """Each factor has a most, says why in words, and all together make 100."""
    factors = rules.score(facts)
    assert rules.total(factors) == points
    assert all(0 <= one.points <= one.most and one.why for one in factors)
    assert sum(one.most for one in factors) == 100


def test_the_riskiest_are_drawn_first() -> None:
    """By score; between equal ones the lot decides, not the name."""
    scores = {f"dev_{number}": 50 for number in range(9)} | {"dev_high": 90}
    assert rules.draw_by_risk(scores, "a", 3)[0] == "dev_high"
    assert rules.draw_by_risk(scores, "a", 4) != rules.draw_by_risk(scores, "b", 4)


def test_reminders_go_out_before_the_deadline() -> None:
    """7, 3 and 1 days ahead; a missed one is made up by the next, and none comes after the end."""
    end = AT + timedelta(days=21)
    due = {days: rules.reminder_due(end, end - timedelta(days=days)) for days in (8, 7, 5, 3, 1, 0)}
    assert due == {8: None, 7: 7, 5: 7, 3: 3, 1: 1, 0: None}


def test_more_time_is_given_once_and_bounded() -> None:
    """Not twice, not into the past, not for ever."""
    rules.check_extension(AT, AT + timedelta(days=28), False)
    for until, extended in ((AT + timedelta(days=29), False), (AT, False), (AT + timedelta(days=2), True)):
        with pytest.raises(PiepowderError):
            rules.check_extension(AT, until, extended)


def test_what_was_true_makes_a_result() -> None:
    """A finding that stands or was fixed counts; one that was withdrawn or dropped does not."""
    assert rules.result([FindingStatus.WITHDRAWN, FindingStatus.DROPPED]) is AuditStatus.CLOSED_CLEAN
    assert rules.result([FindingStatus.WITHDRAWN, FindingStatus.FIXED]) is AuditStatus.CLOSED_WITH_FINDINGS
