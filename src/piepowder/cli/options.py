"""What every command understands, and how every command speaks: to people in lines and tables, with `--json` to programs."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from piepowder.core.kernel import json as kernel_json
from piepowder.core.kernel.config import Settings, load
from piepowder.core.kernel.errors import PiepowderError


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Common:
    """Options of every command: take it as `*, common: Common = Common()`.

    Parameters
    ----------
    data
        Data folder.
    config
        Configuration file (TOML).
    json
        Answer in JSON.
    """

    data: Path | None = None
    config: Path | None = None
    json: Annotated[bool, Parameter(negative="")] = False

    def settings(self, **given: Any) -> Settings:
        """`load` with these options; `given` are the command's own, None where not given."""
        return load(self.config, data=self.data, **given)


def print_json(value: object) -> None:
    """One document on standard output."""
    sys.stdout.write(kernel_json.pretty(value) + "\n")
    sys.stdout.flush()


def print_json_line(value: object) -> None:
    """One line of a stream of documents, for commands that go on."""
    sys.stdout.write(kernel_json.encode_text(value) + "\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """A table for people. Cells are text, never markup: they may come from strangers."""
    table = Table(*columns, title=title or None, title_justify="left")
    for row in rows:
        table.add_row(*(escape(printable(cell)) for cell in row))
    Console().print(table)


def printable(text: str) -> str:
    """Without control characters, which could drive the reader's terminal; line ends stay."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def error_document(error: PiepowderError) -> Mapping[str, Any]:
    """What `--json` prints for a failure."""
    fields = {
        name: value if isinstance(value, int | float | list) else str(value) for name, value in error.fields.items()
    }
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint, "fields": fields}}


def print_error(error: PiepowderError, *, as_json: bool) -> None:
    """The failure on standard output as one line of JSON, or on standard error in three lines."""
    if as_json:
        print_json_line(error_document(error))
        return
    lines = [f"error: {error.message}", f"hint:  {error.hint}" if error.hint else "", f"code:  {error.code}"]
    sys.stderr.write("".join(printable(line) + "\n" for line in lines if line))
