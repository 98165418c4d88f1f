"""`piepowder demo`: an example marketplace on real orders, an installation in front of it, and the story played from outside.

orders imported ─► database, marketplace ─► migrations ─► stage set ─► console, gateway ─► story ─► stay (or stop, with --once)
"""

import os
import sys
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import App
from rich.console import Console

from piepowder.cli.options import Common
from piepowder.cli.services import DatabaseService, ProcessService, ProcessSpec, answers_http
from piepowder.cli.supervisor import Event, Supervisor
from piepowder.cli.up import environment_of, installation, require_ports
from piepowder.core.kernel import folder
from piepowder.core.kernel import json as kernel_json
from piepowder.core.kernel.config import Settings, local_address
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.keys import KeyRing
from piepowder.core.kernel.processes import spawn
from piepowder.demo.fixtures import fixtures as fixtures_of
from piepowder.demo.fixtures import open_control_plane, set_the_stage
from piepowder.demo.importer import ORDERS_FILE, ImportedOrders, ensure_orders
from piepowder.demo.orders import OrderBook
from piepowder.demo.story import Step, play

if TYPE_CHECKING:
    from piepowder.demo.market.build import Market

app = App(name="demo", help="An example marketplace on real orders, and the story played on it.")


@app.default
def demo(
    *,
    once: bool = False,
    serve: bool = False,
    market: bool = True,
    fixtures: Path | None = None,
    orders: str = "completejourney",
    rates: Literal["published", "generous"] = "published",
    workers: int | None = None,
    json: Path | None = None,
    data: Path | None = None,
    config: Path | None = None,
) -> None:
    """Build an example marketplace from real orders, put Piepowder in front of it, play the story, and stay.

    Parameters
    ----------
    once
        Play the story and stop; exit status 1 if a step failed.
    serve
        Do not play, only run everything.
    market
        Build a market to look around in: developers, a store, work for reviewers. Without it, only the apps of the story.
    fixtures
        Write addresses and credentials of the example apps to this file.
    orders
        `completejourney`, or the path of a file in the layout of UCI's Online Retail.
    rates
        `published` rate limits, or `generous` ones.
    workers
        Gateway processes.
    json
        Write the outcome of each step to this file.
    data
        Data folder.
    config
        Configuration file (TOML).
    """
    settings = demo_settings(Common(data=data or folder.default_data_folder() / "demo", config=config), rates, workers)
    require_ports(settings.gateway_port, settings.console_port, settings.marketplace_port, settings.mailbox_port)
    _forget_earlier_calls(settings)
    show = Show(settings, orders, market=market)

    def body() -> None:
        show.announce()
        show.begin_market()
        if fixtures is not None:
            fixtures.write_text(kernel_json.pretty(show.fixtures()) + "\n")
        if not serve:
            show.play()
        if json is not None:
            json.write_text(kernel_json.pretty([step.told() for step in show.steps]) + "\n")
        show.finish_market()
        if not once:
            show.invite()
            show.supervisor.watch()

    show.supervisor.run(body)
    if once and not show.went_well:
        raise SystemExit(1)


def _forget_earlier_calls(settings: Settings) -> None:
    """The published rates allow some calls an hour: whoever plays the story five times in a row would meet them in every step."""
    (settings.data / "run" / "limits").unlink(missing_ok=True)


def demo_settings(common: Common, rates: str, workers: int | None) -> Settings:
    """Settings in which the example marketplace is upstream, the sellers' identity provider and the mailbox."""
    plain = common.settings()
    marketplace = local_address("127.0.0.1", plain.marketplace_port)
    return common.settings(
        rates=rates,
        workers=workers,
        demo=True,
        upstream_url=marketplace,
        upstream_credential=_credential(plain.data),
        oidc_issuer=marketplace,
        oidc_client_id="piepowder",
        mail_url=plain.mail_url or f"smtp://127.0.0.1:{plain.mailbox_port}",
    )


def _credential(data: Path) -> str:
    """The marketplace's own credential, which only the gateway has."""
    return KeyRing.open(folder.prepare(data) / "keys").derive("demo_upstream").hex()


class StageService:
    """Sets the stage once the tables are there; done when its `start` returns."""

    name = "stage"
    address = ""
    ready_within_seconds = 60.0
    pid: int | None = None

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._done = False

    def start(self) -> None:
        if not self._done:
            self._work()
        self._done = True

    def is_ready(self) -> bool:
        return self._done

    def failure(self) -> PiepowderError | None:
        return None

    def ask_to_stop(self) -> None:
        """It is over already."""

    def stop(self) -> None:
        """It is over already."""


