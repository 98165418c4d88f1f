"""The page of the JSON API: everything that the document says, readable without script, with the command beside it."""

import shlex

import pytest
from django.test import Client as Browser

from piepowder.core.kernel import json
from tests.support import consent as shop
from tests.support.pages import problems

pytestmark = pytest.mark.django_db


def test_every_operation_stands_on_a_page() -> None:
    """With its example and its command; the pages are open to everybody, as the document is."""
    browser, left = Browser(), {}
    for path, item in browser.get("/api/openapi.json").json()["paths"].items():
        for method, operation in item.items():
            left[operation["operationId"]] = (f"{method.upper()} {path}", operation["x-piepowder-commands"])
    index = browser.get("/api-guide/").content.decode()
    assert problems(index) == []
    for slug in ("developers", "app-versions", "grants", "records"):
        assert f'href="/api-guide/{slug}/"' in index
    for slug in _slugs(index):
        text = browser.get(f"/api-guide/{slug}/").content.decode()
        assert problems(text) == []
        for name in [name for name in left if f'id="{name}"' in text]:
            words, commands = left.pop(name)
            assert words in text
            assert all(command in text for command in commands)
    assert left == {}
    assert browser.get("/api-guide/unknown/").status_code == 404


def _slugs(index: str) -> list[str]:
    return [part.split("/")[0] for part in index.split('href="/api-guide/')[1:] if part[0] not in '"']


def test_an_example_can_be_sent_as_it_stands(api: Browser) -> None:
    """The example of narrowing has every member that must be there, and the API takes its shape."""
    text = Browser().get("/api-guide/grants/").content.decode()
    example = (
        text.split("grants/{grant_id}/choose&quot;")[1].split("</pre>")[0].replace("&quot;", '"').replace("&#x27;", "'")
    )
    body = json.decode(shlex.split(example.replace("\\\n", " "))[-1].encode())
    assert list(body) == ["read"]
    grant = shop.open_desk().grant()
    answer = api.post(f"/api/grants/{grant.id}/choose", json.encode(body), content_type="application/json")
    assert answer.json()["code"] in ("consent_version_changed", "ground_request_malformed")


def test_the_shell_leads_to_it() -> None:
    """Whoever is signed in finds the link at the foot of the menu, and the page within the shell."""
    browser = shop.sign_in_seller(shop.make_seller())
    page = browser.get("/api-guide/").content.decode()
    assert '<a href="/api-guide/" aria-current="page">JSON API</a>' in page
    assert problems(page) == []
