"""The market's apps make a few calls each, through the gateway like everybody's, so that the store can say what they really read."""

import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from piepowder.core.kernel import json
from piepowder.core.kernel.config import Settings
from piepowder.demo.market.days import Days
from piepowder.demo.market.shops import Pass

ORDERS, SEARCH, METRICS = "/orders/v0/orders", "/orders/2026-01-01/orders", "/sales/v1/orderMetrics"
_RESTRICTED = {  # what an app unlocks, by a restricted data token, of v0's orders
    "Parcel compass": ("shippingAddress",),
    "Label printer": ("shippingAddress",),
    "Everything desk": ("shippingAddress", "buyerInfo"),
    "Ad audience": ("shippingAddress", "buyerInfo"),
}
_NEWER = {"Kind words": "BUYER,RECIPIENT", "Return lane": "BUYER,RECIPIENT", "Tidy invoice": "BUYER,RECIPIENT"}
_FIGURES = frozenset({"Penny ledger", "Fee lens", "Shop mirror", "Metrics monitor"})
SECONDS_MAX, AT_ONCE = 20, 4


class Caller:
    """One app's program, working for one seller."""

    def __init__(self, settings: Settings, days: Days, marketplace_id: str, one: Pass) -> None:
        self._settings, self._days, self._marketplace, self._pass = settings, days, marketplace_id, one
        self._token = ""

    def work(self) -> int:
        """Reads what its app reads; how many calls were answered."""
        self._token = self._access_token()
        since = f"{self._days.now - timedelta(days=20):%Y-%m-%dT%H:%M:%SZ}"
        calls = [self._orders(since)]
        if self._pass.app in _FIGURES:
            interval = f"{since}--{self._days.now:%Y-%m-%dT%H:%M:%SZ}"
            wanted = {"marketplaceIds": self._marketplace, "interval": interval, "granularity": "Total"}
            calls.append((METRICS, wanted, self._token))
        return sum(self._get(*call) for call in calls)

    def _orders(self, since: str) -> tuple[str, dict[str, str], str]:
        if included := _NEWER.get(self._pass.app):
            wanted = {"marketplaceIds": self._marketplace, "createdAfter": since, "includedData": included}
            return SEARCH, wanted, self._token
        wanted = {"MarketplaceIds": self._marketplace, "CreatedAfter": since, "MaxResultsPerPage": "40"}
        elements = _RESTRICTED.get(self._pass.app)
        return ORDERS, wanted, self._restricted_token(elements) if elements else self._token

    def _access_token(self) -> str:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._pass.refresh_token,
            "client_id": self._pass.client_id,
            "client_secret": self._pass.client_secret,
        }
        answer = _ask(f"{self._settings.public_url}/auth/o2/token", urlencode(form).encode(), {})
        return str(answer["access_token"])

    def _restricted_token(self, elements: tuple[str, ...]) -> str:
        """The token that unlocks them; the plain one where the app may not have them."""
        body = {"restrictedResources": [{"method": "GET", "path": ORDERS, "dataElements": elements}]}
        headers = {"content-type": "application/json", "x-amz-access-token": self._token}
        address = f"{self._settings.gateway_url}/tokens/2021-03-01/restrictedDataToken"
        try:
            return str(_ask(address, json.encode(body), headers)["restrictedDataToken"])
        except urllib.error.HTTPError as error:
            error.close()
            return self._token

    def _get(self, path: str, wanted: dict[str, str], token: str) -> bool:
        try:
            _ask(f"{self._settings.gateway_url}{path}?{urlencode(wanted)}", None, {"x-amz-access-token": token})
        except urllib.error.HTTPError as error:
            error.close()
            return False  # refused: that is on the ledger as well, and the store counts it
        return True


def work(settings: Settings, days: Days, marketplace_id: str, passes: Iterable[Pass]) -> int:
    """Every app for each of its sellers; how many calls were answered."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(lambda one: Caller(settings, days, marketplace_id, one).work(), passes))


def _ask(address: str, body: bytes | None, headers: dict[str, str]) -> Any:
    request = urllib.request.Request(address, body, headers)  # noqa: S310 - an address of our own
    with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:  # noqa: S310
        return json.decode(answer.read())
