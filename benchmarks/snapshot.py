"""How long a gateway worker needs to load its snapshot, and how much memory the worker then has.

    python benchmarks/snapshot.py [--apps 10000] [--grants 100000] [--json FILE]

Facts are made up, with ids as real ones, three versions an app, manifests of 40 kinds, half of the grants narrowed in one or two purposes,
each by one or two of the categories that the version declares for it. A worker process of its own loads them from an embedded PostgreSQL,
with everything imported that a gateway imports.
"""

import argparse
import asyncio
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from piepowder.core.facts.model import AppFact, GrantFact, ManifestFact, SellerFact, StandingFact
from piepowder.core.kernel.ids import at_time
from piepowder.core.kernel.json import encode_text
from piepowder.core.kernel.postgres import EmbeddedPostgres

TABLES = """
CREATE TABLE publication_version (id smallint PRIMARY KEY, number bigint NOT NULL);
INSERT INTO publication_version VALUES (1, 1);
CREATE TABLE publication_fact (kind text, key text, body text, number bigint NOT NULL, PRIMARY KEY (kind, key));
CREATE INDEX ON publication_fact (number);
"""
OPERATIONS = [
    f"orders.v0.{name}" for name in ("getOrders", "getOrder", "getOrderItems", "getOrderAddress", "getOrderBuyerInfo")
]
OPERATIONS += ["orders.2026-01-01.searchOrders", "orders.2026-01-01.getOrder", "sales.v1.getOrderMetrics"]
PURPOSES = ["shipping", "tax", "messaging", "metrics", "repricing", "advertising", "support", "accounting"]
CATEGORIES = [
    "buyer.name",
    "buyer.email",
    "buyer.phone",
    "buyer.tax_id",
    "buyer.address.street",
    "buyer.address.postcode",
]
CATEGORIES += ["order.money", "order.item", "order.status", "order.time", "seller.commercial", "free_text"]
START = 1_700_000_000_000
chance = random.Random(7)


def some(words: list[str]) -> tuple[str, ...]:
    return tuple(sorted(chance.sample(words, chance.randint(1, len(words) // 2))))


def manifest() -> ManifestFact:
    purposes = some(PURPOSES)
    return ManifestFact(
        operations={operation: tuple(chance.sample(purposes, 1)) for operation in some(OPERATIONS)},
        categories={purpose: some(CATEGORIES) for purpose in purposes},
    )


def facts(apps: int, grants: int) -> Iterator[tuple[str, str, object]]:
    """(kind, key, fact) of a marketplace of that size."""
    kinds = [manifest() for _ in range(40)]
    app_ids = [at_time("app", START + number * 1000) for number in range(apps)]
    manifests: dict[str, dict[str, ManifestFact]] = {}
    developer_ids = [at_time("dev", START + number * 1000) for number in range(apps // 2)]
    seller_ids = [at_time("sel", START + number * 1000) for number in range(grants // 5)]
    for number, app in enumerate(app_ids):
        mode = {"*": "observe"} if number % 10 == 0 else {}
        versions = manifests[app] = {f"1.{minor}": chance.choice(kinds) for minor in range(3)}
        developer = developer_ids[number % len(developer_ids)]
        roles = ("inventory_and_order_tracking", "tax_invoicing")[: number % 3]
        yield (
            "app",
            app,
            AppFact(
                id=app, developer=developer, name=f"Made-up app {number}", roles=roles, versions=versions, modes=mode
            ),
        )
    for subject in app_ids + developer_ids:
        yield "standing", subject, StandingFact(capabilities=("call", "read_personal_data", "new_authorisations"))
    for number, seller in enumerate(seller_ids):
        yield "seller", seller, SellerFact(id=seller, marketplace_id=f"A{number:013d}")
    for number in range(grants):
        yield (
            "grant",
            (name := at_time("grt", START + number * 1000)),
            grant_fact(name, number, app := app_ids[number % apps], chance.choice(seller_ids), manifests[app]),
        )


def grant_fact(name: str, number: int, app: str, seller: str, versions: dict[str, ManifestFact]) -> GrantFact:
    version = f"1.{number % 3}"
    declared = versions[version].categories
    return GrantFact(
        id=name,
        app=app,
        seller=seller,
        version=version,
        purposes=tuple(sorted(declared)),
        narrowed=narrowed(declared) if number % 2 else None,
        expires_at=1_800_000_000.0 + number,
    )


def narrowed(declared: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What a seller leaves who unticks one or two boxes in one or two purposes."""
    purposes = chance.sample(sorted(declared), min(len(declared), chance.randint(1, 2)))
    left = {purpose: set(declared[purpose]) for purpose in sorted(purposes)}
    return {
        purpose: tuple(sorted(words - set(chance.sample(sorted(words), min(len(words), chance.randint(1, 2))))))
        for purpose, words in left.items()
    }


def fill(url: str, apps: int, grants: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES)
        with connection.cursor().copy("COPY publication_fact FROM STDIN") as copy:
            for kind, key, fact in facts(apps, grants):
                copy.write_row((kind, key, encode_text(fact), 1))
        connection.execute("ANALYZE")


def measure(url: str) -> list[dict[str, object]]:
    """In the worker's process: what it costs to load."""
    import piepowder.gateway.main  # noqa: F401 - a worker has all of this in memory
    from piepowder.gateway.feed import Feed

    before = peak_megabytes()

    async def load() -> tuple[Feed, float, float]:
        feed, wall, cpu = Feed(), time.perf_counter(), time.process_time()
        await feed.start(url)
        return feed, time.perf_counter() - wall, time.process_time() - cpu

    async def main() -> list[dict[str, object]]:
        feed, wall, cpu = await load()
        snapshot = feed.snapshot
        names = list(snapshot.grants)[:10_000]
        started = time.perf_counter()
        for name in names:
            snapshot.grants.get(name)
        look_up = (time.perf_counter() - started) / len(names)
        await feed.stop()
        return [
            row("snapshot load", wall, "s"),
            row("snapshot load, CPU of the worker", cpu, "s"),
            row("worker before, peak memory", before, "MB"),
            row("worker with snapshot, peak memory", peak_megabytes(), "MB"),
            row("look-up of a grant", look_up * 1e6, "us"),
            row("apps", len(snapshot.apps), ""),
            row("grants", len(snapshot.grants), ""),
        ]

    return asyncio.run(main())


def peak_megabytes() -> float:
    """The most memory this process has had so far (Linux counts in KiB, macOS in bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def row(case: str, value: float, unit: str) -> dict[str, object]:
    return {"case": case, "subject": "piepowder", "value": round(value, 4), "unit": unit}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--apps", type=int, default=10_000)
    parser.add_argument("--grants", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        sys.stdout.write(json.dumps(measure(options.worker)))
        return
    folder = Path(tempfile.mkdtemp(prefix="piepowder-bench-"))
    try:
        with EmbeddedPostgres(folder) as server:
            fill(server.dsn(), options.apps, options.grants)
            words = [sys.executable, __file__, "--worker", server.dsn()]
            rows = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for each in rows:
        sys.stdout.write(f"{each['case']:<36}{each['value']:>12} {each['unit']}\n")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
