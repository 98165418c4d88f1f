"""Where a worker's time goes: under load with a profiler in it, and by the system's count of CPU time for everybody who takes part."""

import os
import pstats
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.documents import Documents, write_documents
from benchmarks.load import drive, keep
from benchmarks.nginx import Nginx
from benchmarks.run import PAGE, PRINTER, restricted_token
from piepowder.core.kernel.postgres import EmbeddedPostgres
from proof.figures import ROOT, Figure, Run
from tests.support.stack import Stack, free_port

SECONDS, CONNECTIONS = 6, 32
TICKS = os.sysconf("SC_CLK_TCK")
#: Area -> words, one of which is in the path of a function's file; the first area that fits.
AREAS = {
    "projection and substitutes": "gateway/project gateway/shape gateway/fill gateway/substitutes gateway/release core/marks",
    "orders and their states": "gateway/orders gateway/order_states core/marketplace",
    "ledger: record and append": "core/ledger gateway/recording psycopg",
    "upstream client": "gateway/upstream gateway/exchange gateway/fetch",
    "unknown fields": "gateway/drift",
    "server: HTTP in and out": "uvicorn httptools gateway/app gateway/protocol gateway/guard",
    "identity, limits, decision": "gateway/",
    "event loop": "uvloop asyncio selectors",
}
BUILT_IN = "~"


def profile(run: Run) -> list[Figure]:
    figures = []
    for case in ("page", "single"):
        figures += _of_case(run, case)
    return figures


class ProfiledStack(Stack):
    """Its worker writes `profile` when it ends."""

    @property
    def profile(self) -> Path:
        return self.folder / "profile"

    def start_worker(self, number: int = 0) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "proof.part1.profiled_worker", str(self.profile), "--worker", str(number)]
        worker = subprocess.Popen(command, env=self.environment, cwd=ROOT)
        self.workers.append(worker)
        return worker


def _of_case(run: Run, case: str) -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="piepowder-profile-"))
    try:
        with EmbeddedPostgres(folder) as server:
            return _with_server(run, case, folder, server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _with_server(run: Run, case: str, folder: Path, server: EmbeddedPostgres) -> list[Figure]:
    documents = write_documents(folder / "documents")
    nginx = Nginx(folder / "nginx", documents.folder, upstream=free_port(), proxy=free_port(), lua=None)
    nginx.start()
    url = server.create_database("profile")
    try:
        plain = _stack(Stack, folder / "plain", url, documents, nginx)
        with plain:
            split = _cpu_split(run, case, plain, documents, url)
        profiled = _stack(ProfiledStack, folder / "profiled", server.create_database("profiled"), documents, nginx)
        with profiled:
            _drive(run, f"profile-{case}-profiled", profiled, case, documents)
        assert isinstance(profiled, ProfiledStack)
        return [*split, *_areas(run, case, profiled.profile)]
    finally:
        nginx.stop()


def _stack(kind: type[Stack], folder: Path, url: str, documents: Documents, nginx: Nginx) -> Stack:
    folder.mkdir()
    apps = [PRINTER | {"sellers": [documents.seller]}]
    spec = {"policy": "data-protection", "sellers": [documents.seller], "apps": apps}
    return kind(folder, url, upstream_url=f"http://127.0.0.1:{nginx.upstream}", spec=spec)


def _drive(run: Run, name: str, stack: Stack, case: str, documents: Documents) -> float:
    """Answers a second."""
    path = PAGE if case == "page" else f"/orders/v0/orders/{documents.order}"
    load = drive(stack.url + path, token=restricted_token(stack), connections=CONNECTIONS, seconds=SECONDS)
    if load.failed:
        raise AssertionError(load.output)
    keep(run.samples / "wrk", name, load)
    return load.per_second


def _cpu_split(run: Run, case: str, stack: Stack, documents: Documents, url: str) -> list[Figure]:
    """CPU microseconds an answer, of the worker and of the database's processes."""
    parties: dict[str, Callable[[], float]] = {
        "worker": lambda: cpu_seconds(stack.workers[0].pid),
        "database": lambda: sum(map(cpu_seconds, _backends(url))),
    }
    before = {name: read() for name, read in parties.items()}
    answers = _drive(run, f"profile-{case}-plain", stack, case, documents) * SECONDS
    return [
        Figure(f"CPU of a {case}, {name}", (read() - before[name]) / answers * 1e6, "us")
        for name, read in parties.items()
    ]


def _backends(url: str) -> list[int]:
    """The server's processes but the one that is asked."""
    with psycopg.connect(url, autocommit=True) as connection:
        return [pid for (pid,) in connection.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")]


def cpu_seconds(pid: int) -> float:
    """User and system time so far (proc(5): fields 14 and 15); 0 for a process that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _areas(run: Run, case: str, path: Path) -> list[Figure]:
    """Shares of the time that the profiler saw, by area; the functions themselves go to the samples."""
    text = StringIO()
    stats = pstats.Stats(str(path), stream=text)
    stats.sort_stats("tottime").print_stats(60)
    run.keep(f"profile-{case}.txt", text.getvalue())
    spent: dict[str, float] = {}
    for file, own in _own_times(stats):
        area = area_of(file)
        spent[area] = spent.get(area, 0.0) + own
    total = sum(spent.values())
    ordered = sorted(spent.items(), key=lambda pair: -pair[1])
    return [Figure(f"{case}, share of {area}", 100 * own / total, "%") for area, own in ordered]


def _own_times(stats: pstats.Stats) -> Iterator[tuple[str, float]]:
    """(file, seconds) of each function by itself. What is written in C counts for those who called it."""
    functions: dict[Any, tuple[int, int, float, float, dict[Any, Any]]] = stats.stats  # type: ignore[attr-defined]
    for (file, _, _), (_, _, own, _, callers) in functions.items():
        if file != BUILT_IN or not callers:
            yield file, own
            continue
        for (caller_file, _, _), (_, _, under_caller, _) in callers.items():
            yield caller_file, under_caller


def area_of(file: str) -> str:
    return next((area for area, words in AREAS.items() if any(word in file for word in words.split())), "the rest")
