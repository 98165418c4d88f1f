"""Tokens: one look-up each, then remembered within bounds; a revocation wins every race."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from piepowder.core.facts.model import GrantFact, RevokedTokenFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.gateway import database as database_module
from piepowder.gateway import feed as feed_module
from piepowder.gateway import tokens as tokens_module
from piepowder.gateway.feed import Feed
from piepowder.gateway.tokens import Resource, Restriction, TokenFact, Tokens, digest_of
from tests.support.fact_tables import TABLES, Publisher
from tests.support.schemas import own_schema

HOUR = timedelta(hours=1)


@pytest.fixture
def publisher(postgres_url: str) -> Iterator[Publisher]:
    made = Publisher(own_schema(postgres_url, TABLES))
    yield made
    made.connection.close()


def run(publisher: Publisher, work: Callable[[Tokens, Feed], Awaitable[None]]) -> None:
    async def main() -> None:
        feed = Feed()
        await feed.start(publisher.url)
        tokens = Tokens(publisher.url, feed)
        await tokens.start()
        async with asyncio.timeout(30):
            await work(tokens, feed)
        await tokens.stop()
        await feed.stop()

    asyncio.run(main())


def issue(
    publisher: Publisher, token: str, *, kind: str = "access", lasts: timedelta = HOUR, revoked: bool = False
) -> None:
    subject = ("app_1", "grt_1", "sel_1") if kind == "access" else ("app_1", None, None)
    publisher.run(
        "INSERT INTO token VALUES (%s, %s, %s, %s, %s, '', now(), now() + %s, %s)",
        digest_of(token),
        kind,
        *subject,
        lasts,
        revoked,
    )


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)


async def found(tokens: Tokens, token: str) -> TokenFact:
    fact = await tokens.lookup(token)
    assert fact is not None
    return fact


def waiting_look_ups(publisher: Publisher) -> int:
    question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = %s"
    return int(publisher.run(question, "piepowder gateway")[0][0])


def test_a_token_is_known_by_its_digest(publisher: Publisher) -> None:
    """The fact says whose token it is and how long it lives, in the database's time."""
    issue(publisher, "Atza|1")
    issue(publisher, "Atza|2", kind="grantless")

    async def work(tokens: Tokens, feed: Feed) -> None:
        fact = await found(tokens, "Atza|1")
        assert (fact.kind, fact.app, fact.grant, fact.seller) == ("access", "app_1", "grt_1", "sel_1")
        assert fact.expires_at - fact.issued_at == HOUR.total_seconds()
        assert abs(fact.issued_at - feed.database_now()) < 10
        assert not tokens.is_revoked(fact)
        grantless = await found(tokens, "Atza|2")
        assert (grantless.kind, grantless.grant, grantless.seller) == ("grantless", "", "")

    run(publisher, work)


@pytest.mark.parametrize("token", ["", "nobody's", "\0", "\ud800", "é" * 3000, "x" * 100_000])
def test_no_such_token(publisher: Publisher, token: str) -> None:
    """Anything else is nobody's token, whatever it consists of."""

    async def work(tokens: Tokens, feed: Feed) -> None:
        assert await tokens.lookup(token) is None
        assert await tokens.lookup(token) is None

    run(publisher, work)


def test_expired_and_revoked_tokens_are_told_apart(publisher: Publisher) -> None:
    """Both come back as facts that say so: a refusal names its reason."""
    issue(publisher, "old", lasts=-HOUR)
    issue(publisher, "dead", revoked=True)

    async def work(tokens: Tokens, feed: Feed) -> None:
        old, dead = await found(tokens, "old"), await found(tokens, "dead")
        assert old.expires_at < feed.database_now()
        assert (old.revoked, dead.revoked, tokens.is_revoked(dead)) == (False, True, True)

    run(publisher, work)


def test_a_known_token_costs_no_second_look_up(publisher: Publisher) -> None:
    """Once looked up, a token is known without the database."""
    issue(publisher, "Atza|1")

    async def work(tokens: Tokens, feed: Feed) -> None:
        first = await found(tokens, "Atza|1")
        publisher.run("DELETE FROM token")
        assert await tokens.lookup("Atza|1") is first

    run(publisher, work)


