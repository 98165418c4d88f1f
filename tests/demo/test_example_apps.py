"""The example apps, run as their developers would run them: processes of their own, on the public client libraries."""

import ast
import hashlib
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode
from piepowder.demo import examples_path
from piepowder.demo.orders import DAY, Filter, OrderBook, Seller

PROGRAMS = ("label_printer", "metrics_monitor", "ad_audience", "tax_invoicer")


def _run(program: str, api_url: str, *words: str, **environment: str) -> dict[str, Any]:
    variables = {
        "PIEPOWDER_API_URL": api_url,
        "PIEPOWDER_TOKEN_URL": f"{api_url}/auth/o2/token",
        "PIEPOWDER_CLIENT_ID": "client",
        "PIEPOWDER_CLIENT_SECRET": "secret",
        "PIEPOWDER_REFRESH_TOKEN": "refresh",
        "PIEPOWDER_MARKETPLACE_ID": "ATVPDKIKX0DER",
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, str(examples_path(f"apps/{program}.py")), "--json", *words]
    done = subprocess.run(command, env=variables | environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    told: dict[str, Any] = decode(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize("program", PROGRAMS)
def test_apps_stand_alone(program: str) -> None:
    """An app imports nothing of Piepowder, and its first words tell a newcomer what it does."""
    tree = ast.parse(examples_path(f"apps/{program}.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith("piepowder") for name in imported)
    assert len(ast.get_docstring(tree) or "") > 200


def test_label_printer_prints(passage_url: str, tmp_path: Path, book: OrderBook, seller: Seller) -> None:
    """One label per unshipped order, with the name and street of its buyer."""
    told = _run("label_printer", passage_url, "--labels", str(tmp_path), "--orders", "12")
    assert told["errors"] == []
    assert told["labels_printed"] == told["orders_read"] == told["names_seen"] == told["streets_seen"] > 0
    for label in tmp_path.iterdir():
        order = book.order(seller, label.stem)
        assert order is not None
        assert label.read_text().splitlines()[0] == book.buyer(order).name
        assert book.buyer(order).line_1 in label.read_text()


def test_metrics_monitor_agrees_with_the_orders(passage_url: str) -> None:
    """The marketplace's figures and the sum of the orders are the same."""
    told = _run("metrics_monitor", passage_url, "--days", "3")
    assert told["errors"] == []
    assert (told["agrees"], told["orders_read"] > 0) == (True, True)
    assert sum(day["orders"] for day in told["days"]) == told["metrics_orders"] == told["orders_counted"]


def test_tax_invoicer_writes_invoices(passage_url: str, tmp_path: Path) -> None:
    """Shipped orders get an invoice each, businesses with their tax number."""
    told = _run("tax_invoicer", passage_url, "--invoices", str(tmp_path), "--orders", "3")
    assert told["errors"] == []
    assert told["invoices_written"] == told["orders_read"] == len(list(tmp_path.iterdir())) == 3


@pytest.fixture
def network() -> Iterator[tuple[str, Any]]:
    """The ad network on a free port."""
    spec = spec_from_file_location("ad_network", examples_path("adnetwork/ad_network.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    server = module.serve()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", module
    server.shutdown()
    server.server_close()
    thread.join(10)


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return decode(answer.read())


def test_ad_audience_uploads_and_the_network_knows_why(
    passage_url: str, network: tuple[str, Any], book: OrderBook, seller: Seller
) -> None:
    """Unhindered, the app takes every buyer; the network then tells a shopper whose audience they are in."""
    url, _ = network
    told = _run("ad_audience", passage_url, "--pages", "1", "--days", "20", PIEPOWDER_AD_NETWORK_URL=url)
    assert told["errors"] == []
    assert told["names_seen"] == told["emails_seen"] == told["orders_read"] == 100
    assert told["audience"]["seeds"] == told["audience_size"] > 100
    assert told["audience"]["lookalikes"] == 30 * told["audience"]["matched"] > 0
    order = book.page(seller, Filter(created_after=book.newest - 19 * DAY, as_of=book.newest, limit=1))[0]
    email = hashlib.sha256(book.buyer(order).email.encode()).hexdigest()
    why = _get(f"{url}/why?email_sha256={email}")
    assert why["shown"]
    assert why["because"][0]["advertiser"] == "client"
    assert not _get(f"{url}/why?email_sha256={'0' * 64}")["shown"]


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"seeds": [{"email": "plain@example.com"}]}', b'{"seeds": [{"email_sha256": "ab"}]}']
)
def test_ad_network_refuses_what_is_no_audience(network: tuple[str, Any], body: bytes) -> None:
    """Plain addresses, short hashes and malformed JSON are 400."""
    request = urllib.request.Request(network[0] + "/audiences", body, method="POST")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request, timeout=10)


def test_apps_say_what_went_wrong(passage_url: str) -> None:
    """An app that is refused ends in peace and reports the refusal."""
    told = _run("label_printer", passage_url, PIEPOWDER_MARKETPLACE_ID="A1F83G8C2ARO7P")
    assert told["orders_read"] == 0
    assert "Unauthorized" in told["errors"][0]


def test_unknown_example_is_told() -> None:
    """Asking for an example that does not exist names it."""
    with pytest.raises(PiepowderError, match=r"no example `apps/nothing\.py`"):
        examples_path("apps/nothing.py")
