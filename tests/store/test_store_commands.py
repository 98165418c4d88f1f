"""The commands of the store, run as `piepowder` runs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from piepowder.core.kernel.json import encode
from tests.support.commands import Run, commands
from tests.support.storefront import TEXTS, png


@pytest.fixture
def run(committed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Runs a command line with `--json` and gives back what it printed, decoded."""
    with commands(committed, tmp_path, capsys) as run:
        yield run


@pytest.fixture
def app(run: Run, tmp_path: Path) -> str:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(
        '{"operations": {"orders.v0.getOrders": ["shipping"]}, "categories": {"shipping": ["buyer.name"]}}'
    )
    developer = run("developer", "create", "Label works", "--email", "office@example.com", "--standing", "good")
    words = ["Label printer", "--manifest", str(manifest), "--standing", "good"]
    return str(run("app", "create", developer["id"], *words)["id"])


@pytest.fixture
def listed(run: Run, app: str, tmp_path: Path) -> str:
    texts = tmp_path / "texts.json"
    texts.write_bytes(encode({name: getattr(TEXTS, name) for name in TEXTS.__dataclass_fields__}))
    run("store", "open", app)
    run("store", "edit", app, str(texts))
    run("store", "submit", app)
    assert [one["app"] for one in run("store", "list", "--status", "submitted")] == [app]
    assert run("store", "accept", app)["status"] == "listed"
    return app


def test_a_listing_from_draft_to_shelf_and_back(run: Run, listed: str, tmp_path: Path) -> None:
    """Each move has its command, and what is refused says why."""
    assert [one["name"] for one in run("store", "browse", "labels")] == ["Label printer"]
    assert run("store", "browse", "--sort", "strange", status=1)["error"]["code"] == "store_sort_unknown"
    assert run("store", "label", listed)[listed]["rows"][0]["category"] == "buyer.name"
    (tmp_path / "shot.png").write_bytes(png())
    shot = run("store", "screenshot", listed, str(tmp_path / "shot.png"), "Labels")["id"]
    assert run("store", "front", listed, shot)["app"] == listed
    assert run("store", "unscreenshot", listed, shot)["screenshots"] == []
    assert run("store", "stage", listed, "50")["percent"] == 50
    assert run("store", "look", listed)["status"] == "listed"
    assert run("store", "unlist", listed)["status"] == "unlisted"
    assert run("store", "relist", listed)["status"] == "listed"
    assert run("store", "remove", listed, "A copied name")["reason"] == "A copied name"
    assert run("store", "restore", listed, "Ours")["status"] == "listed"
    assert run("store", "withdraw", listed, status=1)["error"]["code"] == "store_listing_not_from_here"
    (tmp_path / "strange.json").write_text('{"title": "x"}')
    assert (
        run("store", "edit", listed, str(tmp_path / "strange.json"), status=1)["error"]["code"]
        == "store_texts_malformed"
    )


def test_ratings_by_command(run: Run, listed: str) -> None:
    """Rated, answered, reported, judged, taken back."""
    seller = run("seller", "create", "shop-1", "Shop one")["id"]
    assert run("store", "rate", listed, seller, "4", status=1)["error"]["code"] == "store_rating_not_user"
    run("grant", "create", listed, seller)
    rating = run("store", "rate", listed, seller, "4", "Quick")["id"]
    assert run("store", "reply", rating, "Thanks")["reply"] == "Thanks"
    run("store", "report", rating, "Rude")
    assert [one["rating"] for one in run("store", "reports")] == [rating]
    assert run("store", "judge", rating, "hide", "Rude")["status"] == "hidden"
    assert run("store", "judge", rating, "show", "Fine")["status"] == "shown"
    assert run("store", "unrate", listed, seller)["status"] == "withdrawn"
    assert [one["status"] for one in run("store", "ratings", listed)] == ["withdrawn"]
    assert run("store", "count")["listings"] == 1
