"""Made-up worlds: a policy, a few callers, and any number of (document, request) pairs to try on them."""

import itertools
import json
import random
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct

from piepowder.core.facts.model import AppFact, GrantFact, ManifestFact, PolicyFact, SellerFact, StandingFact
from piepowder.core.policy.pack import Pack, read_pack
from tests.oracle.compare import Expected
from tests.oracle.documents import Document, Writer
from tests.oracle.judge import Call, Judge, Who
from tests.oracle.raw import Guarded, guarded
from tests.oracle.rules import CATEGORIES, PURPOSES, ROLES, SHIPPED, Policy, as_pack, made_up

Facts = dict[tuple[str, str], Struct | None]
CAPABILITIES = ("call", "read_personal_data", "new_authorisations")
TOKENS = "tokens.2021-03-01.createRestrictedDataToken"
_USUAL = {"shippingAddress": "shipping", "buyerInfo": "tax", "buyerTaxInformation": "tax"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Caller:
    """An app with one seller's grant. `mode` is what is published; `modes_until` may have made it void."""

    name: str
    seller: str
    who: Who
    mode: str
    mode_key: str
    mode_over: bool

    def facts(self) -> Facts:
        who = self.who
        until = {self.mode_key: time.time() + (-5.0 if self.mode_over else 3600.0)}
        app = AppFact(
            id=self.name,
            developer=f"dev_{self.name}",
            name="Made up",
            environment=who.environment,
            roles=tuple(sorted(who.roles)),
            versions={"1": ManifestFact(who.operations, who.categories, who.everywhere)},
            modes={self.mode_key: self.mode},
            modes_until=until,
        )
        grant = GrantFact(
            id=f"grt_{self.name}",
            app=self.name,
            seller=f"sel_{self.name}",
            version="1",
            purposes=who.purposes,
            narrowed=who.narrowed,
        )
        return {
            ("app", app.id): app,
            ("grant", grant.id): grant,
            ("seller", grant.seller): SellerFact(id=grant.seller, marketplace_id=self.seller),
            ("standing", app.id): StandingFact(capabilities=tuple(sorted(who.standing))),
            ("standing", app.developer): StandingFact(capabilities=CAPABILITIES),
        }

    def row(self, kind: str, restriction: Any = None) -> tuple[Any, ...]:
        """What the database says of a token of this caller."""
        text = None if restriction is None else json.dumps(restriction)
        now = time.time()
        return (kind, self.name, f"grt_{self.name}", f"sel_{self.name}", "", now - 60, now + 3000, False, text, 0)


@dataclass
class World:
    dialect: str
    policy: Policy
    callers: list[Caller]
    operations: dict[str, Guarded]

    def facts(self) -> Facts:
        facts: Facts = {}
        for caller in self.callers:
            facts |= caller.facts()
        facts["policy", "current"] = PolicyFact(
            version=Pack.from_files(self.policy.files).version, files=self.policy.files
        )
        return facts


@dataclass
class Triple:
    """One call to make, the answer that upstream has for it, and what should come of it."""

    caller: Caller
    call: Call
    document: Document
    lookup: Document | None
    expected: Expected
    path: str
    query: list[tuple[str, str]]
    headers: list[tuple[bytes, bytes]]
    method: str = "GET"
    restriction: dict[str, Any] | None = None  # of a restricted token that exists already
    asks: dict[str, Any] | None = None  # body of a request for a restricted token to make first
    issues: bool = True  # whether that request should succeed
    meanwhile: Facts = field(default_factory=dict)  # changes while upstream takes its time
    before: Judge | None = None  # the judge of the moment before those changes

    def scope(self, token: str, dialect: str) -> dict[str, Any]:
        carried = (b"authorization", b"Bearer " + token.encode()) if dialect == "stall" else _amazon(token)
        return _scope(self.method, self.path, urlencode(self.query, quote_via=quote), [carried, *self.headers])

    def asking(self, token: str) -> tuple[dict[str, Any], bytes]:
        body = json.dumps(self.asks).encode()
        headers = [
            _amazon(token), (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *self.headers,
        ]  # fmt: skip
        return _scope("POST", "/tokens/2021-03-01/restrictedDataToken", "", headers), body


def _amazon(token: str) -> tuple[bytes, bytes]:
    return (b"x-amz-access-token", token.encode())


def _scope(method: str, path: str, query: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "http_version": "1.1",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), *headers],
        "extensions": {},
    }


