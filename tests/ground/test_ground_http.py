"""Every door of the JSON API, without and with credentials."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connections
from django.test import Client

from piepowder.rooms.people.rules import key_text
from piepowder.web.database import NO_DATABASE, database_from_url
from piepowder.web.wiring import api as piepowder_api


def _operations() -> list[tuple[str, str]]:
    schema = piepowder_api.get_openapi_schema()
    return [
        (method.upper(), path)
        for path, item in schema["paths"].items()
        for method in item
        if method in ("get", "post", "put", "patch", "delete")
    ]


FOR_EVERYBODY = {
    "/api/identities/points",
    "/api/identities/published",
}  # what is asked of anybody, and how long it takes


def _call(client: Client, method: str, path: str) -> Any:
    concrete = re.sub(r"\{\w+\}", "x_1", path)
    return client.generic(method, concrete, b"{}", content_type="application/json")


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), [one for one in _operations() if one[1] not in FOR_EVERYBODY])
def test_no_operation_answers_without_a_key(method: str, path: str) -> None:
    """Every operation of the API refuses a caller without a valid key, before it looks at anything else; two are for everybody."""
    for header in (None, "Bearer nonsense", "Bearer ppk_nonsense", "Basic eDp5", "Bearer ", "Bearer ppk_\x00"):
        answer = _call(Client(headers={"authorization": header} if header else {}), method, path)
        assert (answer.status_code, answer["content-type"]) == (401, "application/problem+json")
        assert answer["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "ground_not_signed_in"


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), [one for one in _operations() if one[0] != "GET"])
def test_an_auditor_changes_nothing(auditor_api: Client, method: str, path: str) -> None:
    """A key that only reads is refused by every operation that writes, or the body is refused first."""
    answer = _call(auditor_api, method, path)
    assert answer.status_code in (403, 404, 422)  # 404: of somebody's own things, which an auditor has none of
    if answer.status_code != 404:
        assert answer.json()["code"] in ("ground_not_permitted", "ground_request_malformed", "notices_no_inbox")


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), _operations())
def test_what_is_not_there_is_a_problem_document(api: Client, method: str, path: str) -> None:
    """With permission, a call about a thing that is not there is answered in the one error shape."""
    answer = _call(api, method, path)
    if answer.status_code >= 400:
        body = answer.json()
        assert answer["content-type"] == "application/problem+json"
        assert body["status"] == answer.status_code in (404, 422)
        assert body["type"] == f"urn:piepowder:error:{body['code']}"
        assert body["detail"]


@pytest.mark.django_db
def test_the_openapi_document_is_served() -> None:
    """The API describes itself to everybody."""
    document = Client().get("/api/openapi.json").json()
    assert "/api/standing/{subject_id}" in document["paths"]


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name": 3}', b"\xff\xfe", b'{"name":"a\\u0000b"}'])
def test_a_malformed_body_is_refused_in_the_one_shape(api: Client, body: bytes) -> None:
    """What is not the documented JSON is refused, and nothing of it is repeated."""
    answer = api.put("/api/sellers/A1", body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.json()["code"].startswith("ground_request_")


@pytest.mark.django_db
def test_an_unknown_member_is_refused(api: Client) -> None:
    """A wish that the API does not know is refused rather than dropped."""
    answer = api.put("/api/sellers/A1", {"name": "Shop", "colour": "red"}, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"][-1] == "colour"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/apps/a%00b", "/api/apps/" + "a" * 300, "/api/records/%E2%82%AC"])
def test_an_impossible_id_is_refused(api: Client, path: str) -> None:
    """An id that no row can have never reaches the database."""
    assert api.get(path).status_code == 422


@pytest.mark.django_db
def test_a_body_over_the_limit_is_refused(api: Client) -> None:
    """A body larger than the limit is refused in the one error shape."""
    answer = api.put("/api/sellers/A1", b" " * (4 * 1024 * 1024 + 1), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "ground_request_too_large")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (RuntimeError("a secret"), 500, "ground_unforeseen"),
        (IntegrityError("a secret"), 409, "ground_changed_meanwhile"),
        (OperationalError("a secret"), 503, "ground_database_away"),
    ],
)
def test_a_failure_from_below_is_answered_without_its_words(
    api: Client, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int, code: str
) -> None:
    """What the database or a fault of ours says goes to the log, never to the caller."""

    def fails(*args: object, **kwargs: object) -> None:
        raise failure

    monkeypatch.setattr("piepowder.rooms.people.actions.provision_seller", fails)
    answer = api.put("/api/sellers/A1", {"name": "Shop"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert b"secret" not in answer.content


def test_the_database_away_is_said_so(committed: str) -> None:
    """With no database behind it, the API answers that it is away."""
    connections["default"].close()
    connections["default"].settings_dict.update(database_from_url(NO_DATABASE))
    answer = Client(headers={"authorization": f"Bearer {key_text('a' * 43)}"}).get("/api/apps")
    assert (answer.status_code, answer.json()["code"]) == (503, "ground_database_away")
