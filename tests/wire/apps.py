"""The apps of these tests, as `tests/support/provision.py` takes them. Rates are lifted but for the app that is throttled."""

from collections.abc import Iterable
from typing import Any

from piepowder.demo.cast import CAST

SPARES = 12
GENEROUS = {"*": [10_000.0, 100_000]}
_CAST = {part.key: part for part in CAST}
_DESK = _CAST["full"]


def spec(sellers: list[str]) -> dict[str, Any]:
    """`desk` ships and invoices with every right; the others lack something, by name."""
    return {
        "policy": "data-protection",
        "sellers": sellers,
        "apps": [
            _like("full", "desk", sellers),
            _like("label_printer", "printer", sellers),
            _like("metrics", "metrics", sellers),
            _like("ad_audience", "audience", sellers),
            _like("no_roles", "newcomer", sellers),
            _desk("shipper", sellers, roles=["direct_to_consumer_shipping"], purposes=["shipping"]),
            _desk("invoicer", sellers, roles=["tax_invoicing"], purposes=["tax"]),
            _desk(
                "messenger", sellers, roles=["buyer_communication", *_ORDERS], purposes=["messaging"], everywhere=True
            ),
            _desk("supporter", sellers, roles=["buyer_communication", *_ORDERS], purposes=["support"], everywhere=True),
            _like("ad_audience", "observed", sellers, mode="observe"),
            _like("full", "watched_desk", sellers, mode="observe"),
            _desk("substituted", sellers, roles=list(_ORDERS), purposes=["messaging"], mode="substitute"),
            _like("full", "throttled", sellers, rates=None),
            *(_like("full", f"spare_{number}", sellers[:1]) for number in range(SPARES)),
        ],
    }


_ORDERS = ("inventory_and_order_tracking",)


def _like(part: str, key: str, sellers: list[str], **more: Any) -> dict[str, Any]:
    """An app of the demonstration under another key."""
    manifest = _CAST[part].manifest
    return {
        "key": key,
        "roles": list(_CAST[part].roles),
        "operations": {name: list(purposes) for name, purposes in manifest.operations.items()},
        "categories": {purpose: list(several) for purpose, several in manifest.categories.items()},
        "sellers": sellers,
        "rates": GENEROUS,
        **more,
    }


def _desk(
    key: str,
    sellers: list[str],
    *,
    roles: Iterable[str],
    purposes: list[str],
    everywhere: bool = False,
    mode: str | None = None,
) -> dict[str, Any]:
    """An app that names every operation, for these purposes."""
    every = sorted({category for several in _DESK.manifest.categories.values() for category in several})
    return _like(
        "full",
        key,
        sellers,
        roles=list(roles),
        operations=dict.fromkeys(_DESK.manifest.operations, purposes),
        categories=dict.fromkeys(purposes, every),
        substitutes_everywhere=everywhere,
        mode=mode,
    )
