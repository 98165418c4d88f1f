"""Generated requests to the JSON API, with keys of every role, on a real database: it never fails by itself.

What comes back is what the OpenAPI document says: status, content type, shape. `PIEPOWDER_API_EXAMPLES` sets how many requests
each operation gets. Ids are often those of things that exist, so that the requests get past the door. Each is rolled back.
"""

import os
import random
from typing import Any
from zlib import crc32

import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from piepowder.core.kernel.json import encode_text

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
STRANGER = ""  # no key at all
OFTEN = 0.9  # how often a place takes what exists instead of what was made up

schema = schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())
schema.config.phases.coverage.enabled = False
many = settings(
    max_examples=int(os.environ.get("PIEPOWDER_API_EXAMPLES", "50")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def ask(case: "Case[Any]", keys: dict[str, str], ids: dict[str, list[str]]) -> None:
    """Sends one request and holds the answer against the document."""
    chance = random.Random(crc32(encode_text([case.path_parameters, case.query, str(case.body)]).encode()))
    case.path_parameters = _existing(case.path_parameters, ids, chance)
    case.query = _existing(case.query, ids, chance)
    case.body = _existing(case.body, ids, chance)
    key = chance.choice([*keys.values(), STRANGER])
    with transaction.atomic():
        response = case.call(headers={"authorization": f"Bearer {key}"} if key else {})
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS)


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
