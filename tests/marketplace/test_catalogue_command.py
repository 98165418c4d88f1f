from importlib import resources
from pathlib import Path

import pytest

from piepowder.cli.main import run
from piepowder.core.kernel import json


@pytest.fixture
def shipped(tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the second dialect's document and overlay, to be changed."""
    folder = resources.files("piepowder.core.marketplace.dialects") / "stall"
    copies = tmp_path / "openapi.yaml", tmp_path / "overlay.yaml"
    for copy in copies:
        copy.write_text((folder / copy.name).read_text("utf-8"), "utf-8")
    return copies


@pytest.mark.parametrize("dialect", ["spapi", "stall"])
def test_check_of_shipped_catalogues(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped catalogues are complete, and the command says so."""
    assert run(["catalogue", "check", "--dialect", dialect]) == 0
    assert "every field has a category" in capsys.readouterr().out


def test_check_names_unclassified_fields(shipped: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A field that lost its mark is named in each operation that answers it, and the exit status is 1."""
    document, overlay = shipped
    overlay.write_text(overlay.read_text("utf-8").replace("      mail: {x-data-category: buyer.email}\n", ""), "utf-8")
    assert run(["catalogue", "check", str(document), str(overlay)]) == 1
    out = capsys.readouterr().out
    assert "unclassified  stall.listSales: items[].buyer.mail\n" in out
    assert "unclassified  stall.getSale: buyer.mail\n" in out
    assert "2 fields without a category" in out


def test_check_as_json(shipped: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` the same as one document, with marks that lead nowhere and operations that nobody guards."""
    document, overlay = shipped
    text = overlay.read_text("utf-8").replace("$.components.schemas.buyer.", "$.components.schemas.bayer.")
    overlay.write_text(
        text.replace("id: stall.getSale", "id: stall.getOne").replace("lookup: stall.getSale", "lookup: stall.getOne")
    )
    assert run(["catalogue", "check", str(document), str(overlay), "--json"]) == 1
    found = json.decode(capsys.readouterr().out)
    assert found["operations"] == 3
    assert found["unmatched"] == ["action 7: $.components.schemas.bayer.properties"]
    assert "stall.getOne: buyer.full_name" in found["unclassified"]


def test_check_without_operations(shipped: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A document without marks guards nothing, and that is not a success."""
    assert run(["catalogue", "check", str(shipped[0])]) == 1
    out = capsys.readouterr().out
    assert "not guarded, so refused: GET /shops/{shop}/sales" in out
    assert "nothing is guarded" in out


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    """An operation is shown with whole paths, categories and elements."""
    assert run(["catalogue", "show", "orders.v0.getOrderBuyerInfo", "--dialect", "spapi"]) == 0
    out = capsys.readouterr().out
    assert "GET /orders/v0/orders/{orderId}/buyerInfo" in out
    line = next(line for line in out.splitlines() if "payload.BuyerName" in line)
    assert line.split() == ["payload.BuyerName", "string", "buyer.name", "buyerInfo"]


def test_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` an operation is one document with a line for each field."""
    assert run(["catalogue", "show", "stall.dispatchSale", "--dialect", "stall", "--json"]) == 0
    found = json.decode(capsys.readouterr().out)
    assert found["method"] == "POST"
    assert {"path": "carrier", "type": "string", "category": "order.fulfilment", "element": None} in found["body"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "orders.v0.nothing", "--dialect", "spapi"], "cli_operation_unknown"),
        (["check", "--dialect", "bazaar"], "marketplace_dialect_unknown"),
        (["check", "/does/not/exist.yaml"], "cli_file_unreadable"),
    ],
)
def test_errors(words: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown operations, dialects and files are told apart."""
    assert run(["catalogue", *words, "--json"]) == 1
    assert json.decode(capsys.readouterr().out)["error"]["code"] == code
