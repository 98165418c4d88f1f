"""Row `pages`: server time of every page of the console for each role, at 10,000 apps and 100,000 active grants.

The real console, one process, over loopback HTTP with sessions of its own; a sample is the time from the request to the last byte. Each
page is asked at least 30 times, over several addresses. Files of whole tables are measured apart.
"""

import os
import shutil
import tempfile
from pathlib import Path

import psycopg
from msgspec import Struct

from piepowder.core.kernel import json
from piepowder.core.kernel.config import Settings
from proof.figures import Figure, Run
from proof.part2 import market, walk

SAMPLES = 30
SLOWEST_SHOWN = 10
KEPT = "PIEPOWDER_PROOF_MARKET"  # a folder of `python -m proof.part2.market`, to measure again without filling
ROLES = ("operator", "reviewer", "auditor", "developer", "seller", "visitor")


_COUNTS = """
SELECT (SELECT count(*) FROM appstore_app), (SELECT count(*) FROM consent_grant WHERE status = 'active'),
       (SELECT count(*) FROM ledger_record)
"""


class Timed(Struct, frozen=True):
    """A page of a role: seconds of each sample, in order; size of the largest answer."""

    role: str
    page: str
    address: str
    seconds: list[float]
    bytes: int
    failed: int

    @property
    def p95(self) -> float:
        return sorted(self.seconds)[max(0, int(len(self.seconds) * 0.95) - 1)] * 1000


def measure(run: Run) -> list[Figure]:
    folder = Path(os.environ.get(KEPT) or tempfile.mkdtemp(prefix="piepowder-proof-"))
    try:
        with market.opened(folder) as settings:
            return _measured(run, settings)
    finally:
        if KEPT not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)


def _measured(run: Run, settings: Settings) -> list[Figure]:
    walk.ready()
    counts = _counts(settings)
    with market.console(settings) as process:
        cookies = market.cookies(settings)
        timed = [each for role in ROLES for each in time_role(settings.public_url, role, cookies.get(role, ""))]
        memory = peak_megabytes(process.pid)
    run.keep("pages.json", json.pretty(timed))
    pages = [each for each in timed if not each.page.endswith(walk.FILES)]
    _print(pages, "page")
    _print([each for each in timed if each not in pages], "file")
    every = sorted(second for each in pages for second in each.seconds)
    return [
        *(Figure(name, count) for name, count in counts.items()),
        Figure("pages walked", len(pages)),
        Figure("p95 over all pages", every[int(len(every) * 0.95)] * 1000, "ms"),
        Figure("p95 of the slowest page", max(each.p95 for each in pages), "ms"),
        Figure("answers that were not 200", sum(each.failed for each in timed)),
        Figure("samples", len(every)),
        Figure("longest file", max(each.p95 for each in timed) / 1000, "s"),
        Figure("largest file", max(each.bytes for each in timed) / 1e6, "MB"),
        Figure("memory of the console, at most", memory, "MB"),
    ]


def _counts(settings: Settings) -> dict[str, int]:
    with psycopg.connect(settings.database_url) as connection:
        row = connection.execute(_COUNTS).fetchone()
    assert row is not None
    return dict(zip(("apps", "active grants", "ledger records"), row, strict=True))


def time_role(address: str, role: str, cookie: str) -> list[Timed]:
    browser = walk.Browser(address, cookie)
    found = walk.walk(browser, "/" if cookie else "/sign-in/")
    return [time_page(browser, role, page, addresses) for page, addresses in sorted(found.items())]


def time_page(browser: walk.Browser, role: str, page: str, addresses: list[str]) -> Timed:
    samples = 3 if page.endswith(walk.FILES) else SAMPLES
    answers = [browser.get(addresses[number % len(addresses)]) for number in range(samples)]
    return Timed(
        role=role,
        page=page,
        address=max(zip((one.seconds for one in answers), addresses * samples, strict=False))[1],
        seconds=[round(one.seconds, 5) for one in answers],
        bytes=max(len(one.body) for one in answers),
        failed=sum(one.status != 200 for one in answers),
    )


def _print(timed: list[Timed], what: str) -> None:
    for each in sorted(timed, key=lambda one: -one.p95)[:SLOWEST_SHOWN]:
        print(f"   {what} {each.p95:7.0f} ms  {each.bytes / 1000:8.0f} kB  {each.role:9} {each.page}  {each.address}")


def peak_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1000