def world(chance: random.Random, dialect: str) -> World:
    operations = guarded(dialect)
    name = chance.choice((*SHIPPED, *["made-up"] * 9))
    shipped = name in SHIPPED
    rules = SHIPPED[name] if shipped else made_up(chance, tuple(operations))
    policy = Policy(name, rules, read_pack(name).files) if shipped else as_pack(name, rules)
    return World(dialect, policy, [_caller(chance, operations, dialect) for _ in range(3)], operations)


def _caller(chance: random.Random, operations: dict[str, Guarded], dialect: str) -> Caller:
    generous = chance.random() < 0.65
    purposes = chance.sample(PURPOSES, chance.randint(1, 4))
    if generous:
        purposes = list(dict.fromkeys([*purposes[:2], "shipping", "tax"]))
    mode = chance.choice(("enforce",) * 8 + ("observe", "observe", "substitute"))
    over = chance.random() < 0.2
    roles = chance.sample(ROLES, chance.randint(0, 3))
    if generous or chance.random() < 0.5:
        roles += ["direct_to_consumer_shipping", "tax_invoicing", "selling_partner_insights"]
    who = Who(
        roles=frozenset(roles),
        operations={
            name: _purposes(chance, purposes) for name in (*operations, TOKENS) if generous or chance.random() < 0.9
        },
        categories={
            purpose: _categories(chance, generous) for purpose in purposes if generous or chance.random() < 0.8
        },
        everywhere=chance.random() < 0.3,
        purposes=(granted := _granted(chance, purposes)),
        narrowed=_narrowed(chance, granted, generous),
        standing=frozenset(CAPABILITIES if chance.random() < 0.9 else chance.sample(CAPABILITIES, 2)),
        mode="enforce" if over else mode,
        environment=chance.choice(("production", "production", "sandbox")),
    )
    number = next(_numbers)
    seller = f"shop-{number}" if dialect == "stall" else f"A{number:09d}"
    return Caller(f"app_{number}", seller, who, mode, "*", over)


def _purposes(chance: random.Random, purposes: list[str]) -> tuple[str, ...]:
    return tuple(chance.sample(purposes, chance.choice((0, 1, 1, 1, 1, min(2, len(purposes))))))


def _granted(chance: random.Random, purposes: list[str]) -> tuple[str, ...]:
    if chance.random() < 0.7:
        return tuple(dict.fromkeys(purpose.partition(".")[0] for purpose in purposes))
    return tuple(chance.sample(purposes, chance.randint(0, len(purposes))))


def _narrowed(chance: random.Random, granted: tuple[str, ...], generous: bool) -> dict[str, tuple[str, ...]] | None:
    """Most grants are whole; of the others a seller narrowed one purpose or several."""
    if chance.random() < 0.6:
        return None
    return {purpose: _categories(chance, generous) for purpose in granted if chance.random() < 0.6}


def _categories(chance: random.Random, generous: bool) -> tuple[str, ...]:
    if generous and chance.random() < 0.7:
        return ("buyer", "free_text", "order", "seller", "marketplace", "paging")
    return tuple(chance.sample((*CATEGORIES, "buyer", "buyer.address", "order", "seller"), chance.randint(0, 20)))


