"""Tax invoicer: writes an invoice for every shipped order.

An ordinary app on the public client library `python-amazon-sp-api`. What it does, in order:

1. lists shipped orders, without any personal data;
2. asks for a restricted data token (RDT) for the buyers of orders;
3. reads the buyer of each order with it (getOrderBuyerInfo), and the items without it (getOrderItems): gift messages
   and the like are none of an invoice's business;
4. writes one text file per invoice, with the tax number where the buyer is a business.

Run it with the same variables as label_printer.py. With --json the last line of its output is one JSON object with what it saw.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from sp_api.api import Orders, Tokens
from sp_api.auth import AccessTokenClient
from sp_api.auth.exceptions import AuthorizationError
from sp_api.base import SellingApiException

RESTRICTED = [{"method": "GET", "path": "/orders/v0/orders/{orderId}/buyerInfo"}]


def connection() -> dict[str, Any]:
    """How the client library is told where the API and the token endpoint are."""
    token_url = urlsplit(os.environ["PIEPOWDER_TOKEN_URL"])

    class Login(AccessTokenClient):  # type: ignore[misc]
        scheme, host, path = f"{token_url.scheme}://", token_url.netloc, token_url.path

    return {
        "marketplace": SimpleNamespace(
            endpoint=os.environ["PIEPOWDER_API_URL"].rstrip("/"),
            marketplace_id=os.environ["PIEPOWDER_MARKETPLACE_ID"],
            region="us-east-1",
        ),
        "auth_token_client_class": Login,
        "credentials": {
            "refresh_token": os.environ["PIEPOWDER_REFRESH_TOKEN"],
            "lwa_app_id": os.environ["PIEPOWDER_CLIENT_ID"],
            "lwa_client_secret": os.environ["PIEPOWDER_CLIENT_SECRET"],
        },
        "timeout": 30,
    }


class TaxInvoicer:
    def __init__(self, folder: Path) -> None:
        self.connection, self.folder = connection(), folder
        self.errors: list[str] = []
        self.seen = {
            "orders_read": 0,
            "names_seen": 0,
            "streets_seen": 0,
            "emails_seen": 0,
            "tax_ids_seen": 0,
            "invoices_written": 0,
        }

    def run(self, *, days: int, most: int) -> None:
        orders = self.shipped(days, most)
        self.seen["orders_read"] = len(orders)
        token = self.restricted_token()
        plain, restricted = Orders(**self.connection), Orders(**self.connection, restricted_data_token=token)
        for order in orders if token else []:
            self.invoice(plain, restricted, order)

    def shipped(self, days: int, most: int) -> list[dict[str, Any]]:
        since = datetime.now(UTC) - timedelta(days=days)
        answer = Orders(**self.connection).get_orders(
            CreatedAfter=since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            OrderStatuses="Shipped",
            MarketplaceIds=self.connection["marketplace"].marketplace_id,
            MaxResultsPerPage=most,
        )
        orders: list[dict[str, Any]] = answer.payload["Orders"]
        return orders

    def restricted_token(self) -> str | None:
        """The token that unlocks buyers, or None where this app may not have them."""
        try:
            answer = Tokens(**self.connection).create_restricted_data_token(restrictedResources=RESTRICTED)
        except SellingApiException as error:
            self.errors.append(f"restricted data token: {error.amzn_code}: {error.message}")
            return None
        token: str = answer.payload["restrictedDataToken"]
        return token

    def invoice(self, plain: Any, restricted: Any, order: dict[str, Any]) -> None:
        """Reads what an invoice needs and writes it; without a name there is no invoice."""
        order_id = order["AmazonOrderId"]
        try:
            buyer = restricted.get_order_buyer_info(order_id).payload
            items = plain.get_order_items(order_id).payload["OrderItems"]
        except SellingApiException as error:
            self.errors.append(f"invoice of {order_id}: {error.amzn_code}: {error.message}")
            return
        tax = buyer.get("BuyerTaxInfo") or {}
        self.seen["names_seen"] += bool(buyer.get("BuyerName"))
        self.seen["emails_seen"] += bool(buyer.get("BuyerEmail"))
        self.seen["tax_ids_seen"] += bool(tax.get("TaxClassifications"))
        if not buyer.get("BuyerName"):
            return
        (self.folder / f"{order_id}.txt").write_text(_invoice_text(order, buyer, tax, items), encoding="utf-8")
        self.seen["invoices_written"] += 1


def _invoice_text(
    order: dict[str, Any], buyer: dict[str, Any], tax: dict[str, Any], items: list[dict[str, Any]]
) -> str:
    lines = [
        f"Invoice for order {order['AmazonOrderId']} of {order['PurchaseDate'][:10]}",
        tax.get("CompanyLegalName") or buyer["BuyerName"],
    ]
    lines += [f"{entry.get('Name')}: {entry.get('Value')}" for entry in tax.get("TaxClassifications") or []]
    for item in items:
        price = item.get("ItemPrice") or {}
        lines.append(f"{item['QuantityOrdered']:>4} x {item.get('Title', item['ASIN'])}  {price.get('Amount', '?')}")
    total = order.get("OrderTotal") or {}
    return "\n".join([*lines, f"Total {total.get('Amount', '?')} {total.get('CurrencyCode', '')}", ""])


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes invoices for shipped orders.")
    parser.add_argument("--days", type=int, default=10, help="how far back to look")
    parser.add_argument("--orders", type=int, default=5, help="how many invoices at most (1 to 100)")
    parser.add_argument(
        "--invoices", type=Path, help="folder for the invoices; default: a new one under the temporary folder"
    )
    parser.add_argument("--json", action="store_true", help="say what was seen as one JSON object")
    options = parser.parse_args()
    folder = options.invoices or Path(tempfile.mkdtemp(prefix="invoices-"))
    folder.mkdir(parents=True, exist_ok=True)
    invoicer = TaxInvoicer(folder)
    try:
        invoicer.run(days=options.days, most=options.orders)
    except SellingApiException as error:
        invoicer.errors.append(f"orders: {error.amzn_code}: {error.message}")
    except AuthorizationError as error:
        invoicer.errors.append(f"token: {error}")
    if options.json:
        told = {"app": "tax_invoicer", **invoicer.seen, "invoices_folder": str(folder), "errors": invoicer.errors}
        print(json.dumps(told))
        return 0
    print(
        f"Read {invoicer.seen['orders_read']} shipped orders, wrote {invoicer.seen['invoices_written']} invoices into {folder}."
    )
    for problem in invoicer.errors:
        print(f"  {problem}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
