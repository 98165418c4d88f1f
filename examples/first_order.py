"""The first order of a seller who has just authorised your app, on the public client library `python-amazon-sp-api`.

It asks for the client id and secret of your program, and for the code that came back with the seller. The code becomes a refresh token,
the refresh token an access token, and the newest order is read and printed: what is in it, what is withheld, and where it says why.

Run it:  python first_order.py      (the code is valid for a few minutes, and works once)

PIEPOWDER_API_URL and PIEPOWDER_TOKEN_URL say where the gateway and the token endpoint are; without them, those of the demonstration.
"""

import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from sp_api.api import Orders
from sp_api.auth import AccessTokenClient

API_URL = os.environ.get("PIEPOWDER_API_URL", "http://127.0.0.1:8400")
TOKEN_URL = urlsplit(os.environ.get("PIEPOWDER_TOKEN_URL", "http://127.0.0.1:8401/auth/o2/token"))


class Login(AccessTokenClient):  # type: ignore[misc]
    scheme, host, path = f"{TOKEN_URL.scheme}://", TOKEN_URL.netloc, TOKEN_URL.path


def refresh_token(credentials: dict[str, str], code: str) -> str:
    """What the code is exchanged for; it lasts as long as the seller's authorisation. Keep it as you keep a password."""
    answer = Login(credentials=SimpleNamespace(refresh_token=None, **credentials)).authorize_auth_code(code)
    return str(answer["refresh_token"])


def first_order(credentials: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The newest order of the last 30 days, and the headers of the answer."""
    marketplace = SimpleNamespace(
        endpoint=API_URL, marketplace_id=os.environ.get("PIEPOWDER_MARKETPLACE_ID", "ATVPDKIKX0DER"), region="us-east-1"
    )
    orders = Orders(marketplace=marketplace, auth_token_client_class=Login, credentials=credentials)
    since = datetime.now(UTC) - timedelta(days=30)
    answer = orders.get_orders(CreatedAfter=f"{since:%Y-%m-%dT%H:%M:%SZ}", MaxResultsPerPage=1)
    return answer.payload["Orders"][0], {name.lower(): text for name, text in answer.headers.items()}


def main() -> None:
    credentials = {"lwa_app_id": input("client id: ").strip(), "lwa_client_secret": input("client secret: ").strip()}
    credentials["refresh_token"] = refresh_token(credentials, input("code: ").strip())
    order, headers = first_order(credentials)
    street = (order.get("ShippingAddress") or {}).get("AddressLine1")
    print(f"\norder     {order['AmazonOrderId']}, {order['OrderStatus']}, {order['OrderTotal']['Amount']}")
    print(f"street    {street or 'not in the answer'}")
    print(f"withheld  {headers.get('x-piepowder-withheld', 'nothing')}")
    print(f"why       record {headers['x-piepowder-decision']}")


if __name__ == "__main__":
    main()
