"""Row e: from a revocation's commit to the last byte of personal data of a call begun later; and a worker without its feed."""

import asyncio
import contextlib
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from piepowder.core.kernel import json
from piepowder.core.kernel.postgres import EmbeddedPostgres
from proof.figures import ROOT, Figure, Run
from tests.support.load import Traffic
from tests.support.marked_orders import single
from tests.support.scene import Scene

ROUNDS, ROUNDS_FULL = 200, 2_000
WORKERS = 4
SETTLED = 5  # answers without personal data from each worker, after which a round is over
STALE_SECONDS_WATCHED = 7.0
PATHS = [single(number) for number in range(20)]


class Round(Struct, frozen=True):
    """Milliseconds after the commit had returned. `last_byte` is 0 where no later call got personal data."""

    kind: str
    last_byte: float
    last_worker_refused: float
    workers: int


def measure(run: Run) -> list[Figure]:
    rounds = ROUNDS_FULL if run.full else ROUNDS
    with _database() as (folder, server):
        results, stale, recovered = asyncio.run(_play(folder, server, rounds))
    run.keep("revocation.json", json.encode_text(results))
    last = sorted(each.last_byte for each in results)
    known = sorted(each.last_worker_refused for each in results)
    return [
        Figure("revocations", len(results)),
        Figure("workers that served in every round", min(each.workers for each in results)),
        Figure("last personal byte, p99", share(last, 0.99), "ms"),
        Figure("last personal byte, longest", last[-1], "ms"),
        Figure("worker without feed, last personal byte", stale, "s"),
        Figure("worker without feed, personal data again after its return", recovered, "s"),
        Figure("rounds in which a later call got personal data", sum(value > 0 for value in last)),
        Figure("every worker seen refusing, p50", share(known, 0.5), "ms"),
        Figure("every worker seen refusing, p99", share(known, 0.99), "ms"),
    ]


def share(ordered: list[float], part: float) -> float:
    """Nearest rank."""
    return ordered[math.ceil(part * len(ordered)) - 1]


@contextlib.contextmanager
def _database() -> Iterator[tuple[Path, EmbeddedPostgres]]:
    folder = Path(tempfile.mkdtemp(prefix="piepowder-prove-"))
    try:
        with EmbeddedPostgres(folder) as server:
            yield folder, server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _play(folder: Path, server: EmbeddedPostgres, rounds: int) -> tuple[list[Round], float, float]:
    sellers = [f"A1PROOF{number:05d}" for number in range(rounds // 2 + 1)]
    (folder / "scene").mkdir()
    scene = Scene(folder / "scene", server, server.create_database("revocation"), sellers=sellers, workers=WORKERS)
    words = [sys.executable, "-m", "django", "migrate", "--no-input", "--verbosity", "0"]
    subprocess.run(words, check=True, cwd=ROOT, env=scene.stack.environment)
    async with scene.set(), scene.traffic(await scene.restricted(sellers[-1]), PATHS, per_second=25.0) as traffic:
        results = []
        for number in range(rounds):
            traffic.answers.clear()
            results.append(await (_standing if number % 2 else _grant)(scene, traffic, sellers[number // 2]))
        traffic.token = await scene.restricted(sellers[-1])
        return results, *await _without_feed(scene, traffic)


async def _grant(scene: Scene, traffic: Traffic, seller: str) -> Round:
    traffic.token = await scene.restricted(seller)
    await traffic.each_worker(2, since=time.monotonic(), personal=True)
    return await _settled(
        "grant", traffic, await scene.change.do("revoke_grant", grant=scene.grant(seller)["grant_id"])
    )


async def _standing(scene: Scene, traffic: Traffic, seller: str) -> Round:
    """Of the app, under the grant that stays."""
    traffic.token = await scene.restricted(max(each["seller_id"] for each in scene.app["grants"]))
    await traffic.each_worker(2, since=time.monotonic(), personal=True)
    subject = scene.app["app_id"]
    committed = await scene.change.do("set_standing", subject=subject, standing="personal_data_off")
    ended = await _settled("personal data", traffic, committed)
    back = await scene.change.do("set_standing", subject=subject, standing="good")
    await traffic.each_worker(1, since=back, personal=True)
    return ended


async def _settled(kind: str, traffic: Traffic, committed: float) -> Round:
    """Once each worker has answered several later calls without personal data."""
    await traffic.each_worker(SETTLED, since=committed, personal=False)
    later = traffic.of(since=committed)
    first: dict[int, float] = {}
    for each in sorted(later, key=lambda answer: answer.ended):
        if not each.personal:
            first.setdefault(each.worker, each.ended)
    last = max((each.ended - committed for each in later if each.personal), default=0.0)
    return Round(kind, last * 1e3, (max(first.values()) - committed) * 1e3, len(first))


async def _without_feed(scene: Scene, traffic: Traffic) -> tuple[float, float]:
    """Seconds from the cut to the last personal byte of the worker that lost its feed, and from its return to its first."""
    await traffic.each_worker(2, since=time.monotonic(), personal=True)
    traffic.answers.clear()
    with scene.one_feed_cut():
        cut = time.monotonic()
        await traffic.each_worker(SETTLED, since=cut + STALE_SECONDS_WATCHED)
        since_cut = traffic.of(since=cut)
    back = time.monotonic()
    refusing = {each.worker for each in since_cut if "facts_stale" in each.reason}
    if len(refusing) != 1:
        raise AssertionError(f"{len(refusing)} workers refused for want of their feed, one should")
    worker = refusing.pop()
    await traffic.each_worker(1, since=back, personal=True)
    last = max(each.ended - cut for each in since_cut if each.personal and each.worker == worker)
    return last, min(each.ended for each in traffic.of(since=back, worker=worker, personal=True)) - back
