"""The OpenAPI document of the JSON API: what django-ninja derives, made exact and complete.

Ids of operations are `<tag>_<function>`; a summary is the first sentence of the docstring; every operation names its command,
and the errors that it may answer, all in the one shape of `Problem`. Two rooms may have shapes of one name, which get the name
of their tag in front: without this the one that is read last would describe both.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from piepowder.core.kernel.json import encode_text
from piepowder.web.doors import DOORS

READS = {"GET", "HEAD"}
REF = "#/components/schemas/"
ERRORS = {
    401: "No key, or one that is not valid.",
    403: "The key's role does not permit this.",
    404: "There is nothing of that name, or nothing that this key may see.",
    409: "What is there just now does not allow it, or somebody else changed it meanwhile.",
    422: "What was sent does not have the documented shape, or breaks a rule; `errors` names places, where it is about places.",
    503: "The database, or something else that is needed, is away just now.",
}
OF_BODIES = {400: "The body cannot be read.", 413: "The body is larger than 4 MiB."}
PROBLEM: Mapping[str, Any] = {
    "title": "Problem",
    "description": "Every error of this API, as RFC 9457 has it: `code` is stable and in the reference, `hint` says what to do.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:piepowder:error:consent_grant_ended"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
        "hint": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["place", "message"],
                "properties": {
                    "place": {"type": "array", "items": {"type": "string"}},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
DESCRIPTION = """Everything that the console does, for programs. Keys come from the console or from `piepowder key create`, and go
into `Authorization: Bearer ppk_…`; a key of a developer or seller reaches that one only.

*Lists* have a `limit` of at most 500. Where there may be more, they are in the order of their ids: the next page begins `after`
the last id of this one, or, newest first, is what came `before` it. A page shorter than `limit` is the last.

*Errors* are problem documents (RFC 9457) with a stable `code` and a `hint`.

*Twice is once.* PUT, PATCH and DELETE may be repeated. A move (`submit`, `revoke`, `accept`) is made from the state that a thing
is in: sent again it answers 409 and changes nothing. A POST that answers 201 makes one thing each time.

*Somebody was faster.* Where a person decides by what they read, the request says what that was (`read`, `revision`, `seen`), and is refused
with 409 if it is no longer so."""
TAGS = [
    {"name": "developers", "description": "Organisations that make apps, their members and invitations."},
    {"name": "identities", "description": "Who an organisation is: documents, and their review."},
    {"name": "evidence", "description": "Documents: checked, encrypted, handed out as downloads."},
    {"name": "apps", "description": "Apps, their addresses, roles, rates and modes."},
    {"name": "app versions", "description": "Manifest, checks, review, going live in stages."},
    {"name": "standing", "description": "What an app or a developer may do just now."},
    {"name": "assessments", "description": "Questionnaires, answers, hand-in, review, messages."},
    {"name": "audits", "description": "Audits of developers: draw, evidence, findings, result."},
    {"name": "cases", "description": "The court: findings, notices, answers, decisions, measures, appeals."},
    {"name": "sellers", "description": "The shops of the marketplace."},
    {"name": "letters", "description": "What was decided or asked, and what became of its mails."},
    {"name": "accounts", "description": "People who sign in, and where they are signed in."},
    {"name": "keys", "description": "API keys."},
    {"name": "store", "description": "Listings, data labels, ratings."},
    {"name": "grants", "description": "What sellers allow apps."},
    {"name": "clients", "description": "Programs of apps that ask for tokens: return addresses and secrets."},
    {"name": "plans", "description": "What an app costs."},
    {"name": "subscriptions", "description": "Sellers who pay for an app."},
    {"name": "billing", "description": "Commission, statements, settlements."},
    {"name": "imports", "description": "What a marketplace has already, from files."},
    {"name": "policies", "description": "Policy packs in force, now and before."},
    {"name": "records", "description": "The ledger."},
]
_COMMANDS: Mapping[str, list[str]] = {
    operation: [door.command for door in DOORS if door.operation == operation]
    for operation in {d.operation for d in DOORS}
}


class Document(OpenAPISchema):
    """Each operation is read by itself, so that names of shapes can be told apart afterwards."""

    def get_paths(self) -> dict[str, Any]:
        self.found: list[tuple[dict[str, Any], dict[str, Any]]] = []  # operation, shapes it names
        paths: dict[str, Any] = super().get_paths()
        self.schemas = {"Problem": dict(PROBLEM)} | named_apart(self.found)
        return paths

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        self.schemas = {}
        details: dict[str, Any] = super().operation_details(operation)
        text = " ".join((operation.description or "").split())
        details["summary"] = _first_sentence(text)
        details["tags"] = list(dict.fromkeys(details.get("tags", [])))
        details["x-piepowder-commands"] = [f"piepowder {each}" for each in _COMMANDS.get(details["operationId"], [])]
        details["responses"] |= _errors(operation, body="requestBody" in details)
        self.found.append((details, self.schemas))
        return details


class Api(NinjaAPI):
    """A django-ninja API with this document, which is put together once."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """`grants_revoke_grant`"""
        [tag, *_] = operation.tags or ["api"]
        return f"{tag}_{operation.view_func.__name__}".replace(" ", "_")

    @cached_property
    def document(self) -> Document:
        return Document(self, self.get_root_path({}))

    def get_openapi_schema(self, **path: Any) -> Document:
        return self.document


def _first_sentence(text: str) -> str:
    head, _dot, _rest = text.partition(". ")
    return head.rstrip(".:") + "." if head else ""


def _errors(operation: Operation, *, body: bool) -> dict[int, Any]:
    possible = dict(ERRORS) | (OF_BODIES if body else {})
    if not operation.auth_callbacks:
        del possible[401], possible[403]
    shape = {"application/problem+json": {"schema": {"$ref": f"{REF}Problem"}}}
    return {status: {"description": words, "content": shape} for status, words in sorted(possible.items())}


def named_apart(found: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    """All shapes under names that mean one thing each. The operations' references are written anew, in place."""
    ambiguous = _ambiguous(shapes for _, shapes in found)
    made: dict[str, Any] = {}
    for operation, shapes in found:
        tag = "".join(word.capitalize() for word in operation["tags"][0].split())
        names = {name: f"{tag}{name}" if name in ambiguous else name for name in shapes}
        operation.update(_renamed(operation, names))
        for name, shape in shapes.items():
            new = _renamed(shape, names)
            if made.setdefault(names[name], new) != new:
                raise ValueError(f"two shapes of the operations `{tag}` are called `{name}`")
    return made


def _ambiguous(several: Iterable[Mapping[str, Any]]) -> set[str]:
    """Names of different shapes, and of those that lead to one."""
    texts: dict[str, dict[str, None]] = defaultdict(dict)
    for shapes in several:
        for name, shape in shapes.items():
            texts[name][encode_text(shape)] = None
    found = {name for name, different in texts.items() if len(different) > 1}
    while (
        more := {
            name
            for name, (text, *_) in ((n, tuple(t)) for n, t in texts.items())
            if any(f'{REF}{o}"' in text for o in found)
        }
        - found
    ):
        found |= more
    return found


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    made = {key: _renamed(inner, names) for key, inner in value.items()}
    if isinstance(name := value.get("$ref"), str):
        made["$ref"] = REF + names.get(name.removeprefix(REF), name.removeprefix(REF))
    return made
