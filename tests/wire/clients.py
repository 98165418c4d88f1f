"""Both public client libraries behind one small face, so that one test can be told of both. Their code runs unchanged.

community   python-amazon-sp-api: answers are the parsed body
official    amzn-sp-api: answers are strict models, which drop what they do not know and refuse what they do not allow

`call("orders.v0.getOrder", order_id)` goes through the library's own method of that operation, with parameters in the API's own
spelling. What came back is read from the wire beside the library, since its objects do not show everything.
"""

import logging
import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Protocol

import httpx
import spapi
from sp_api.api import Orders, Sales, Sellers, Tokens
from sp_api.auth import AccessTokenClient
from sp_api.base import Client as CommunityClient
from sp_api.base import Granularity, SellingApiException
from spapi import SPAPIClient, SPAPIConfig
from spapi.auth.lwa_request import AccessTokenCache
from spapi.rest import ApiException

from piepowder.core.kernel.json import decode

_SECONDS_MAX = 30
_METHODS = {  # operation -> method of python-amazon-sp-api, class of amzn-sp-api, method of amzn-sp-api
    "orders.v0.getOrders": ("get_orders", spapi.OrdersV0Api, "get_orders"),
    "orders.v0.getOrder": ("get_order", spapi.OrdersV0Api, "get_order"),
    "orders.v0.getOrderItems": ("get_order_items", spapi.OrdersV0Api, "get_order_items"),
    "orders.v0.getOrderAddress": ("get_order_address", spapi.OrdersV0Api, "get_order_address"),
    "orders.v0.getOrderBuyerInfo": ("get_order_buyer_info", spapi.OrdersV0Api, "get_order_buyer_info"),
    "orders.v0.getOrderItemsBuyerInfo": (
        "get_order_items_buyer_info",
        spapi.OrdersV0Api,
        "get_order_items_buyer_info",
    ),
    "orders.v0.getOrderRegulatedInfo": ("get_order_regulated_info", spapi.OrdersV0Api, "get_order_regulated_info"),
    "orders.2026-01-01.searchOrders": ("search_orders", spapi.SearchOrdersApi, "search_orders"),
    "orders.2026-01-01.getOrder": ("get_order", spapi.GetOrderApi, "get_order"),
    "tokens.2021-03-01.createRestrictedDataToken": (
        "create_restricted_data_token",
        spapi.TokensApi,
        "create_restricted_data_token",
    ),
    "sales.v1.getOrderMetrics": ("get_order_metrics", spapi.SalesApi, "get_order_metrics"),
    "sellers.v1.getMarketplaceParticipations": (
        "get_marketplace_participation",
        spapi.SellersApi,
        "get_marketplace_participations",
    ),
    "sellers.v1.getAccount": ("get_account", spapi.SellersApi, "get_account"),
}
RESTRICTED_DATA_TOKEN = "tokens.2021-03-01.createRestrictedDataToken"


class Account:
    """Where the API is, and one app's credentials for one seller."""

    def __init__(self, *, api_url: str, token_url: str, marketplace: str, credentials: Mapping[str, Any]) -> None:
        self.api_url, self.token_url, self.marketplace = api_url, token_url, marketplace
        self.app_id: str = credentials["app_id"]
        self.grant_id: str = credentials["grant_id"]
        self.seller_id: str = credentials["seller_id"]
        self.client_id: str = credentials["client_id"]
        self.client_secret: str = credentials["client_secret"]
        self.refresh_token: str = credentials["refresh_token"]


class Answer:
    """A success: what was sent (`body`, and `json` of it), its headers in lower case; `told`, the library's own object, and
    `kept`, what of the JSON is in that object."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, told: Any, kept: Any) -> None:
        self.status, self.body, self.told, self.kept = status, body, told, plain(kept)
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.json: Any = decode(body)


class Problem(Exception):
    """The library raised `error`. Code, message and details are those of the first error in the body."""

    def __init__(self, error: Exception, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(f"{type(error).__name__} {status}: {body.decode(errors='replace')}")
        self.error, self.status, self.body = error, status, body
        self.headers = {name.lower(): value for name, value in headers.items()}
        first = decode(body)["errors"][0]
        self.code, self.message, self.details = first["code"], first["message"], first["details"]


class Wire(Protocol):
    """One of the two libraries, for one account; with `token` it sends that one (a restricted data token) in place of its own."""

    name: str

    def __init__(self, account: Account, token: str | None = None) -> None: ...

    def call(self, operation: str, *path: str, **parameters: Any) -> Answer: ...


class Community:
    """python-amazon-sp-api."""

    name = "python-amazon-sp-api"

    def __init__(self, account: Account, token: str | None = None) -> None:
        self.account, self.token = account, token

    def client(self, operation: str) -> CommunityClient:
        """The library's client for that operation, told where things are."""
        family, version = operation.split(".")[:2]
        kinds = {"orders": Orders, "tokens": Tokens, "sales": Sales, "sellers": Sellers}
        more = {"version": version} if family == "orders" else {}
        return kinds[family](**self.arguments(), **more)

    def arguments(self) -> dict[str, Any]:
        account = self.account
        login = type("Login", (AccessTokenClient,), _split(account.token_url))
        return {
            "marketplace": SimpleNamespace(
                endpoint=account.api_url, marketplace_id=account.marketplace, region="eu-west-1"
            ),
            "auth_token_client_class": login,
            "credentials": {
                "refresh_token": account.refresh_token,
                "lwa_app_id": account.client_id,
                "lwa_client_secret": account.client_secret,
            },
            "restricted_data_token": self.token,
            "timeout": _SECONDS_MAX,
            "verify": False,  # everything is plain HTTP: spares it loading certificates
        }

    def call(self, operation: str, *path: str, **parameters: Any) -> Answer:
        client, seen = self.client(operation), []

        def see(response: httpx.Response) -> None:
            response.read()
            seen.append(response)

        client._transport._client.event_hooks = {"response": [see]}
        method = getattr(client, _METHODS[operation][0])
        try:
            told = method(*path, **_community_parameters(operation, parameters))
        except SellingApiException as error:
            raise Problem(error, seen[-1].status_code, seen[-1].headers, seen[-1].content) from error
        finally:
            client.close()
        return Answer(seen[-1].status_code, seen[-1].headers, seen[-1].content, told, _community_kept(told))


