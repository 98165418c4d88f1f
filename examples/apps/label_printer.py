"""Label printer: prints a shipping label for every order that waits to be shipped.

An ordinary app on the public client library `python-amazon-sp-api`. What it does, in order:

1. asks for a restricted data token (RDT) that unlocks delivery addresses: `shippingAddress`;
2. reads the shop's unshipped orders with it;
3. reads the first few once more one by one, as an app does right before printing (getOrder, getOrderAddress);
4. writes one text file per label.

Without the right to addresses it still lists the orders; it just cannot print.

Run it:  PIEPOWDER_API_URL=http://127.0.0.1:8400 PIEPOWDER_TOKEN_URL=http://127.0.0.1:8401/auth/o2/token \\
         PIEPOWDER_CLIENT_ID=... PIEPOWDER_CLIENT_SECRET=... PIEPOWDER_REFRESH_TOKEN=... \\
         PIEPOWDER_MARKETPLACE_ID=ATVPDKIKX0DER python label_printer.py

With --json the last line of its output is one JSON object with what it saw.
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

RESTRICTED = [
    {"method": "GET", "path": "/orders/v0/orders", "dataElements": ["shippingAddress"]},
    {"method": "GET", "path": "/orders/v0/orders/{orderId}", "dataElements": ["shippingAddress"]},
    {"method": "GET", "path": "/orders/v0/orders/{orderId}/address"},
]


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


class LabelPrinter:
    def __init__(self, folder: Path) -> None:
        self.connection, self.folder = connection(), folder
        self.errors: list[str] = []
        self.seen = {
            "orders_read": 0,
            "names_seen": 0,
            "streets_seen": 0,
            "emails_seen": 0,
            "phones_seen": 0,
            "labels_printed": 0,
        }

    def run(self, *, days: int, most: int, details: int) -> None:
        token = self.restricted_token()
        api = Orders(**self.connection, restricted_data_token=token)
        orders = self.unshipped(api, days, most)
        for number, order in enumerate(orders):
            self.count(order)
            address = dict(order.get("ShippingAddress") or {})
            if number < details:
                address |= self.fresh_address(api, order["AmazonOrderId"], whole_order=number % 2 == 0)
            self.print_label(order["AmazonOrderId"], address)

    def restricted_token(self) -> str | None:
        """The token that unlocks addresses, or None where this app may not have them."""
        try:
            answer = Tokens(**self.connection).create_restricted_data_token(restrictedResources=RESTRICTED)
        except SellingApiException as error:
            self.errors.append(f"restricted data token: {error.amzn_code}: {error.message}")
            return None
        token: str = answer.payload["restrictedDataToken"]
        return token

    def unshipped(self, api: Any, days: int, most: int) -> list[dict[str, Any]]:
        since = datetime.now(UTC) - timedelta(days=days)
        answer = api.get_orders(
            CreatedAfter=since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            OrderStatuses="Unshipped,PartiallyShipped",
            FulfillmentChannels="MFN",  # what the marketplace ships itself needs no label of ours
            MarketplaceIds=self.connection["marketplace"].marketplace_id,
            MaxResultsPerPage=most,
        )
        orders: list[dict[str, Any]] = answer.payload["Orders"]
        return orders

    def fresh_address(self, api: Any, order_id: str, *, whole_order: bool) -> dict[str, Any]:
        """The address as it is at this moment, by getOrder or getOrderAddress; empty where it is withheld."""
        try:
            answer = api.get_order(order_id) if whole_order else api.get_order_address(order_id)
        except SellingApiException as error:
            self.errors.append(f"address of {order_id}: {error.amzn_code}: {error.message}")
            return {}
        address: dict[str, Any] = answer.payload.get("ShippingAddress") or {}
        return address

    def count(self, order: dict[str, Any]) -> None:
        address, buyer = order.get("ShippingAddress") or {}, order.get("BuyerInfo") or {}
        self.seen["orders_read"] += 1
        self.seen["names_seen"] += bool(address.get("Name"))
        self.seen["streets_seen"] += bool(address.get("AddressLine1"))
        self.seen["phones_seen"] += bool(address.get("Phone"))
        self.seen["emails_seen"] += bool(buyer.get("BuyerEmail"))

    def print_label(self, order_id: str, address: dict[str, Any]) -> None:
        """A label needs a name and a street; without them nothing is printed."""
        if not address.get("Name") or not address.get("AddressLine1"):
            return
        place = " ".join(str(address[part]) for part in ("PostalCode", "City", "StateOrRegion") if address.get(part))
        lines = [
            address["Name"],
            address.get("CompanyName"),
            address["AddressLine1"],
            address.get("AddressLine2"),
            place,
        ]
        text = "\n".join(
            [*(line for line in lines if line), str(address.get("CountryCode", "")), "", f"Order {order_id}"]
        )
        (self.folder / f"{order_id}.txt").write_text(text + "\n", encoding="utf-8")
        self.seen["labels_printed"] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints labels for the orders that wait to be shipped.")
    parser.add_argument("--days", type=int, default=7, help="how far back to look")
    parser.add_argument("--orders", type=int, default=40, help="how many labels at most (1 to 100)")
    parser.add_argument("--details", type=int, default=4, help="how many orders to read once more one by one")
    parser.add_argument(
        "--labels", type=Path, help="folder for the labels; default: a new one under the temporary folder"
    )
    parser.add_argument("--json", action="store_true", help="say what was seen as one JSON object")
    options = parser.parse_args()
    folder = options.labels or Path(tempfile.mkdtemp(prefix="labels-"))
    folder.mkdir(parents=True, exist_ok=True)
    printer = LabelPrinter(folder)
    try:
        printer.run(days=options.days, most=options.orders, details=options.details)
    except SellingApiException as error:
        printer.errors.append(f"orders: {error.amzn_code}: {error.message}")
    except AuthorizationError as error:
        printer.errors.append(f"token: {error}")
    if options.json:
        print(
            json.dumps({"app": "label_printer", **printer.seen, "labels_folder": str(folder), "errors": printer.errors})
        )
        return 0
    print(
        f"Read {printer.seen['orders_read']} orders that wait to be shipped, printed {printer.seen['labels_printed']} labels into {folder}."
    )
    for problem in printer.errors:
        print(f"  {problem}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
