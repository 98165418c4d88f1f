"""Documents tell no tales: commands, targets, links and files that they name exist."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec

import pytest

from piepowder.cli.main import app
from tests.support.source import ROOT

DOCUMENTS = tuple(
    path.relative_to(ROOT).as_posix()
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
)
COMMAND = re.compile(r"^(?:make|piepowder|python -m) [^|]*$")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
FILE = re.compile(r"`([\w./-]+(?:\.(?:py|md|toml|sql|yaml|cedar|cedarschema)|/))`")
OF_USERS = {"piepowder.toml"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_exist(document: str) -> None:
    """Each `make` target, `piepowder` command with its options, and module that a document shows can be run."""
    assert [command for command in _commands(document) if not _exists(shlex.split(command, comments=True))] == []


def _commands(document: str) -> Iterator[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    for line in [*(line for block in blocks for line in block.splitlines()), *inline]:
        line = line.strip().removeprefix("$ ")
        if COMMAND.match(line):
            yield line


def _exists(words: list[str]) -> bool:
    if words[0] == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
        return all(word in targets for word in words[1:] if "=" not in word and not word.startswith("-"))
    if words[0] == "python":
        return find_spec(words[2]) is not None
    return _is_command(words[1:])


def _is_command(words: list[str]) -> bool:
    """The words name a command or a group of commands, and the options that follow are its own."""
    names, apps, rest = app.parse_commands(words)
    plain = [word for word in rest if not word.startswith("-")]
    options = [word.split("=")[0] for word in rest if word.startswith("--")]
    if not names:
        return words in ([], ["--help"], ["--version"])
    if apps[-1].default_command is None:
        return not plain and not options
    known = {name for argument in apps[-1].assemble_argument_collection() for name in argument.names}
    return set(options) <= known | {"--help"} | {f"--no-{name[2:]}" for name in known}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_named_is_there(document: str) -> None:
    """Each relative link leads to a file, and each file in backticks is one of ours, by its path or the end of it.

    What begins with a slash is an address of the console.
    """
    text = (ROOT / document).read_text(encoding="utf-8")
    folder = (ROOT / document).parent
    missing = [link for link in LINK.findall(text) if not (folder / link).exists()]
    missing += [name for name in FILE.findall(text) if not (name in OF_USERS or name.startswith("/") or _is_ours(name))]
    assert missing == []


def _is_ours(name: str) -> bool:
    endings = (f"/{name}", f"/{name.removesuffix('.py')}/")  # what outgrows its file becomes a folder
    return any(path.endswith(endings) for path in _paths())


@cache
def _paths() -> tuple[str, ...]:
    tops = ("src", "tests", "tools", "docs", "examples", "benchmarks", "proof")
    found = [*ROOT.glob("*"), *(path for top in tops for path in (ROOT / top).rglob("*"))]
    return tuple(f"/{path.relative_to(ROOT).as_posix()}{'/' if path.is_dir() else ''}" for path in found)