def _community_parameters(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """This library wants the interval of sales as a pair and the granularity as its own word."""
    if operation != "sales.v1.getOrderMetrics":
        return parameters
    interval = tuple(parameters["interval"].split("--"))
    return parameters | {"interval": interval, "granularity": Granularity(parameters["granularity"])}


def _community_kept(told: Any) -> Any:
    """Its answers hold an envelope's payload, or the members of a bare object without those that it reads itself."""
    if "kwargs" in vars(told):
        return {"payload": told.payload} | vars(told)["kwargs"]
    return told.payload | ({"pagination": told.pagination} if told.pagination else {})


def _split(token_url: str) -> dict[str, str]:
    scheme, host, path = re.fullmatch(r"(https?://)([^/]+)(/.*)", token_url).groups()  # type: ignore[union-attr]
    return {"scheme": scheme, "host": host, "path": path}


class Official:
    """amzn-sp-api."""

    name = "amzn-sp-api"

    def __init__(self, account: Account, token: str | None = None) -> None:
        self.account, self.token = account, token
        self._client: Any = None

    def client(self) -> Any:
        """The library's client: made once, as it fetches an access token when it is made."""
        if self._client is None:
            self._client = self._with_token() if self.token else self._with_credentials()
        return self._client

    def _with_credentials(self) -> Any:
        account = self.account
        config = SPAPIConfig(
            client_id=account.client_id,
            client_secret=account.client_secret,
            refresh_token=account.refresh_token,
            region="EU",
        )
        return SPAPIClient(config, oauth_endpoint=account.token_url, endpoint=account.api_url).api_client

    def _with_token(self) -> Any:
        configuration = spapi.Configuration()
        configuration.host = self.account.api_url
        configuration.access_token_cache = SimpleNamespace(get_lwa_access_token=lambda: self.token)
        return spapi.ApiClient(configuration=configuration)

    def call(self, operation: str, *path: str, **parameters: Any) -> Answer:
        client = self.client()
        _, kind, name = _METHODS[operation]
        method: Callable[..., Any] = getattr(kind(client), name)
        _forget_log_handlers()
        try:
            told = method(*path, **_official_parameters(operation, parameters), _request_timeout=_SECONDS_MAX)
        except ApiException as error:
            raise Problem(error, error.status, dict(error.headers), _bytes(error.body)) from error
        sent = client.last_response
        kept = client.sanitize_for_serialization(told)
        return Answer(sent.status, dict(sent.getheaders()), _bytes(sent.data), told, kept)


def access_token(account: Account) -> str:
    """A new access token by the token client of amzn-sp-api, at the first attempt (by itself it would try for 14 s)."""
    found: str = AccessTokenCache(
        account.client_id,
        account.client_secret,
        account.refresh_token,
        oauth_endpoint=account.token_url,
        max_retries=0,
    ).get_lwa_access_token()
    return found


def _forget_log_handlers() -> None:
    """The library adds log handlers for every single model it makes and looks through all of them each time: a long process
    becomes ever slower. A test process is one."""
    for name in ("spapi", "urllib3"):
        logging.getLogger(name).handlers.clear()


def _official_parameters(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    if operation == RESTRICTED_DATA_TOKEN:
        return {"body": parameters}
    return {_snake(name): value for name, value in parameters.items()}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)")


def plain(value: Any) -> Any:
    """JSON without empty members, moments in one spelling."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items() if part not in (None, [], {})}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.replace("+00:00", "Z") if isinstance(value, str) and _MOMENT.fullmatch(value) else value
