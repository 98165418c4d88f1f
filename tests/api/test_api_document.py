"""The OpenAPI document: valid, complete, and in words that people can use."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.test import Client

from piepowder.core.kernel import json
from piepowder.rooms.people.rules import KeyRole
from piepowder.web.openapi import TAGS

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.decode(Client().get("/api/openapi.json").content)
    return found


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """It is OpenAPI 3.1, and every reference in it leads somewhere."""
    schemathesis.openapi.from_dict(document).validate()
    names = set(document["components"]["schemas"])
    assert {one.rsplit("/", 1)[1] for one in _references(document)} <= names


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _references(each)


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    """A summary, one tag of those that are described, a command, and a key that it needs, unless it is for everybody."""
    tags = {tag["name"] for tag in document["tags"]}
    open_to_all = set()
    for _method, path, operation in _operations(document):
        assert operation["summary"].endswith("."), path
        assert len(operation["summary"]) < 160, path
        assert set(operation["tags"]) <= tags, path
        assert len(operation["tags"]) == 1, path
        assert operation["x-piepowder-commands"], path
        if "security" not in operation:
            open_to_all.add(path)
    assert open_to_all == {"/api/identities/points", "/api/identities/published"}
    assert tags == {tag["name"] for tag in TAGS}


def test_every_operation_says_how_it_fails(document: dict[str, Any]) -> None:
    """Each has an answer of success and the errors, all of one shape; a body that is wrong is among them where there is one."""
    for _method, path, operation in _operations(document):
        statuses = set(operation["responses"])
        assert statuses & {"200", "201", "202", "204"}, path
        assert {"404", "422", "503"} <= statuses, path
        assert ("413" in statuses) == ("requestBody" in operation), path
        errors = [found for status, found in operation["responses"].items() if status >= "400"]
        shapes = {one["content"]["application/problem+json"]["schema"]["$ref"] for one in errors}
        assert shapes == {"#/components/schemas/Problem"}, path


def test_shapes_of_one_name_are_told_apart(document: dict[str, Any]) -> None:
    """Decisions are sent about identities, versions and answers, and each of these operations names its own shape."""
    shapes = document["components"]["schemas"]
    assert set(shapes["AssessmentsDecisionSent"]["properties"]) == {"word", "reason", "fix", "clause", "seen"}
    assert "DecisionSent" not in shapes
    sent = document["paths"]["/api/app-versions/{version_id}/decide"]["post"]["requestBody"]["content"]
    assert sent["application/json"]["schema"]["$ref"].endswith("/AppVersionsDecisionSent")


def test_ids_of_operations_are_short(document: dict[str, Any]) -> None:
    """`<tag>_<verb>`: a generator of clients makes names of them."""
    ids = {operation["operationId"] for _, _, operation in _operations(document)}
    assert {"grants_revoke_grant", "keys_create_key", "app_versions_submit_version"} <= ids
    assert not [one for one in ids if "piepowder" in one]


def test_an_answer_of_an_error_has_the_documented_shape(document: dict[str, Any], api: Client) -> None:
    """What stands in the document is what comes: here for a name that is not there, a body that is none, and no key."""
    wanted = set(document["components"]["schemas"]["Problem"]["required"])
    for answer in (
        api.get("/api/grants/grt_unknown"),
        api.post("/api/grants", b"{", content_type="application/json"),
        Client().get("/api/grants"),
    ):
        assert answer["Content-Type"] == "application/problem+json"
        assert wanted <= set(answer.json())


def test_roles_are_words_of_the_document(document: dict[str, Any]) -> None:
    """Who asks for a key reads which roles there are."""
    assert set(document["components"]["schemas"]["KeyRole"]["enum"]) == set(KeyRole)
