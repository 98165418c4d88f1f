"""Hostile case 69, promise P4: what is taken away is gone on every worker, whatever is in flight, and without a feed there is nothing.

The half second and the five seconds are the promise itself: calls begun later than that carry no personal data, not one.
"""

import asyncio
import resource
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from piepowder.core.kernel.postgres import EmbeddedPostgres
from tests.support.control_plane import *  # noqa: F403 - fixtures
from tests.support.load import Answer, Connection, Traffic, connect, until
from tests.support.marked_orders import single, whole
from tests.support.scene import Scene

LATE_SECONDS, STALE_SECONDS = 0.5, 5.0
ENOUGH = 10  # answers of each worker
IN_FLIGHT = 1_000
SELLERS = ("A1GRANT", "A1STANDING", "A1TOKEN", "A1FLIGHT", "A1STALE")
Play = Callable[[Scene], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def play(
    postgres_server: EmbeddedPostgres, migrated_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Play], None]]:
    """Runs a coroutine function on the scene; all tests of this file share the scene, each with a seller of its own."""
    folder = tmp_path_factory.mktemp("scene")
    setting = Scene(folder, postgres_server, migrated_database(), sellers=SELLERS).set()
    with asyncio.Runner() as runner:
        scene = runner.run(setting.__aenter__())
        try:
            yield lambda part: runner.run(part(scene))
        finally:
            runner.run(setting.__aexit__(None, None, None))


async def late_answers(traffic: Traffic, committed: float) -> list[Answer]:
    """Of calls begun more than 500 ms after the commit, several of each worker."""
    since = committed + LATE_SECONDS
    await traffic.each_worker(ENOUGH, since=since)
    return traffic.of(since=since)


def personal(answers: list[Answer]) -> list[Answer]:
    return [each for each in answers if each.personal]


def test_a_revoked_grant_ends_everywhere(play: Callable[[Play], None]) -> None:
    """After the seller's withdrawal no worker releases anything under that grant."""

    async def part(scene: Scene) -> None:
        async with scene.traffic(await scene.restricted("A1GRANT")) as traffic:
            await traffic.each_worker(ENOUGH, since=0.0, personal=True)
            committed = await scene.change.do("revoke_grant", grant=scene.grant("A1GRANT")["grant_id"])
            late = await late_answers(traffic, committed)
        assert personal(late) == []
        assert {each.status for each in late} == {403}

    play(part)


def test_personal_data_is_cut_everywhere_and_given_back(play: Callable[[Play], None]) -> None:
    """With the standing "personal data off" calls still work, without personal data; a better standing brings it back."""

    async def part(scene: Scene) -> None:
        subject = scene.app["app_id"]
        async with scene.traffic(await scene.restricted("A1STANDING")) as traffic:
            await traffic.each_worker(ENOUGH, since=0.0, personal=True)
            committed = await scene.change.do("set_standing", subject=subject, standing="personal_data_off")
            late = await late_answers(traffic, committed)
            back = await scene.change.do("set_standing", subject=subject, standing="good")
            await traffic.each_worker(ENOUGH, since=back, personal=True)
        assert personal(late) == []
        assert {each.status for each in late} == {200}

    play(part)


def test_a_revoked_token_ends_everywhere(play: Callable[[Play], None]) -> None:
    """A token that its client gives back is of no use to anybody, on any worker that knew it."""

    async def part(scene: Scene) -> None:
        token = scene.grant("A1TOKEN")["access_token"]
        async with scene.traffic(token, [whole(1), whole(2)]) as traffic:
            await traffic.each_worker(ENOUGH, since=0.0, personal=True)
            committed = await scene.change.do("revoke_token", token=token, client=scene.app["client_id"])
            late = await late_answers(traffic, committed)
        assert personal(late) == []
        assert {each.status for each in late} == {403}

    play(part)


def test_a_thousand_calls_in_flight(play: Callable[[Play], None]) -> None:
    """Calls that upstream keeps waiting are decided at their release: a withdrawal meanwhile counts, also where a feed was lost with it."""

    async def part(scene: Scene) -> None:
        token = await scene.restricted("A1FLIGHT")
        probes = await scene.connections(token, 1)
        several = [await connect(scene.port) for _ in range(IN_FLIGHT)]
        scene.upstream.open.clear()
        calls = [asyncio.create_task(each.get(single(n % 100), token)) for n, each in enumerate(several)]
        await until(lambda: scene.upstream.waiting >= IN_FLIGHT)
        scene.hang_up()
        committed = await scene.change.do("revoke_grant", grant=scene.grant("A1FLIGHT")["grant_id"])
        await until(lambda: time.monotonic() > committed + LATE_SECONDS)
        for probe in probes:
            assert (await refused(probe, token)).status == 403
        scene.upstream.open.set()
        answers = await asyncio.gather(*calls)
        for each in (*several, *probes):
            each.close()
        assert personal(answers) == []
        assert [each.status for each in answers] == [403] * IN_FLIGHT

    enough_files()
    play(part)


async def refused(probe: Connection, token: str) -> Answer:
    """Upstream is held, so only a refusal comes at once."""
    async with asyncio.timeout(STALE_SECONDS):
        return await probe.get(single(1), token)


def enough_files() -> None:
    """Both ends of each call lie in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4 * IN_FLIGHT:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4 * IN_FLIGHT, hard), hard))


def test_a_worker_without_its_feed(play: Callable[[Play], None]) -> None:
    """It refuses personal data within 5 s, while the others obey a withdrawal at once; with its feed it recovers by itself."""

    async def part(scene: Scene) -> None:
        stays, goes = await scene.restricted("A1STALE"), scene.grant("A1STANDING")["grant_id"]
        doomed = await scene.restricted("A1STANDING")
        async with scene.traffic(stays, per_second=10.0) as staying, scene.traffic(doomed, per_second=10.0) as going:
            await staying.each_worker(ENOUGH, since=0.0, personal=True)
            await going.each_worker(ENOUGH, since=0.0, personal=True)
            with scene.one_feed_cut():
                cut = time.monotonic()
                committed = await scene.change.do("revoke_grant", grant=goes)
                await staying.each_worker(ENOUGH, since=cut + STALE_SECONDS)
                await going.each_worker(ENOUGH, since=cut + STALE_SECONDS)
                stale = {each.worker for each in staying.of(since=cut) if each.status == 503}
                after = staying.of(since=cut + STALE_SECONDS)
            back = time.monotonic()
            await staying.each_worker(ENOUGH, since=back, personal=True)
        assert len(stale) == 1
        assert all(each.personal != (each.worker in stale) for each in after)
        assert {each.status for each in after if each.worker in stale} == {503}
        assert all("facts_stale" in each.reason for each in after if each.worker in stale)
        assert personal([each for each in going.of(since=committed + LATE_SECONDS) if each.worker not in stale]) == []
        assert personal(going.of(since=cut + STALE_SECONDS)) == []

    play(part)