def made_triple(chance: random.Random, place: World) -> Triple:
    caller = chance.choice(place.callers)
    operation = chance.choice([each for each in place.operations.values() if each.binding or chance.random() < 0.4])
    parameter = operation.binding.get("order_parameter")
    asked = _order_number(chance, place.dialect) if parameter else None
    path = operation.path.replace("{shop}", caller.seller)
    if parameter:
        path = path.replace(f"{{{parameter}}}", str(asked))
    call = Call(operation, asked=asked)
    query = _query(operation)
    if "included_data" in operation.says and chance.random() < 0.9:
        blocks = operation.says["included_data"]
        call = replace(call, blocks=tuple(chance.sample(list(blocks), chance.randint(1, len(blocks)))))
        query.append(("includedData", ",".join(call.blocks)))
    writer = _writer(chance, caller, operation, asked, place.dialect)
    call = _by_mail(chance, call, query, writer)
    if chance.random() < 0.02:
        query.append((writer.marker("unknown"), writer.marker("parameter")))
    call, headers = _purpose_header(chance, call, caller)
    made = _Token(chance, place.policy, place.operations, caller, call, path).made()
    document, lookup = writer.write(), None
    if operation.binding.get("lookup"):
        lookup = _writer(chance, caller, place.operations[operation.binding["lookup"]], asked, place.dialect).write()
    judge = Judge(place.policy, caller.who, made.call)
    triple = Triple(
        caller, made.call, document, lookup, Expected(judge, document, lookup), path, query, headers,
        method="HEAD" if chance.random() < 0.03 else "GET", restriction=made.restriction, asks=made.asks, issues=made.issues,
    )  # fmt: skip
    return _with_change(chance, place, triple) if chance.random() < 0.05 and not call.filters_by_mail else triple


def _order_number(chance: random.Random, dialect: str) -> str:
    digits = f"{chance.randrange(10**14):014d}"
    return f"S-{digits[:6]}" if dialect == "stall" else f"222-{digits[:7]}-{digits[7:]}"


def _writer(chance: random.Random, caller: Caller, operation: Guarded, asked: str | None, dialect: str) -> Writer:
    wild = chance.choice((0.0, 0.0, 0.0, 0.004, 0.03, 0.15))
    fixed = {"shop": caller.seller} if dialect == "stall" else {}
    usual = {"number" if dialect == "stall" else operation.binding["order_id"][-1]: asked} if asked else {}
    fill = chance.choice((0.15, 0.3, 0.5, 0.8))
    return Writer(chance, operation, wild=wild, fill=fill, fixed=fixed, usual=usual)


def _query(operation: Guarded) -> list[tuple[str, str]]:
    now = datetime.now(UTC)
    return {
        "orders.v0.getOrders": [("MarketplaceIds", "M1,M2"), ("CreatedAfter", "2020-01-01T00:00:00Z")],
        "orders.2026-01-01.searchOrders": [("createdAfter", "2020-01-01T00:00:00Z")],
        "sales.v1.getOrderMetrics": [
            ("marketplaceIds", "M1"),
            ("granularity", "Total"),
            ("interval", f"{now - timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}--{now - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"),
        ],
    }.get(operation.id, [])


def _by_mail(chance: random.Random, call: Call, query: list[tuple[str, str]], writer: Writer) -> Call:
    name = next((name for name in ("BuyerEmail", "buyer_mail") if name in call.operation.parameters), None)
    if name is None or chance.random() > 0.08:
        return call
    query.append((name, writer.marker("filter") + "@x.example"))
    return replace(call, filters_by_mail=True)


def _purpose_header(chance: random.Random, call: Call, caller: Caller) -> tuple[Call, list[tuple[bytes, bytes]]]:
    if chance.random() < 0.65:
        return call, []
    declared = sorted({purpose for several in caller.who.operations.values() for purpose in several})
    word = chance.choice(declared) if declared and chance.random() < 0.93 else chance.choice((*PURPOSES, "none"))
    return replace(call, header=word), [(b"x-piepowder-purpose", word.encode())]


@dataclass
class _Made:
    call: Call
    restriction: dict[str, Any] | None = None
    asks: dict[str, Any] | None = None
    issues: bool = True


