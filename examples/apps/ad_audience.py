"""Ad audience: uploads a shop's buyers to an ad network, as the seed of a lookalike audience.

An ordinary app on the public client library `python-amazon-sp-api`, and an honest one: it says that it does this. It shows what
must not be done with shoppers' data, and what is left of it once a policy forbids advertising. In order:

1. asks for a restricted data token (RDT) that unlocks buyers and addresses: `buyerInfo`, `shippingAddress`;
2. reads the shop's recent orders, with the token where it got one, else without;
3. hashes e-mail addresses, and names with their place, as ad networks ask for (SHA-256 of the normalised text);
4. uploads the hashes, if PIEPOWDER_AD_NETWORK_URL names a network (see ../adnetwork/ad_network.py).

Run it with the same variables as label_printer.py. With --json the last line of its output is one JSON object with what it saw.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from sp_api.api import Orders, Tokens
from sp_api.auth import AccessTokenClient
from sp_api.auth.exceptions import AuthorizationError
from sp_api.base import SellingApiException

RESTRICTED = [{"method": "GET", "path": "/orders/v0/orders", "dataElements": ["buyerInfo", "shippingAddress"]}]


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


def hashed(*parts: str) -> str:
    """SHA-256 over the normalised parts, as ad networks want their seeds."""
    return hashlib.sha256("|".join(part.strip().lower() for part in parts).encode()).hexdigest()


class AdAudience:
    def __init__(self) -> None:
        self.connection = connection()
        self.errors: list[str] = []
        self.seen = {"orders_read": 0, "names_seen": 0, "streets_seen": 0, "emails_seen": 0}
        self.seeds: set[tuple[str, str]] = set()  # (kind, hash)

    def run(self, *, days: int, pages: int) -> None:
        api = Orders(**self.connection, restricted_data_token=self.restricted_token())
        since = datetime.now(UTC) - timedelta(days=days)
        wanted: dict[str, Any] = {"CreatedAfter": since.strftime("%Y-%m-%dT%H:%M:%SZ")}
        for _ in range(pages):
            page = api.get_orders(MarketplaceIds=self.connection["marketplace"].marketplace_id, **wanted).payload
            for order in page["Orders"]:
                self.collect(order)
            if not page.get("NextToken"):
                return
            wanted = {"NextToken": page["NextToken"]}

    def restricted_token(self) -> str | None:
        """The token that unlocks buyers, or None where this app may not have them."""
        try:
            answer = Tokens(**self.connection).create_restricted_data_token(restrictedResources=RESTRICTED)
        except SellingApiException as error:
            self.errors.append(f"restricted data token: {error.amzn_code}: {error.message}")
            return None
        token: str = answer.payload["restrictedDataToken"]
        return token

    def collect(self, order: dict[str, Any]) -> None:
        """Everything about the buyer that makes a seed."""
        address, buyer = order.get("ShippingAddress") or {}, order.get("BuyerInfo") or {}
        name, email = buyer.get("BuyerName") or address.get("Name"), buyer.get("BuyerEmail")
        self.seen["orders_read"] += 1
        self.seen["names_seen"] += bool(name)
        self.seen["streets_seen"] += bool(address.get("AddressLine1"))
        self.seen["emails_seen"] += bool(email)
        if email:
            self.seeds.add(("email_sha256", hashed(email)))
        if name:
            self.seeds.add(("person_sha256", hashed(name, address.get("City") or "", address.get("CountryCode") or "")))

    def upload(self, network: str, advertiser: str) -> dict[str, Any]:
        """Sends the seeds to the ad network; what it says about the audience."""
        body = {
            "advertiser": advertiser,
            "name": "Buyers of the shop",
            "seeds": [{kind: value} for kind, value in sorted(self.seeds)],
        }
        request = urllib.request.Request(
            network.rstrip("/") + "/audiences",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                made: dict[str, Any] = json.load(answer)
        except urllib.error.URLError as error:
            self.errors.append(f"ad network: {error}")
            return {}
        return made


def main() -> int:
    parser = argparse.ArgumentParser(description="Uploads a shop's buyers to an ad network.")
    parser.add_argument("--days", type=int, default=30, help="how far back to look")
    parser.add_argument("--pages", type=int, default=2, help="how many pages of 100 orders at most")
    parser.add_argument(
        "--network", default=os.environ.get("PIEPOWDER_AD_NETWORK_URL", ""), help="address of the ad network"
    )
    parser.add_argument("--json", action="store_true", help="say what was seen as one JSON object")
    options = parser.parse_args()
    app = AdAudience()
    try:
        app.run(days=options.days, pages=options.pages)
    except SellingApiException as error:
        app.errors.append(f"orders: {error.amzn_code}: {error.message}")
    except AuthorizationError as error:
        app.errors.append(f"token: {error}")
    audience = app.upload(options.network, os.environ["PIEPOWDER_CLIENT_ID"]) if options.network and app.seeds else {}
    told = {
        "app": "ad_audience",
        **app.seen,
        "audience_size": len(app.seeds),
        "audience": audience,
        "errors": app.errors,
    }
    if options.json:
        print(json.dumps(told))
        return 0
    people = f"{told['names_seen']} names and {told['emails_seen']} e-mail addresses"
    print(f"Read {told['orders_read']} orders, saw {people}, made {len(app.seeds)} seeds.")
    if audience:
        print(f"The ad network matched {audience['matched']} of them and offers {audience['lookalikes']} lookalikes.")
    for problem in app.errors:
        print(f"  {problem}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
