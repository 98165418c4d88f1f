"""`make bench`: the gateway with everything on, beside a plain nginx proxy and nginx + Lua redaction, in one run on one machine.

Everything on: token and grant from the snapshot, policy, typed projection, keyed substitutes, rate limits, one ledger record durable
before the first byte. Subjects: `direct` (the static upstream), `nginx` (proxy), `nginx-lua` (redaction), `piepowder` (one worker).
"""

import argparse
import os
import platform
import shutil
import statistics
import tempfile
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.documents import Documents, write_documents
from benchmarks.load import Load, drive, keep
from benchmarks.nginx import Nginx, lua_is_here
from piepowder.core.kernel import json
from piepowder.core.kernel.postgres import EmbeddedPostgres
from tests.support.stack import Stack, free_port

PAGE = "/orders/v0/orders?MarketplaceIds=ATVPDKIKX0DER&CreatedAfter=2026-01-01T00:00:00Z"
RESULTS = Path(__file__).parent.parent / "bench" / "results"
PRINTER = {
    "key": "label_printer",
    "roles": ["inventory_and_order_tracking", "direct_to_consumer_shipping"],
    "operations": {
        "orders.v0.getOrders": ["shipping"],
        "orders.v0.getOrder": ["shipping"],
        "tokens.2021-03-01.createRestrictedDataToken": ["shipping"],
    },
    "categories": {
        "shipping": ["buyer.name", "buyer.phone", "buyer.email", "buyer.address", "buyer.company", "buyer.delivery"]
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    rows = run(options.seconds, options.rounds, options.connections)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "latest.json").write_text(json.pretty(rows) + "\n")
    show(rows)


def run(seconds: int, rounds: int, connections: int, samples: Path = RESULTS / "samples") -> list[dict[str, Any]]:
    """Each subject in turn, `rounds` times over, so that a wobble of the machine meets them all; medians are reported."""
    folder = Path(tempfile.mkdtemp(prefix="piepowder-bench-"))
    try:
        with EmbeddedPostgres(folder) as server:
            return _run(folder, server, seconds, rounds, connections, samples)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(
    folder: Path, server: EmbeddedPostgres, seconds: int, rounds: int, connections: int, samples: Path
) -> list[dict[str, Any]]:
    documents = write_documents(folder / "documents")
    lua = free_port() if lua_is_here() else None
    if lua is None:
        print(
            "nginx with Lua is not installed here (Debian: nginx libnginx-mod-http-lua lua-cjson); its rows are skipped"
        )
    nginx = Nginx(folder / "nginx", documents.folder, upstream=free_port(), proxy=free_port(), lua=lua)
    nginx.start()
    (folder / "gateway").mkdir()
    spec = {
        "policy": "data-protection",
        "sellers": [documents.seller],
        "apps": [PRINTER | {"sellers": [documents.seller]}],
    }
    stack = Stack(
        folder / "gateway",
        server.create_database("bench"),
        upstream_url=f"http://127.0.0.1:{nginx.upstream}",
        spec=spec,
    )
    try:
        with stack:
            return _measure(documents, nginx, stack, seconds, rounds, connections, samples)
    finally:
        nginx.stop()


def _measure(
    documents: Documents, nginx: Nginx, stack: Stack, seconds: int, rounds: int, connections: int, samples: Path
) -> list[dict[str, Any]]:
    plain, restricted = stack.made["apps"]["label_printer"]["access_token"], restricted_token(stack)
    subjects = {
        "direct": nginx.upstream,
        "nginx": nginx.proxy,
        "nginx-lua": nginx.lua,
        "piepowder": stack.settings.gateway_port,
    }
    page, single = PAGE, f"/orders/v0/orders/{documents.order}"
    # The peers redact: so does the gateway for a plain token. With a restricted one it hands out addresses, and says to whom.
    cases = {
        "page": (page, plain),
        "single": (single, plain),
        "page with addresses": (page, restricted),
        "single with address": (single, restricted),
    }
    loads: dict[tuple[str, str], list[Load]] = {}
    for number in range(rounds):
        for case, (path, token) in cases.items():
            for subject, port in subjects.items():
                if port is None or ("address" in case and subject != "piepowder"):
                    continue
                url = f"http://127.0.0.1:{port}{path}"
                load = drive(url, token=token, connections=connections, seconds=seconds)
                if load.failed:
                    raise AssertionError(f"{subject} {case}: {load.failed} answers failed\n{load.output}")
                keep(samples, f"{case}-{subject}-{number}", load)
                loads.setdefault((case, subject), []).append(load)
    rows = [
        {
            "case": "about",
            "subject": "machine",
            "value": os.cpu_count(),
            "unit": f"cores, {platform.machine()}, {datetime.now(UTC):%Y-%m-%d}",
        }
    ]
    rows += [{"case": "about", "subject": "page", "value": documents.page_bytes, "unit": "bytes"}]
    rows += [{"case": "about", "subject": "single", "value": documents.single_bytes, "unit": "bytes"}]
    for (case, subject), several in sorted(loads.items()):
        rows.append(row(case, subject, statistics.median(each.per_second for each in several), "answers/s"))
        rows.append(row(case, subject, statistics.median(each.p50 for each in several) * 1e3, "ms p50"))
        rows.append(row(case, subject, statistics.median(each.p99 for each in several) * 1e3, "ms p99"))
    return rows + ratios(loads)


def ratios(loads: dict[tuple[str, str], list[Load]]) -> list[dict[str, Any]]:
    """Of each round by itself, then the median: both sides of a ratio met the same machine."""
    rows = []
    for case in ("page", "single"):
        for other in ("nginx", "nginx-lua"):
            if (case, other) in loads:
                pairs = zip(loads[case, "piepowder"], loads[case, other], strict=True)
                rows.append(
                    row(
                        case,
                        f"piepowder / {other}",
                        statistics.median(a.per_second / b.per_second for a, b in pairs),
                        "ratio",
                    )
                )
    return rows


def row(case: str, subject: str, value: float, unit: str) -> dict[str, Any]:
    return {"case": case, "subject": subject, "value": round(value, 3), "unit": unit}


def restricted_token(stack: Stack) -> str:
    """As the label printer asks for it: addresses of any order."""
    resources = [
        {"method": "GET", "path": path, "dataElements": ["shippingAddress"]}
        for path in ("/orders/v0/orders", "/orders/v0/orders/{orderId}")
    ]
    request = urllib.request.Request(
        f"{stack.url}/tokens/2021-03-01/restrictedDataToken",
        data=json.encode({"restrictedResources": resources}),
        headers={
            "x-amz-access-token": stack.made["apps"]["label_printer"]["access_token"],
            "content-type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        token: str = json.decode(answer.read())["restrictedDataToken"]
        return token


def show(rows: list[dict[str, Any]]) -> None:
    table = Table("case", "subject", "value", "unit", title="Benchmark, medians over rounds")
    for each in rows:
        table.add_row(each["case"], each["subject"], f"{each['value']:,}", each["unit"])
    Console().print(table)


if __name__ == "__main__":
    main()
