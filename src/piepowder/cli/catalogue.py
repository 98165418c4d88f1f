"""`piepowder catalogue`: is every field of the guarded API classified, and what does the gate know of an operation?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclopts import App
from msgspec import structs

from piepowder.cli.options import Common, print_json, printable
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.marketplace.catalogue import compile_catalogue, load_catalogue, read_yaml
from piepowder.core.marketplace.model import Catalogue, Node, Operation, Parameter

app = App(name="catalogue", help="Check the catalogue of the guarded API, and show what it says.")


@app.command
def check(
    document: Path | None = None, overlay: Path | None = None, *, dialect: str | None = None, common: Common = Common()
) -> int:
    """Name every field that has no data category: such a field is never released. Exit status 1 if there is any, or no operation.

    Parameters
    ----------
    document
        An OpenAPI 3 document (YAML or JSON) instead of a shipped catalogue.
    overlay
        The OpenAPI Overlay with its marks.
    dialect
        The shipped catalogue to check, or the dialect the document is meant for. Default: the configured one.
    """
    catalogue = _catalogue(document, overlay, dialect, common)
    findings = {
        "unclassified": list(catalogue.unclassified),
        "unmatched": list(catalogue.unmatched),
        "unguarded": list(catalogue.unguarded),
    }
    if common.json:
        operations = len(catalogue.operations)
        print_json({"dialect": catalogue.dialect, "digest": catalogue.digest, "operations": operations, **findings})
    else:
        _print_findings(catalogue)
    return 1 if catalogue.unclassified or not catalogue.operations else 0


@app.command
def show(
    operation: str,
    document: Path | None = None,
    overlay: Path | None = None,
    *,
    dialect: str | None = None,
    common: Common = Common(),
) -> None:
    """Show one operation: its rules, its parameters, and each field with category and data element.

    Parameters
    ----------
    operation
        Its id, as `orders.v0.getOrders`.
    document
        An OpenAPI 3 document instead of a shipped catalogue.
    overlay
        The OpenAPI Overlay with its marks.
    dialect
        The shipped catalogue to read. Default: the configured one.
    """
    catalogue = _catalogue(document, overlay, dialect, common)
    found = catalogue.operations.get(operation)
    if found is None:
        raise PiepowderError(
            "cli_operation_unknown",
            f"no operation is called `{operation}`",
            hint="known: " + ", ".join(catalogue.operations),
            kind=ErrorKind.NOT_FOUND,
        )
    if common.json:
        print_json(_described(found))
    else:
        _print_operation(found)


def _catalogue(document: Path | None, overlay: Path | None, dialect: str | None, common: Common) -> Catalogue:
    if document is None:
        return load_catalogue(dialect or common.settings().dialect)
    marks = {"overlay": "1.0.0", "actions": []} if overlay is None else _read(overlay)
    return compile_catalogue(_read(document), marks, dialect or document.stem)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PiepowderError("cli_file_unreadable", f"cannot read `{path}`: {error}") from None
    return read_yaml(text, str(path))


def _print_findings(catalogue: Catalogue) -> None:
    lines = [f"unclassified  {place}" for place in catalogue.unclassified]
    lines += [f"warning       overlay target leads nowhere: {target}" for target in catalogue.unmatched]
    lines += [f"note          not guarded, so refused: {path}" for path in catalogue.unguarded]
    count = len(catalogue.unclassified)
    verdict = f"{count} fields without a category: never released" if count else "every field has a category"
    verdict = verdict if catalogue.operations else "nothing is guarded: mark operations with `x-piepowder-operation`"
    lines.append(f"{catalogue.dialect}: {len(catalogue.operations)} operations, {verdict}")
    print("\n".join(map(printable, lines)))


def _described(operation: Operation) -> dict[str, Any]:
    """An operation as plain values; its answer and body as one line for each field."""
    plain = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in structs.asdict(operation).items()
        if name not in ("answer", "body")
    }
    return plain | {
        "answer": [_field(path, node) for path, node in fields(operation.answer)],
        "body": [_field(path, node) for path, node in fields(operation.body)],
    }


def _field(path: str, node: Node) -> dict[str, Any]:
    return {"path": path, "type": node.leaf, "category": node.category, "element": node.element}


def fields(node: Node | None, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every leaf below a node with its path (`payload.Orders[].BuyerInfo.BuyerName`)."""
    if node is None:
        return
    if node.kind == "leaf":
        yield path, node
    for name, child in node.children.items():
        yield from fields(child, f"{path}.{name}" if path else name)
    yield from fields(node.item, path + ("[]" if node.kind == "array" else ".*"))


def _print_operation(operation: Operation) -> None:
    rate = f"{operation.rate.per_second:g} a second, burst {operation.rate.burst}"
    print(f"{operation.id}  {operation.kind}\n{operation.method} {operation.path}\nrate: {rate}")
    print(f"roles (any of): {', '.join(sorted(operation.roles)) or 'none needed'}")
    if operation.elements:
        print(f"data elements: {', '.join(sorted(operation.elements))}")
    _print_rows("parameters", [_parameter_row(each) for each in operation.parameters])
    for title, node in (("request body", operation.body), ("answer", operation.answer)):
        _print_rows(
            title,
            [(path, leaf.leaf, leaf.category or "unclassified", leaf.element or "") for path, leaf in fields(node)],
        )


def _print_rows(title: str, rows: list[tuple[str, str, str, str]]) -> None:
    """Columns as wide as they need to be: paths are long, and a cut one names nothing."""
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if lines:
        print(f"\n{title}:\n" + "\n".join(f"  {printable(line)}" for line in lines))


def _parameter_row(parameter: Parameter) -> tuple[str, str, str, str]:
    kind = f"list of {parameter.leaf}" if parameter.many else parameter.leaf
    name = parameter.name + (" (required)" if parameter.required else "")
    return name, kind, parameter.category or "none", parameter.place
