"""Real orders as the example marketplace serves them: one page of 100 and one single order, as files for the static upstream."""

import os
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from piepowder.core.kernel import json
from piepowder.demo.importer import ensure_orders
from piepowder.demo.orders import OrderBook
from tests.support.stack import free_port

CREDENTIAL = "benchmark"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "online_retail.csv.gz"


class Documents(Struct, frozen=True):
    folder: Path
    seller: str  # the marketplace's id
    order: str
    page_bytes: int
    single_bytes: int


def write_documents(folder: Path) -> Documents:
    """Imports the orders (Online Retail where it lies beside the project, else The Complete Journey) and keeps two answers."""
    imported = ensure_orders(folder, str(SHARED) if SHARED.exists() else "completejourney", quiet=True)
    seller = OrderBook(imported.path).sellers(1)[0].id
    port = free_port()
    command = [sys.executable, "-m", "piepowder.demo.marketplace", "--orders", str(imported.path), "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "PIEPOWDER_UPSTREAM_CREDENTIAL": CREDENTIAL})
    try:
        return _fetch(folder / "upstream", f"http://127.0.0.1:{port}", seller)
    finally:
        process.terminate()
        process.wait()


def _fetch(folder: Path, url: str, seller: str) -> Documents:
    after = (datetime.now(UTC) - timedelta(days=28)).strftime("%Y-%m-%dT%H:%M:%SZ")
    page = _get(f"{url}/orders/v0/orders?MarketplaceIds=A1F83G8C2ARO7P,ATVPDKIKX0DER&CreatedAfter={after}", seller)
    orders = json.decode(page)["payload"]["Orders"]
    if len(orders) != 100:
        raise AssertionError(f"a page of {len(orders)} orders")
    order = orders[0]["AmazonOrderId"]
    single = _get(f"{url}/orders/v0/orders/{order}", seller)
    (folder / "orders/v0/orders").mkdir(parents=True, exist_ok=True)
    (folder / "orders/v0/orders.json").write_bytes(page)
    (folder / f"orders/v0/orders/{order}.json").write_bytes(single)
    return Documents(folder, seller, order, len(page), len(single))


def _get(url: str, seller: str) -> bytes:
    request = urllib.request.Request(url, headers={"x-amz-access-token": CREDENTIAL, "x-marketplace-seller": seller})
    for _ in range(100):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                found: bytes = answer.read()
                return found
        except ConnectionError:
            time.sleep(0.05)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{url}: {error.read()[:500]!r}") from None
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")