class Show:
    """One run of the demonstration."""

    def __init__(self, settings: Settings, orders: str, *, market: bool) -> None:
        self.settings, self.orders, self._with_market = settings, orders, market
        self.console = Console()
        self.steps: list[Step] = []
        self.made: dict[str, Any] = {}
        self.logs = settings.data / "logs"
        self.imported: ImportedOrders | None = None
        self._market: Market | None = None
        self._building: Future[int] | None = None
        # Importing takes as long as all the rest, so it runs beside it, in a process of its own.
        command = (sys.executable, "-m", "piepowder.demo.importer", str(settings.data), orders)
        self._importing = spawn(command, environment=os.environ, folder=folder.prepare(settings.data))
        self.supervisor = Supervisor(self._stages(), self._report)

    @cached_property
    def book(self) -> OrderBook:
        return OrderBook(self._orders.path)

    def _imported(self) -> OrderBook:
        """Waits for the orders."""
        if self.imported is None:
            self._importing.wait()
            self.imported = ensure_orders(self.settings.data, self.orders)
        return self.book

    @property
    def _orders(self) -> ImportedOrders:
        assert self.imported is not None  # the stage is set before anything asks
        return self.imported

    @property
    def went_well(self) -> bool:
        return all(step.ok for step in self.steps)

    def _stages(self) -> list[Any]:
        stages = installation(self.settings, logs=self.logs)
        database = next((each for each in stages[0] if isinstance(each, DatabaseService)), None)
        server = database.server if database else None
        ring = KeyRing.open(self.settings.data / "keys")
        environment = environment_of(self.settings, ring, server)

        def set_stage() -> None:
            url = server.dsn() if server else self.settings.database_url
            open_control_plane(self.settings, url, environment()["PIEPOWDER_SECRET_KEY"])
            self.made = set_the_stage(self.settings, self._imported, market=self._with_market)
            self._imported()

        # The stage migrates by itself, in this process: one interpreter less to start.
        first = [stages[0]] if server else []
        return [*first, [StageService(set_stage)], [ProcessService(self._marketplace()), *stages[-1]]]

    def _marketplace(self) -> ProcessSpec:
        port = self.settings.marketplace_port
        words = [
            "-m",
            "piepowder.demo.marketplace",
            "--orders",
            str(self.settings.data / ORDERS_FILE),
            "--port",
            str(port),
            "--mail-port",
            str(self.settings.mailbox_port),
        ]
        return ProcessSpec(
            name="marketplace",
            command=(sys.executable, *words),
            # Before the database has started its address is not known; the marketplace has no business with it.
            environment=lambda: {**self.settings.variables(), "PYTHONUNBUFFERED": "1", "PATH": ""},
            folder=self.settings.data,
            ready=answers_http(local_address("127.0.0.1", port) + "/healthz", port=port),
            address=self.settings.upstream_url,
            log=self.logs / "marketplace.log",
        )

    def _report(self, event: Event) -> None:
        if event.what in ("ended", "restarted"):
            self.console.print(f"[yellow]{event.service} {event.what}[/] {event.detail}")
        elif event.what == "ready":
            self.console.print(f"  [green]✓[/] {event.service:<12} {event.address}")

    def announce(self) -> None:
        told = self._orders
        self.console.print(
            f"[bold]running[/] on {told.lines:,} order lines: {told.orders:,} orders of {told.buyers:,} buyers "
            f"at {told.sellers:,} sellers; "
            "the buyers' personal data is made up",
            highlight=False,
        )

    def fixtures(self) -> dict[str, Any]:
        return fixtures_of(self.settings, self.book, self.made)

    def play(self) -> None:
        for step in play(self.settings, self.fixtures(), self.made):
            self.steps.append(step)
            mark = "[green]✓[/]" if step.ok else "[red]✗[/]"
            self.console.print(f"{mark} [bold]{step.title}[/]", highlight=False)
            self.console.print(f"    {step.detail}", highlight=False, markup=False, soft_wrap=True)

    def begin_market(self) -> None:
        """Builds the market in a thread of its own: the story does not wait for it."""
        if not self.made.get("people"):
            return  # this folder was begun without one
        from piepowder.demo.market.build import Market, in_background
        from piepowder.demo.market.shops import SELLERS

        ids = [seller.id for seller in self.book.sellers(SELLERS)]
        self._market = Market(self.settings, self.book.market.id, ids, datetime.now(UTC))
        self._building = in_background(self._market)

    def finish_market(self) -> None:
        """Its apps call after the story, in which modes and standings change from step to step."""
        if self._market is None or self._building is None:
            return
        from piepowder.demo.market.build import cast_passes

        self._building.result()
        self._market.trade(cast_passes(self.made))

    def invite(self) -> None:
        """Where to look, by who looks; the link signs in an operator once."""
        from piepowder.rooms.ground.actor import COMMAND_LINE
        from piepowder.rooms.people.actions import make_staff_link

        link = make_staff_link("operator@example.com", by=COMMAND_LINE, at=datetime.now(UTC))
        console, data = self.settings.public_url, self.settings.data
        lines = [
            ("operator", f"{console}/sign-in/staff/{link}  (once)"),
            *self._developer(),
            ("seller", f"{console}/my/apps/  (any seller of the marketplace, without a password)"),
            ("newcomer", f"{console}/sign-up/  (letters arrive at {self.settings.upstream_url}/mail)"),
            ("", ""),
            ("gateway", self.settings.gateway_url),
            ("staff", f"piepowder staff link reviewer@example.com --data {data}"),
            ("ledger", f"piepowder ledger tail --data {data}"),
            ("logs", f"{self.logs}  (stop with Ctrl+C)"),
        ]
        self.console.print()
        for who, where in lines:
            self.console.print(f"  {who:<10} {where}", highlight=False, markup=False, soft_wrap=True)

    def _developer(self) -> list[tuple[str, str]]:
        """One of the developers who can sign in; the others are in the file of credentials."""
        people = self.made.get("people")
        if not people:
            return []
        address = next(iter(people["developers"]))
        return [("developer", f"{self.settings.public_url}/sign-in/  ({address}, password {people['password']})")]
