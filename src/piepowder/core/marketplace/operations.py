"""From one path item of an OpenAPI document to an `Operation`: its parameters, its answer, and `x-piepowder-operation`."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.model import Node, Operation, OrderBinding, Paging, Parameter, Rate
from piepowder.core.marketplace.openapi import CATEGORY, Reader, text_rules

EXTENSION = "x-piepowder-operation"
NOBODY = "none"  # category of a parameter that says nothing about anybody (a page size, a choice of granularity)
METHODS: dict[str, Literal["GET", "POST", "PUT", "PATCH", "DELETE"]] = {
    "get": "GET",
    "post": "POST",
    "put": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}
VALUE_LENGTH_MAX = 2048


class Extension(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `x-piepowder-operation` may say; see `docs/catalogue.md`. A misspelt word is an error."""

    id: str
    kind: Literal["read", "write", "restricted_token"] = "read"
    roles: frozenset[str] = frozenset()
    rate: dict[str, float] = {}
    binding: OrderBinding | None = None
    paging: Paging | None = None
    elements: frozenset[str] = frozenset()
    element_required: bool = False
    implied_elements: frozenset[str] = frozenset()
    included_data: dict[str, tuple[str, ...]] = {}
    state_needs: tuple[str, ...] = ()
    unlocks_without_element: bool = False
    grantless: bool = False
    essential: frozenset[str] = frozenset()


class Compiled(Struct, frozen=True):
    operation: Operation
    unclassified: tuple[str, ...]


def guarded(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Every (path, method, path item, operation) of the document, guarded or not."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if isinstance(item, dict) and method in item:
                yield path, method, item, item[method]


def compile_operation(reader: Reader, path: str, method: str, item: dict[str, Any], spec: dict[str, Any]) -> Compiled:
    """One operation that carries the extension, and the paths of its unclassified fields."""
    extension = _extension(spec[EXTENSION], f"{method} {path}")
    parameters = tuple(_parameter(reader, each) for each in [*item.get("parameters", ()), *spec.get("parameters", ())])
    unclassified = [f"?{name}" for name, category in _categories_of(parameters) if category is None]
    body, body_paths = _body(reader, spec)
    status, answer = _answer(reader, spec)
    unclassified += [f"request.{place}" for place in body_paths] + reader.unclassified
    fields = structs.asdict(extension) | {"rate": _rate(extension.rate)}
    operation = Operation(
        **fields,
        name=spec.get("operationId", extension.id),
        method=METHODS[method],
        path=path,
        parameters=tuple(_without_nobody(each) for each in parameters),
        body=body,
        status=status,
        answer=answer,
        categories=frozenset(_found(answer, parameters)),
    )
    return Compiled(operation, tuple(f"{extension.id}: {place}" for place in unclassified))


def _extension(value: Any, where: str) -> Extension:
    try:
        return msgspec.convert(value, Extension)
    except msgspec.ValidationError as error:
        raise PiepowderError(
            "marketplace_operation_malformed", f"`{EXTENSION}` of `{where}`: {error}", hint="see docs/catalogue.md"
        ) from None


def _rate(value: dict[str, float]) -> Rate:
    default = Rate(1.0, 5)
    return Rate(float(value.get("per_second", default.per_second)), int(value.get("burst", default.burst)))


def _parameter(reader: Reader, value: dict[str, Any]) -> Parameter:
    """A path or query parameter. Others (headers, cookies) are the dialect's business and an error here."""
    spec = reader.resolve(value)
    if spec.get("in") not in ("path", "query"):
        raise PiepowderError(
            "marketplace_parameter_unsupported", f"parameter `{spec.get('name')}` stands in `{spec.get('in')}`",
            hint="only path and query parameters are guarded",
        )  # fmt: skip
    schema = reader.resolve(spec.get("schema", {}))
    many = schema.get("type") == "array"
    single = reader.resolve(schema.get("items", {})) if many else schema
    text = text_rules(single)
    return Parameter(
        name=spec["name"],
        place=spec["in"],
        required=bool(spec.get("required", False)),
        many=many,
        leaf=single.get("type", "string"),
        enum=text.enum,
        pattern=text.pattern,
        max_length=single.get("maxLength", VALUE_LENGTH_MAX),
        minimum=single.get("minimum"),
        maximum=single.get("maximum"),
        category=spec.get(CATEGORY, schema.get(CATEGORY, single.get(CATEGORY))),
        max_items=schema.get("maxItems"),
        forward=bool(spec.get("x-piepowder-forward", True)),
    )


def _without_nobody(parameter: Parameter) -> Parameter:
    return structs.replace(parameter, category=None) if parameter.category == NOBODY else parameter


def _categories_of(parameters: tuple[Parameter, ...]) -> list[tuple[str, str | None]]:
    return [(parameter.name, parameter.category) for parameter in parameters]


def _body(reader: Reader, spec: dict[str, Any]) -> tuple[Node | None, list[str]]:
    if "requestBody" not in spec:
        return None, []
    schema = _json_schema(reader.resolve(spec["requestBody"]))
    if schema is None:
        return None, []
    return reader.tree(schema), reader.unclassified


def _answer(reader: Reader, spec: dict[str, Any]) -> tuple[int, Node | None]:
    """The first successful answer of the document, by number."""
    reader.unclassified = []
    statuses = sorted(int(status) for status in spec.get("responses", {}) if str(status).startswith("2"))
    if not statuses:
        raise PiepowderError(
            "marketplace_answer_missing",
            f"`{spec.get('operationId')}` names no successful answer",
            hint="add a 2xx one",
        )
    responses = {str(status): response for status, response in spec["responses"].items()}
    schema = _json_schema(reader.resolve(responses[str(statuses[0])]))
    return statuses[0], None if schema is None else reader.tree(schema)


def _json_schema(holder: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of the JSON content, `application/json` before its relatives."""
    content = holder.get("content", {})
    for media_type in sorted(content, key=lambda name: (name != "application/json", name)):
        if media_type == "application/json" or media_type.endswith("+json"):
            schema: dict[str, Any] = content[media_type].get("schema", {})
            return schema
    return None


def _found(answer: Node | None, parameters: tuple[Parameter, ...]) -> Iterator[str]:
    if answer is not None:
        yield from categories(answer)
    yield from (parameter.category for parameter in parameters if parameter.category not in (None, NOBODY))


def categories(node: Node) -> Iterator[str]:
    """Every category below a node, repeated where it occurs repeatedly."""
    if node.category is not None:
        yield node.category
    for child in node.children.values():
        yield from categories(child)
    if node.item is not None:
        yield from categories(node.item)
