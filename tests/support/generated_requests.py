"""Generated requests to the JSON API, with keys of every role, on a real database: it never fails by itself.

What comes back is what the OpenAPI document says: status, content type, shape. `PIEPOWDER_API_EXAMPLES` sets how many requests
each operation gets. Ids are often those of things that exist, so that the requests get past the door. Each is rolled back.
"""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROLES = ("operator", "reviewer", "auditor", "provisioning", "developer", "seller", "")  # the last has no key
OFTEN = 0.9  # how often a place takes what exists instead of what was made up

schema = schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())
_results: list[Any] = list(schema.get_all_operations())
_found = [each.ok() for each in _results]
#: One test for each, with a name of its own: runners that share out the tests know them by name.
READS, CHANGES = (
    [pytest.param(one, id=f"{one.method.upper()} {one.path}") for one in _found if (one.method == "get") is reads]
    for reads in (True, False)
)
many = settings(
    max_examples=int(os.environ.get("PIEPOWDER_API_EXAMPLES", "50")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def ask(operation: Any, keys: dict[str, str], ids: dict[str, list[str]], tell: Callable[[str, object], None]) -> None:
    """Sends an operation its requests, with what fits the document and what does not, and holds each answer against it."""
    asked = 0

    @many
    @given(case=_cases(operation), role=st.sampled_from(ROLES), seed=st.integers(0, 2**32))
    def requests(case: "Case[Any]", role: str, seed: int) -> None:
        nonlocal asked
        asked += 1
        chance = random.Random(seed)
        case.path_parameters = _existing(case.path_parameters, ids, chance)
        case.query = _existing(case.query, ids, chance)
        case.body = _existing(case.body, ids, chance)
        with transaction.atomic():
            response = case.call(headers={"authorization": f"Bearer {keys[role]}"} if role else {})
            transaction.set_rollback(True)
        case.validate_response(response, checks=CHECKS)

    requests()
    tell(f"requests: {operation.method} {operation.path}", asked)


def _cases(operation: Any) -> Any:
    fitting = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    takes = operation.path_parameters or operation.query or operation.body  # or else there is nothing to be wrong with
    return fitting | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) if takes else fitting


def _existing(given: Any, ids: dict[str, list[str]], chance: random.Random) -> Any:
    """The same, with ids of what exists in most places that take one."""
    if not isinstance(given, dict):
        return given
    return {
        name: chance.choice(ids[name])
        if isinstance(value, str) and ids.get(name) and chance.random() < OFTEN
        else value
        for name, value in given.items()
    }
