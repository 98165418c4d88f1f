"""Rate limits shared by processes: exact to the call, and nobody's death blocks or frees anything."""

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.gateway.limits import Limits

WORKERS = 4


class Ticks:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self, seconds: float = 1_000_000.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "limits"


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def limits(path: Path, ticks: Ticks) -> Iterator[Limits]:
    table = Limits(path, 1024, monotonic=ticks)
    yield table
    table.close()


def test_burst_then_one_call_per_interval(limits: Limits, ticks: Ticks) -> None:
    """Twenty at once, then one a minute, as getOrders is published; refusals cost nothing."""
    allowed = [limits.take(b"k", 1 / 60, 20) for _ in range(25)]
    assert [found.allowed for found in allowed] == [True] * 20 + [False] * 5
    assert [found.remaining for found in allowed] == [*range(19, -1, -1), 0, 0, 0, 0, 0]
    assert allowed[-1].retry_after_seconds == pytest.approx(60)
    ticks.seconds += 59.9
    assert limits.take(b"k", 1 / 60, 20).retry_after_seconds == pytest.approx(0.1)
    ticks.seconds += 0.2
    assert limits.take(b"k", 1 / 60, 20).allowed
    assert not limits.take(b"k", 1 / 60, 20).allowed


def test_keys_do_not_share(limits: Limits) -> None:
    """Another app, seller or operation is another bucket."""
    assert limits.take(b"a", 0.001, 1).allowed
    assert limits.take(b"b", 0.001, 1).allowed
    assert not limits.take(b"a", 0.001, 1).allowed


def test_bucket_never_holds_more_than_its_burst(limits: Limits, ticks: Ticks) -> None:
    """A week of silence earns no more calls."""
    limits.take(b"k", 1.0, 3)
    ticks.seconds += 7 * 86400
    assert [limits.take(b"k", 1.0, 3).allowed for _ in range(4)] == [True, True, True, False]


def test_raised_rate_counts_at_once(limits: Limits, ticks: Ticks) -> None:
    """Whoever used up a slow plan waits no longer than the fast one asks for."""
    for _ in range(20):
        limits.take(b"k", 1 / 60, 20)
    assert limits.take(b"k", 10.0, 5).retry_after_seconds == pytest.approx(0.1)
    ticks.seconds += 0.11
    assert limits.take(b"k", 10.0, 5).allowed


@given(
    per_second=st.sampled_from([0.0056, 0.0167, 0.5, 1.0, 3.0, 100.0]),
    burst=st.integers(1, 20),
    waits=st.lists(st.integers(0, 2000), min_size=1, max_size=60),
)
@settings(max_examples=300, deadline=None)
def test_agrees_with_a_bucket_counted_by_hand(
    tmp_path_factory: pytest.TempPathFactory, per_second: float, burst: int, waits: list[int]
) -> None:
    """A plain token bucket, filled by the clock and emptied by calls, decides the same."""
    ticks = Ticks()
    table = Limits(tmp_path_factory.getbasetemp() / "by-hand", 64, monotonic=ticks)
    key = os.urandom(8)
    tokens, last = float(burst), ticks.seconds
    for wait in waits:
        ticks.seconds += (
            wait / 1000 / per_second
        )  # in thousandths of the interval, so that every rate is put to the test
        tokens, last = min(burst, tokens + (ticks.seconds - last) * per_second), ticks.seconds
        found = table.take(key, per_second, burst)
        assert found.allowed == (tokens >= 1 - 1e-6)
        tokens -= found.allowed
        assert found.remaining == int(tokens + 1e-6)
    table.close()


@pytest.mark.parametrize(("per_second", "burst"), [(0.0, 5), (-1.0, 5), (float("nan"), 5), (1.0, 0)])
def test_rate_that_allows_nothing_is_a_mistake(limits: Limits, per_second: float, burst: int) -> None:
    """It is said, not divided by."""
    with pytest.raises(PiepowderError) as caught:
        limits.take(b"k", per_second, burst)
    assert caught.value.code == "gateway_bad_rate"


