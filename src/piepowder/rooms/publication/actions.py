"""Tells the gateways. `publish` runs inside the caller's transaction: what is told and what is stored commit together.

Every published change holds one row lock to the end of its transaction, and the next change waits for it. So publish
last, keep transactions short, and load in bulk with `publish_in_pieces`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice

from django.db import connection, transaction
from msgspec import Struct

from piepowder.core.facts.model import KINDS, PolicyFact, RevokedTokenFact
from piepowder.core.kernel.json import decode_as, encode_text
from piepowder.core.policy.decide import prepare
from piepowder.core.policy.pack import Pack
from piepowder.rooms.ground.actor import Actor
from piepowder.rooms.ground.ledger import record
from piepowder.rooms.publication.models import Fact, Policy, Version

_EXPIRED_FOR_SECONDS = 86_400


def publish(kind: str, key: str, fact: Struct | None) -> int:
    """Publishes one fact (`None`: removed) and returns the number of the change."""
    return publish_many([(kind, key, fact)])


def publish_many(facts: Iterable[tuple[str, str, Struct | None]]) -> int:
    """Publishes (kind, key, fact or None) under one number, all or nothing. The last of a repeated key wins."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a fact is published in the transaction of its change")
    bodies = {(kind, key): _body(kind, fact) for kind, key, fact in facts}
    number = Version.objects.raise_number()
    Fact.objects.put([Fact(kind=kind, key=key, body=body, number=number) for (kind, key), body in bodies.items()])
    return number


def publish_in_pieces(facts: Iterable[tuple[str, str, Struct | None]], *, piece: int = 1000) -> None:
    """Publishes any number of facts, each `piece` of them in a transaction of its own: a cut that comes in between
    waits for one piece and not for all. For facts that are stored already, or that tests and imports make up."""
    remaining = iter(facts)
    while some := list(islice(remaining, piece)):
        with transaction.atomic(durable=True):
            publish_many(some)


def _body(kind: str, fact: Struct | None) -> str | None:
    if fact is None:
        return None
    if type(fact) is not KINDS[kind]:
        raise TypeError(f"a fact of kind `{kind}` is a {KINDS[kind].__name__}, not a {type(fact).__name__}")
    return encode_text(fact)


@transaction.atomic
def publish_policy(files: Mapping[str, str], version: str | None = None, *, by: Actor, at: datetime) -> Policy:
    """Puts a policy pack into force: file name -> text. `version` is what questions and records call it; by default the
    pack's own name, version and digest. A pack that does not compile is refused here (`policy_pack_…`) and never gets out.
    """
    prepared = prepare(Pack.from_files(files))
    version, texts = version or prepared.version, dict(files)
    number = publish("policy", "current", PolicyFact(version=version, files=texts))
    policy = Policy.objects.create(version=version, files=texts, number=number, published_by=str(by), published_at=at)
    record("publication.policy", by=by, at=at, outcome=version, detail={"id": policy.id, "number": number})
    return policy


@transaction.atomic
def forget_expired_tokens(*, at: datetime) -> int:
    """Drops the facts of revoked tokens that would have expired a day ago; nobody can use those any more. Returns how many."""
    over = at.timestamp() - _EXPIRED_FOR_SECONDS
    gone = [
        key
        for key, body in Fact.objects.filter(kind="revoked_token", body__isnull=False).values_list("key", "body")
        if body and decode_as(body, RevokedTokenFact).until < over
    ]
    return Fact.objects.filter(kind="revoked_token", key__in=gone).delete()[0] if gone else 0
