"""How many records a second one process makes durable, at what CPU and latency, for several numbers of concurrent callers.

    python benchmarks/append.py [--seconds 5] [--json FILE]

Records are made up and as large as a gateway's own (a detail of about 1 KB). PostgreSQL is the embedded one, with its durable settings.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg
import uvloop

import piepowder.core.ledger
from piepowder.core.kernel.ids import new_id
from piepowder.core.kernel.json import encode
from piepowder.core.kernel.postgres import EmbeddedPostgres
from piepowder.core.ledger.append import Appender
from piepowder.core.ledger.detail import Counts, Detail, ShortVerdict
from piepowder.core.ledger.model import Record

CALLERS = (1, 10, 100, 400)
SCHEMA = Path(piepowder.core.ledger.__file__).with_name("schema.sql").read_text()
DETAIL = Detail(
    questions=(
        {"app": new_id("app"), "purpose": "shipping", "operation": "orders.v0.getOrder", "order_state": "unshipped"},
    ),
    verdicts={
        "unshipped": {f"made.up.{n}": ShortVerdict("kept", "permitted", None, "policy", ("ship-1",)) for n in range(12)}
    },
    counts=Counts(orders=1, states={"unshipped": 1}),
)


def records() -> Iterator[Record]:
    """Different ids, hashes, apps and sellers; made ahead, so that their making is not measured."""
    apps, sellers = [new_id("app") for _ in range(100)], [new_id("sel") for _ in range(1000)]
    template = Record(
        id="",
        kind="gateway.read",
        recorded_at=datetime.now(UTC),
        operation="orders.v0.getOrder",
        purpose="shipping",
        mode="enforce",
        policy_version="made-up@1",
        outcome="served",
        status=200,
        personal=True,
        bytes_in=1400,
        bytes_out=900,
        detail=encode(DETAIL),
    )
    number = 0
    while True:
        number += 1
        yield msgspec.structs.replace(
            template,
            id=new_id("rec"),
            request=new_id("req"),
            app=apps[number % 100],
            seller=sellers[number % 1000],
            orders=(os.urandom(16),),
            subjects=(os.urandom(16),),
        )


async def load(url: str, callers: int, seconds: float) -> list[dict[str, object]]:
    appender = Appender(url)
    await appender.start()
    made = records()
    stock = [next(made) for _ in range(int(seconds * 20_000))]
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def call() -> None:
        while stock and (started := time.perf_counter()) < end:
            await appender.append(stock.pop())
            latencies.append(time.perf_counter() - started)

    wall, cpu = time.perf_counter(), cpu_seconds()
    await asyncio.gather(*(call() for _ in range(callers)))
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    await appender.stop()
    latencies.sort()
    case = f"ledger append, {callers} callers"
    return [
        row(case, len(latencies) / wall, "records/s"),
        row(f"{case}, CPU of the process", cpu / len(latencies) * 1e6, "us"),
        row(f"{case}, p50", latencies[len(latencies) // 2] * 1e3, "ms"),
        row(f"{case}, p99", latencies[int(len(latencies) * 0.99)] * 1e3, "ms"),
    ]


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def row(case: str, value: float, unit: str) -> dict[str, object]:
    return {"case": case, "subject": "piepowder", "value": round(value, 2), "unit": unit}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="piepowder-bench-"))
    rows: list[dict[str, object]] = []
    try:
        with EmbeddedPostgres(folder) as server:
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute(SCHEMA.encode())
            for callers in CALLERS:
                rows += uvloop.run(load(server.dsn(), callers, options.seconds))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for each in rows:
        sys.stdout.write(f"{each['case']:<56}{each['value']:>12} {each['unit']}\n")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