def start_worker(*arguments: str) -> subprocess.Popen[str]:
    """Another process, once it has said that it is there."""
    program = Path(__file__).parent.parent / "support" / "limits_worker.py"
    worker = subprocess.Popen(
        [sys.executable, str(program), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() in {"ready", "locked"}
    return worker


def test_four_workers_together_allow_exactly_the_burst(path: Path) -> None:
    """Not one call more or less, over 4 processes that race for the same 300 keys."""
    workers = [start_worker("take", str(path), "300", "15") for _ in range(WORKERS)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    counts = [[int(count) for count in worker.communicate()[0].split()] for worker in workers]
    assert [sum(per_key) for per_key in zip(*counts, strict=True)] == [20] * 300
    assert all(worker.returncode == 0 for worker in workers)


def test_worker_that_dies_with_a_lock_blocks_nobody(path: Path, limits: Limits) -> None:
    """`kill -9` in the middle of a call: the kernel drops its locks."""
    worker = start_worker("hold", str(path))
    worker.kill()
    worker.communicate()
    assert limits.take(b"k", 1.0, 1).allowed


def test_restart_forgets_nothing(path: Path, ticks: Ticks) -> None:
    """A worker that starts again finds the calls that were used up before."""
    first = Limits(path, 1024, monotonic=ticks)
    assert first.take(b"k", 0.001, 1).allowed
    first.close()
    second = Limits(path, 1024, monotonic=ticks)
    assert not second.take(b"k", 0.001, 1).allowed
    second.close()


@pytest.mark.parametrize("damage", ["boot", "magic", "short", "empty"])
def test_table_of_another_boot_or_shape_is_made_anew(path: Path, ticks: Ticks, damage: str) -> None:
    """Its times mean nothing now; whoever still maps the old file keeps it whole."""
    old = Limits(path, 1024, monotonic=ticks)
    old.take(b"k", 0.001, 1)
    content = bytearray(path.read_bytes())
    if damage == "boot":
        content[16:20] = b"0000"
    elif damage == "magic":
        content[:4] = b"XXXX"
    path.with_name("damaged").write_bytes({"short": bytes(content[:100]), "empty": b""}.get(damage, bytes(content)))
    path.with_name("damaged").replace(path)
    new = Limits(path, 1024, monotonic=ticks)
    assert new.take(b"k", 0.001, 1).allowed
    assert not new.take(b"k", 0.001, 1).allowed
    assert not old.take(b"k", 0.001, 1).allowed
    new.close()
    old.close()


def test_torn_slot_counts_as_empty(path: Path, limits: Limits) -> None:
    """The two copies of a time differ only if a writer died between them."""
    limits.take(b"k", 0.001, 1)
    content = path.read_bytes()
    at = next(offset for offset in range(64, len(content), 32) if content[offset : offset + 16].strip(b"\0"))
    with path.open("r+b") as file:
        file.seek(at + 16)
        file.write(struct.pack("<d", 2e9))
    assert limits.take(b"k", 0.001, 1).allowed
    assert not limits.take(b"k", 0.001, 1).allowed


def test_slots_are_used_again_once_their_bucket_is_full(path: Path, ticks: Ticks) -> None:
    """A small table serves any number of keys over time, and says when too many are live at once."""
    table = Limits(path, 64, monotonic=ticks)
    for number in range(1000):
        ticks.seconds += 0.1
        assert table.take(b"%d" % number, 1.0, 2).allowed
    assert table.overflows == 0
    for number in range(65):
        table.take(b"live %d" % number, 0.001, 2)
    assert table.overflows > 0
    table.close()


def test_table_that_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    """A worker without limits does not start."""
    (tmp_path / "limits").mkdir()
    with pytest.raises(PiepowderError) as caught:
        Limits(tmp_path / "limits", 64)
    assert caught.value.code == "gateway_limits_unavailable"
