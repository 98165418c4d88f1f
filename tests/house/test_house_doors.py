"""Three doors to everything: what a page of the console can do, an operation of the API and a command can do as well."""

import ast
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from piepowder.cli.main import app
from piepowder.web.doors import COMMANDS_ALONE, DOORS, PAGES_ALONE
from piepowder.web.wiring import api

Record = Callable[[str, object], None]
CHANGING = {"post", "put", "patch", "delete"}
# Who calls one of these changes something: every verb of a room wants to know who acts, and when.
WRITES = {"by", "at"}


def test_every_page_that_accepts_a_form_has_an_operation(record_property: Record) -> None:
    """Each URL that takes POST is mapped, or is at one door only for a reason; no line speaks of a page that is gone."""
    posting = set(_posting_pages())
    mapped = {page for door in DOORS for page in door.pages}
    for name, several in (("posting", posting), ("mapped", posting & mapped), ("alone", posting & PAGES_ALONE.keys())):
        record_property(name, len(several))
    assert posting - mapped - PAGES_ALONE.keys() == set()
    assert (mapped | PAGES_ALONE.keys()) - posting == set()
    assert mapped & PAGES_ALONE.keys() == set()
    assert len(posting) > 150


def test_every_operation_is_mapped_once(record_property: Record) -> None:
    """The table knows every operation of the OpenAPI document and no other; ids are unique."""
    operations = [details["operationId"] for _, details in _operations()]
    record_property("operations", len(operations))
    record_property(
        "with_command", len(set(operations) & {door.operation for door in DOORS if _exists(door.command.split())})
    )
    assert len(operations) == len(set(operations)) > 200
    assert {door.operation for door in DOORS} == set(operations)
    assert len(set(DOORS)) == len(DOORS)


def test_every_command_of_the_table_exists() -> None:
    """Each names a command, with options that it has."""
    assert [door.command for door in DOORS if not _exists(door.command.split())] == []


def test_what_changes_something_does_so_at_both_doors(record_property: Record) -> None:
    """A changing operation has a changing command, and each changing command an operation, or a reason to have none."""
    changing_operations = {details["operationId"] for method, details in _operations() if method in CHANGING}
    changing_commands = set(_changing_commands())
    twins = {door.operation for door in DOORS if _command(door.command) in changing_commands}
    assert changing_operations - twins == set()
    of_operations = {_command(door.command) for door in DOORS}
    record_property("commands_left", len(changing_commands - of_operations - COMMANDS_ALONE.keys()))
    assert changing_commands - of_operations - COMMANDS_ALONE.keys() == set()
    assert COMMANDS_ALONE.keys() - changing_commands == set()
    assert len(changing_operations) > 130


def test_a_form_has_a_changing_operation() -> None:
    """No page that writes is said to be the twin of a read."""
    changing_operations = {details["operationId"] for method, details in _operations() if method in CHANGING}
    assert [door.operation for door in DOORS if door.pages and door.operation not in changing_operations] == []


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for item in api.get_openapi_schema()["paths"].values():
        yield from item.items()


def _posting_pages() -> Iterator[str]:
    for route, pattern in _patterns(get_resolver().url_patterns, ""):
        if not route.startswith("api/") and _accepts_post(pattern.callback):
            assert pattern.name, f"`{route}` has no name"
            yield pattern.name


def _patterns(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, URLPattern]]:
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route, one
        else:
            yield from _patterns(one.url_patterns, route)


def _accepts_post(view: Any) -> bool:
    """Whether a POST gets through; a view that names no methods takes them all."""
    methods = _methods(view)
    if methods is not None:
        return "POST" in methods
    if (kind := _view_class(view)) is not None:
        return hasattr(kind, "post")
    return True


def _methods(view: Any) -> set[str] | None:
    """Methods that `require_http_methods` let through, wherever in the chain of wrappers it is."""
    while view is not None:
        for name, cell in zip(getattr(view, "__code__", _NONE).co_freevars, view.__closure__ or (), strict=True):
            if name == "request_method_list":
                return set(cell.cell_contents)
        view = getattr(view, "__wrapped__", None)
    return None


class _NONE:
    co_freevars = ()


def _view_class(view: Any) -> type | None:
    while view is not None:
        if found := getattr(view, "view_class", None):
            return found  # type: ignore[no-any-return]
        view = getattr(view, "__wrapped__", None)
    return None


def _exists(words: list[str]) -> bool:
    names, apps, rest = app.parse_commands(words)
    if not names or apps[-1].default_command is None or any(not word.startswith("--") for word in rest):
        return False
    return set(rest) <= {name for argument in apps[-1].assemble_argument_collection() for name in argument.names}


def _command(text: str) -> str:
    return text.split(" --")[0]


def _changing_commands() -> Iterator[str]:
    """Commands whose function, or one of its own file that it calls, tells an action who acts and when."""
    for name, function in _commands(app, ()):
        if _tells_who(function):
            yield name


def _commands(group: Any, before: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name in group:
        if not name.startswith("-"):
            words, found = (*before, name), group[name]
            if found.default_command is not None:
                yield " ".join(words), inspect.unwrap(found.default_command)
            yield from _commands(found, words)


def _tells_who(function: Any) -> bool:
    module = inspect.getmodule(function)
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    own = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    waiting, seen = [function.__name__], set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for call in (node for node in ast.walk(own[name]) if isinstance(node, ast.Call)):
            called = call.func.id if isinstance(call.func, ast.Name) else ""
            if called == "acting" or {word.arg for word in call.keywords} >= WRITES:
                return True
            waiting += [called] if called in own and called not in seen else []
    return False


@pytest.mark.parametrize("reasons", [PAGES_ALONE, COMMANDS_ALONE])
def test_whoever_stands_alone_says_why(reasons: dict[str, str]) -> None:
    """An exemption has a sentence."""
    assert [name for name, reason in reasons.items() if len(reason.split()) < 4] == []