def test_a_token_that_was_unknown_is_found_soon_after_it_is_issued(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That a token is unknown is believed for a moment only."""
    monkeypatch.setattr(tokens_module, "UNKNOWN_SECONDS", 3600.0)

    async def work(tokens: Tokens, feed: Feed) -> None:
        assert await tokens.lookup("Atza|1") is None
        issue(publisher, "Atza|1")
        assert await tokens.lookup("Atza|1") is None
        monkeypatch.setattr(tokens_module, "UNKNOWN_SECONDS", 0.01)
        assert await tokens.lookup("Atza|2") is None
        issue(publisher, "Atza|2")
        while await tokens.lookup("Atza|2") is None:
            await asyncio.sleep(0.005)

    run(publisher, work)


def test_what_is_remembered_is_bounded(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither many tokens nor many guesses fill the memory; the oldest leave first and can be looked up again."""
    monkeypatch.setattr(tokens_module, "KNOWN_MAX", 5)
    monkeypatch.setattr(tokens_module, "UNKNOWN_MAX", 5)
    for number in range(12):
        issue(publisher, f"Atza|{number}")

    async def work(tokens: Tokens, feed: Feed) -> None:
        for number in range(12):
            await found(tokens, f"Atza|{number}")
            assert await tokens.lookup(f"guess {number}") is None
        assert (len(tokens._known), len(tokens._unknown)) == (5, 5)
        await found(tokens, "Atza|0")

    run(publisher, work)


def test_many_calls_with_one_new_token_ask_once(publisher: Publisher) -> None:
    """A hundred calls that meet a new token wait for one look-up; one that gives up does not take the others along."""
    issue(publisher, "Atza|1")

    async def work(tokens: Tokens, feed: Feed) -> None:
        with psycopg.connect(publisher.url) as blocker:
            blocker.execute("LOCK TABLE token IN ACCESS EXCLUSIVE MODE")
            calls = [asyncio.create_task(tokens.lookup("Atza|1")) for _ in range(100)]
            await until(lambda: waiting_look_ups(publisher) == 1)
            calls[0].cancel()
            await asyncio.sleep(0)
            assert len(tokens._asking) == 1
        facts = await asyncio.gather(*calls[1:])
        assert facts[0] is not None
        assert all(fact is facts[0] for fact in facts)

    run(publisher, work)


def test_a_revocation_overtakes_the_look_up(publisher: Publisher) -> None:
    """A look-up that read `not revoked` and comes back after the revocation's fact has arrived still ends as revoked."""
    issue(publisher, "Atza|1")
    digest = digest_of("Atza|1")

    async def work(tokens: Tokens, feed: Feed) -> None:
        with psycopg.connect(publisher.url) as blocker:
            blocker.execute("LOCK TABLE token IN ACCESS EXCLUSIVE MODE")
            call = asyncio.create_task(tokens.lookup("Atza|1"))
            await until(lambda: waiting_look_ups(publisher) == 1)
            publisher.publish(("revoked_token", digest.hex(), RevokedTokenFact(until=feed.database_now() + 3600)))
            await until(lambda: digest in feed.snapshot.revoked_tokens)
        fact = await call
        assert fact is not None
        assert fact.revoked

    run(publisher, work)


def test_a_revocation_reaches_a_remembered_token(publisher: Publisher) -> None:
    """The feed's word is enough, without any look-up; a fact taken before says so as well when asked."""
    issue(publisher, "Atza|1")

    async def work(tokens: Tokens, feed: Feed) -> None:
        early = await found(tokens, "Atza|1")
        publisher.publish(("revoked_token", early.digest.hex(), RevokedTokenFact(until=feed.database_now() + 3600)))
        await until(lambda: tokens.is_revoked(early))
        assert (await found(tokens, "Atza|1")).revoked

    run(publisher, work)


def test_a_new_token_comes_after_its_grant(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts that were committed before a token was looked up are in the snapshot when it is found, even if NOTIFY is late."""
    monkeypatch.setattr(tokens_module, "FEED_SECONDS_MAX", 30.0)

    async def work(tokens: Tokens, feed: Feed) -> None:
        for number in range(5):
            issue(publisher, f"Atza|{number}")
            grant = GrantFact(id=f"grt_{number}", app="app_1", seller="sel_1", version="1", purposes=())
            publisher.publish(("grant", grant.id, grant), notify=number % 2 == 0)
            await found(tokens, f"Atza|{number}")
            assert grant.id in feed.snapshot.grants

    run(publisher, work)


def test_a_late_feed_does_not_hold_a_token_for_ever(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose feed is behind still learns about tokens; what it may release is another question."""
    monkeypatch.setattr(tokens_module, "FEED_SECONDS_MAX", 0.05)
    monkeypatch.setattr(feed_module, "ASK_SECONDS", 3600.0)
    issue(publisher, "Atza|1")

    async def work(tokens: Tokens, feed: Feed) -> None:
        number = publisher.publish(("grant", "grt_1", None), notify=False)
        await found(tokens, "Atza|1")
        assert feed.snapshot.number < number

    run(publisher, work)


def test_a_restricted_token_keeps_its_restriction(publisher: Publisher) -> None:
    """What was issued is what another worker finds, bound to app, grant and seller of the token it was asked with."""
    issue(publisher, "Atza|1")
    restriction = Restriction(
        resources=(
            Resource(method="GET", path="/orders/v0/orders/{orderId}", elements=("buyerInfo", "shippingAddress")),
        ),
        purposes={"buyerInfo": ("tax",), "*": ("shipping",)},
    )

    async def work(tokens: Tokens, feed: Feed) -> None:
        parent = await found(tokens, "Atza|1")
        now = datetime.fromtimestamp(feed.database_now(), UTC)
        token = await tokens.issue_restricted(
            parent=parent, restriction=restriction, issued_at=now, lifetime_seconds=3600
        )
        other = Tokens(publisher.url, feed)
        for each in (tokens, other):
            fact = await found(each, token)
            assert (fact.kind, fact.app, fact.grant, fact.seller) == ("restricted", "app_1", "grt_1", "sel_1")
            assert fact.restriction is not None
            assert (fact.restriction.resources, fact.restriction.purposes) == (
                restriction.resources,
                restriction.purposes,
            )
            assert fact.expires_at == pytest.approx(now.timestamp() + 3600)
        await other.stop()
        stored = publisher.run("SELECT count(*) FROM consent_restricted_token WHERE restriction LIKE %s", f"%{token}%")
        assert stored == [(0,)]

    run(publisher, work)


@pytest.mark.parametrize("restriction", ['{"resources": 7}', "", "null", "[]"])
def test_a_restriction_nobody_can_read_opens_nothing(publisher: Publisher, restriction: str) -> None:
    """A restricted token whose restriction makes no sense counts as revoked; it does not become an unrestricted one."""
    publisher.run(
        "INSERT INTO consent_restricted_token VALUES "
        "('rdt_1', %s, 'app_1', 'grt_1', 'sel_1', %s, now(), now() + interval '1h')",
        digest_of("odd"),
        restriction,
    )

    async def work(tokens: Tokens, feed: Feed) -> None:
        assert tokens.is_revoked(await found(tokens, "odd"))

    run(publisher, work)


def test_a_dead_connection_is_replaced(publisher: Publisher) -> None:
    """A database that restarted between two calls costs no call."""
    issue(publisher, "Atza|1")

    async def work(tokens: Tokens, feed: Feed) -> None:
        assert publisher.cut("piepowder gateway") == 1
        await until(lambda: not publisher.backends("piepowder gateway"))
        await found(tokens, "Atza|1")

    run(publisher, work)


def test_without_database_nothing_is_assumed(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new token can be neither accepted nor refused: the error says that the database does not answer, and heals."""
    monkeypatch.setattr(database_module, "QUERY_SECONDS_MAX", 0.3)
    issue(publisher, "Atza|1")
    issue(publisher, "Atza|2")

    async def work(tokens: Tokens, feed: Feed) -> None:
        await found(tokens, "Atza|1")
        with psycopg.connect(publisher.url) as blocker:
            blocker.execute("LOCK TABLE token IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(PiepowderError) as caught:
                await tokens.lookup("Atza|2")
            assert caught.value.code == "gateway_database_unavailable"
            await found(tokens, "Atza|1")
        await found(tokens, "Atza|2")

    run(publisher, work)


def test_start_says_what_is_missing(postgres_url: str) -> None:
    """Without the view, or without a server, starting fails with an error of ours."""
    for url in (own_schema(postgres_url, "SELECT 1"), "postgresql://nobody@127.0.0.1:9/none"):
        with pytest.raises(PiepowderError) as caught:
            asyncio.run(Tokens(url, Feed()).start())
        assert caught.value.code == "gateway_database_unavailable"
