"""How a file looks: short functions, a sentence at its head, nothing unfinished, no place of somebody's own machine."""

import ast
import re

from tests.support.source import ROOT, nodes, sources, texts

CODE = ("src/piepowder", "tools", "examples", "benchmarks", "proof")
LINES_MAX = 70
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|HAC[K])\b")
ASKED_BY_MSGSPEC = {"src/piepowder/gateway/shape.py"}  # what its hook for decoding raises for a type it does not know
HOMES = re.compile(r"(?<![\w.>}])/(?:home|root|Users|work)/\w")


def test_no_function_is_longer_than_a_page() -> None:
    """Over 70 lines a function does several things."""
    long = [
        f"{source.at(node)} {node.name}"
        for folder in CODE
        for source, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef, folder=folder)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LINES_MAX
    ]
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    """Where it holds anything; a room's `apps.py` is the same everywhere."""
    silent = [
        source.name
        for folder in CODE
        for source in sources(folder)
        if source.tree.body and source.path.name != "apps.py" and not ast.get_docstring(source.tree)
    ]
    assert silent == []


def test_every_test_says_what_holds() -> None:
    """A test's docstring is one sentence of behaviour."""
    silent = [
        f"{source.at(node)} {node.name}"
        for source, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef, folder="tests")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_nothing_is_left_unfinished() -> None:
    """No notes to oneself, and no function that only says it is missing."""
    assert [name for name, text in texts() if UNFINISHED.search(text)] == []
    missing = [
        source.at(node)
        for source, node in nodes(ast.Raise)
        if isinstance(node, ast.Raise) and node.exc and "NotImplemented" in ast.unparse(node.exc)
    ]
    assert {place.split(":")[0] for place in missing} == ASKED_BY_MSGSPEC


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    """No absolute path of a home or a workplace."""
    found = [f"{name}: {hit[0]}" for name, text in texts() for hit in HOMES.finditer(text)]
    assert [place for place in found if not place.startswith("tests/house/")] == []
    assert str(ROOT) not in "".join(text for _name, text in texts())
