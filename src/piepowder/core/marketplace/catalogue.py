"""Compiles an OpenAPI document and an Overlay into a `Catalogue`, checks that it holds together, and loads shipped ones."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

import yaml

from piepowder.core.kernel import json
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.marketplace import overlay as overlays
from piepowder.core.marketplace.dialects import SHIPPED
from piepowder.core.marketplace.model import Catalogue, Node, Operation
from piepowder.core.marketplace.openapi import Reader
from piepowder.core.marketplace.operations import EXTENSION, categories, compile_operation, guarded
from piepowder.core.marketplace.taxonomy import CATEGORIES

VALUES_MAX = 500_000  # of one file, with everything that its aliases repeat

_YamlLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compile_catalogue(document: dict[str, Any], overlay: dict[str, Any], dialect: str) -> Catalogue:
    """A catalogue of the operations that carry `x-piepowder-operation` once the overlay is applied.

    Raises `PiepowderError` with a code `marketplace_*` where documents or marks contradict themselves. Fields without
    a category are no error: they are listed in `unclassified`, and never released.
    """
    overlaid = overlays.apply(document, overlay)
    reader = Reader(overlaid.document)
    operations: dict[str, Operation] = {}
    unclassified: list[str] = []
    unguarded: list[str] = []
    for path, method, item, spec in guarded(overlaid.document):
        if EXTENSION not in spec:
            unguarded.append(f"{method.upper()} {path}")
            continue
        compiled = compile_operation(reader, path, method, item, spec)
        if operations.setdefault(compiled.operation.id, compiled.operation) is not compiled.operation:
            raise _contradiction(compiled.operation.id, "is the id of two operations")
        unclassified += compiled.unclassified
    for operation in operations.values():
        _check(operation, operations)
    return Catalogue(
        dialect=dialect,
        digest=hashlib.sha256(json.encode([dialect, document, overlay])).hexdigest(),
        operations=operations,
        unclassified=tuple(unclassified),
        unguarded=tuple(unguarded),
        unmatched=overlaid.unmatched,
    )


@cache
def load_catalogue(dialect_name: str) -> Catalogue:
    """A shipped catalogue, compiled once in a process; `marketplace_dialect_unknown` for any other name."""
    if dialect_name not in SHIPPED:
        raise PiepowderError(
            "marketplace_dialect_unknown",
            f"no dialect is called `{dialect_name}`",
            hint="shipped: " + ", ".join(SHIPPED),
            kind=ErrorKind.NOT_FOUND,
        )
    folder = resources.files("piepowder.core.marketplace.dialects") / dialect_name
    document, overlay = ((folder / name).read_text("utf-8") for name in ("openapi.yaml", "overlay.yaml"))
    return compile_catalogue(read_yaml(document, "openapi.yaml"), read_yaml(overlay, "overlay.yaml"), dialect_name)


def read_yaml(text: str, name: str) -> dict[str, Any]:
    """An object from YAML (or JSON, which is YAML); `name` is what an error calls the file."""
    try:
        value = yaml.load(text, Loader=_YamlLoader)  # noqa: S506 - a safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise PiepowderError("marketplace_yaml_malformed", f"`{name}` is not YAML: {error}") from None
    if not isinstance(value, dict):
        raise PiepowderError("marketplace_yaml_malformed", f"`{name}` holds no object")
    if sum(1 for _ in islice(_values(value), VALUES_MAX)) == VALUES_MAX:
        raise PiepowderError("marketplace_yaml_malformed", f"`{name}` holds more than {VALUES_MAX} values")
    return value


def _values(value: Any) -> Iterator[Any]:
    """Everything below a value. An alias counts each time: a small file can stand for a huge or endless one."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _check(operation: Operation, operations: dict[str, Operation]) -> None:
    """Everything an operation refers to must be there: the gateway takes it for granted."""
    for problem in _problems(operation, operations):
        raise _contradiction(operation.id, problem)


def _problems(operation: Operation, operations: dict[str, Operation]) -> Iterator[str]:
    used = set(categories(operation.body)) if operation.body else set()
    yield from (
        f"uses the unknown category `{word}`" for word in sorted((operation.categories | used) - CATEGORIES.keys())
    )
    elements = {node.element for node in leaves(operation.answer) if node.element}
    yield from (
        f"has a field of the element `{word}` but does not list it" for word in sorted(elements - operation.elements)
    )
    yield from (
        f"implies the unlisted element `{word}`" for word in sorted(operation.implied_elements - operation.elements)
    )
    yield from (
        f"calls the category `{word}` essential, which its answer does not hold"
        for word in sorted(operation.essential - set(categories(operation.answer) if operation.answer else ()))
    )
    if operation.essential and operation.binding is not None:
        yield "is about orders: none of its categories can be essential"
    missing = [block for block in operation.state_needs if block not in operation.included_data]
    yield from (f"needs the block `{block}` for the order's state but does not list it" for block in missing)
    in_path = {parameter.name for parameter in operation.parameters if parameter.place == "path"}
    if in_path != {step[1:-1] for step in operation.path.split("/") if step.startswith("{")}:
        yield "declares other path parameters than its path holds"
    if operation.paging and not _leads_somewhere(operation.answer, operation.paging.token):
        yield "has a paging token that its answer does not hold"
    yield from _binding_problems(operation, operations)


def _binding_problems(operation: Operation, operations: dict[str, Operation]) -> Iterator[str]:
    binding = operation.binding
    if binding is None:
        return
    if binding.lookup is not None and binding.lookup not in operations:
        yield f"looks the order's state up with `{binding.lookup}`, which is not in the catalogue"
    if binding.state == "lookup" and (binding.lookup is None or binding.order_parameter is None):
        yield "looks the order's state up, but names no operation or no order parameter"
    start = (*binding.orders, "[]") if binding.orders is not None else ()
    for path in (binding.order_id, binding.subject, *binding.state_fields.values()):
        if path is not None and not _leads_somewhere(operation.answer, start + path):
            yield f"binds `{'.'.join(start + path)}`, which its answer does not hold"


def _leads_somewhere(node: Node | None, path: tuple[str, ...]) -> bool:
    for step in path:
        if node is None:
            return False
        node = node.item if step == "[]" else node.children.get(step)
    return node is not None


def leaves(node: Node | None) -> Iterator[Node]:
    """Every leaf below a node, in document order."""
    if node is None:
        return
    if node.kind == "leaf":
        yield node
    for child in node.children.values():
        yield from leaves(child)
    yield from leaves(node.item)


def _contradiction(operation: str, problem: str) -> PiepowderError:
    return PiepowderError(
        "marketplace_operation_contradictory", f"operation `{operation}` {problem}", hint="see docs/catalogue.md"
    )