@dataclass
class _Token:
    """Chooses the token of a call: the access token, a restricted one from anywhere, or one that is asked for first."""

    chance: random.Random
    policy: Policy
    operations: dict[str, Guarded]
    caller: Caller
    call: Call
    path: str

    def made(self) -> _Made:
        turn = self.chance.random()
        elements = self.call.operation.elements
        if turn < 0.45 or (not elements and turn < 0.95):
            return _Made(self.call)
        return self._asked_for() if elements and turn < 0.56 else self._found()

    def _found(self) -> _Made:
        """Any restriction that may stand in the database, sensible or not."""
        chance, operation = self.chance, self.call.operation
        several = chance.sample(("shippingAddress", "buyerInfo", "buyerTaxInformation"), chance.randint(0, 3))
        bound = {
            name: chance.sample(PURPOSES, chance.choice((1, 1, 1, 2))) for name in several if chance.random() < 0.7
        }
        if chance.random() < 0.2:
            bound["*"] = [chance.choice(PURPOSES)]
        if chance.random() < 0.5:
            bound = {name: [_USUAL[name]] for name in several}
        covered = chance.random() < 0.95
        resource = {"method": "GET", "path": chance.choice((self.path, operation.path)), "elements": several}
        if not covered:
            resource = chance.choice(({**resource, "method": "POST"}, {**resource, "path": "/orders/v0/orders/1"}))
        resources = [resource, {"method": "GET", "path": "/elsewhere", "elements": ["buyerInfo"]}]
        call = replace(
            self.call,
            covered=covered,
            elements=tuple(several),
            bound={name: tuple(each) for name, each in bound.items()},
        )
        return _Made(call, restriction={"resources": resources, "purposes": bound, "target": None})

    def _asked_for(self) -> _Made:
        """createRestrictedDataToken as an app would call it."""
        chance, operation, caller = self.chance, self.call.operation, self.caller
        elements = chance.sample(operation.elements, chance.randint(1, len(operation.elements)))
        named = elements if operation.says.get("element_required") or chance.random() < 0.5 else []
        meant = named or sorted(operation.says["implied_elements"])
        asks = {
            "restrictedResources": [
                {"method": "GET", "path": chance.choice((self.path, operation.path)), "dataElements": named}
            ]
        }
        declared = caller.who.operations.get(operation.id, ())
        bound: dict[str, tuple[str, ...]] = {}
        for element in meant:
            usual = _USUAL[element]
            bound[element] = (
                (self.call.header,) if self.call.header else (usual,) if usual in declared else tuple(declared)
            )
        call = replace(self.call, elements=tuple(named), bound=bound)
        return _Made(call, asks=asks, issues=self._issued(meant, bound))

    def _issued(self, meant: list[str], bound: dict[str, tuple[str, ...]]) -> bool:
        who, operation = self.caller.who, self.call.operation
        known = {purpose for several in who.operations.values() for purpose in several}
        if "call" not in who.standing or (self.call.header is not None and self.call.header not in known):
            return False
        if who.mode == "enforce" and TOKENS not in who.operations:
            return False
        # An element is a matter of role and purpose: an operation that finds nothing behind it may have it as well as one that does.
        others = [each for name, each in self.operations.items() if name in who.operations and each is not operation]
        judges = [Judge(self.policy, who, replace(self.call, operation=each)) for each in (operation, *others)]
        return all(any(judge.may_unlock(element, bound[element] or (None,)) for judge in judges) for element in meant)


def _with_change(chance: random.Random, place: World, triple: Triple) -> Triple:
    """Something is taken away while upstream takes its time; the decision is of the moment of release."""
    caller = triple.caller
    who, app = caller.who, caller.name
    grant = caller.facts()["grant", f"grt_{app}"]
    assert isinstance(grant, GrantFact)
    less_for: dict[str, tuple[str, ...]] = dict.fromkeys(who.purposes, ("order",))
    narrow = GrantFact(id=grant.id, app=app, seller=grant.seller, version="1", purposes=who.purposes, narrowed=less_for)
    less = StandingFact(capabilities=("call",))
    changes: tuple[tuple[Facts, Who | None], ...] = (
        ({("standing", app): less}, replace(who, standing=frozenset({"call"}))),
        ({("standing", f"dev_{app}"): less}, replace(who, standing=who.standing & {"call"})),
        ({("grant", grant.id): narrow}, replace(who, narrowed=less_for)),
        ({("grant", grant.id): None}, None),
    )
    facts, after = chance.choice(changes)
    judge = Judge(place.policy, after or replace(who, standing=frozenset()), triple.call)
    expected = Expected(judge, triple.document, triple.lookup)
    return replace(triple, meanwhile=facts, before=triple.expected.judge, expected=expected)
