"""Files of an import become rows: CSV with a header, or JSON with a list of objects, both in UTF-8."""

import csv
import difflib
import io
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.json import decode
from piepowder.rooms.imports.rules import CELL_MAX, COLUMNS, ROWS_MAX, AnyRow, Kind, Raw, Wrong, read_row

FILE_BYTES_MAX = 100 << 20


class BadRow(Struct, frozen=True):
    """A row that cannot be read."""

    number: int
    column: str
    key: str
    words: str


class Table(Struct, frozen=True):
    """What a file says: rows that can be read, and those that cannot."""

    rows: list[AnyRow]
    bad: list[BadRow]


def kind_of(name: str) -> Kind:
    """By the file's name; `imports_file_unknown` for any other."""
    path = PurePath(name.replace("\\", "/"))
    if path.suffix.lower() in (".csv", ".json") and path.stem.lower() in list(Kind):
        return Kind(path.stem.lower())
    raise PiepowderError(
        "imports_file_unknown",
        f"nothing is known of a file `{path.name}`",
        hint="files are called " + ", ".join(f"`{kind}.csv`" for kind in Kind) + ", or the same with `.json`",
    )


def by_kind(files: Mapping[str, bytes]) -> dict[Kind, tuple[str, bytes]]:
    """The files of an import in their order; `imports_file_twice` where two are of one kind, `imports_no_files` for none."""
    found: dict[Kind, tuple[str, bytes]] = {}
    for name, data in files.items():
        kind = kind_of(name)
        if kind in found:
            raise PiepowderError(
                "imports_file_twice", f"there are two files of {kind}: `{found[kind][0]}` and `{name}`"
            )
        if len(data) > FILE_BYTES_MAX:
            raise PiepowderError("imports_file_too_large", f"`{name}` is larger than {FILE_BYTES_MAX >> 20} MiB")
        found[kind] = (name, data)
    if not found:
        raise PiepowderError(
            "imports_no_files", "there is no file to import", hint="for example `developers.csv` and `apps.json`"
        )
    return {kind: found[kind] for kind in Kind if kind in found}


def read(kind: Kind, name: str, data: bytes) -> Table:
    """Every row of a file. Codes where the file as a whole is no table: `imports_file_malformed`, `imports_column_…`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(name, f"is not in UTF-8 (byte {error.start + 1})") from None
    raws = _json(name, text) if name.lower().endswith(".json") else _csv(name, text, kind)
    table = Table([], [])
    for number, raw in raws:
        if number > ROWS_MAX:
            raise _malformed(name, f"has more than {ROWS_MAX} rows")
        _take(table, kind, number, raw)
    return table


def _take(table: Table, kind: Kind, number: int, raw: Raw) -> None:
    try:
        unknown = raw.keys() - _names(kind)
        if unknown:
            raise Wrong(min(map(str, unknown)), f"is no column of {kind}{_meant(min(map(str, unknown)), _names(kind))}")
        table.rows.append(read_row(kind, number, raw))
    except Wrong as wrong:
        key = str(raw.get("key") or raw.get("app") or "")
        table.bad.append(BadRow(number, wrong.column, key[:200], wrong.words))


def _csv(name: str, text: str, kind: Kind) -> Iterator[tuple[int, Raw]]:
    csv.field_size_limit(CELL_MAX)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(lines, [])]
        _check_header(name, header, kind)
        for number, line in enumerate(lines, start=2):
            if line and any(line):
                yield number, _cells(header, line)
    except csv.Error as error:
        raise _malformed(name, f"is no CSV at line {lines.line_num}: {error}") from None


def _cells(header: list[str], line: list[str]) -> Raw:
    if len(line) > len(header) and any(line[len(header) :]):
        return {**dict(zip(header, line, strict=False)), f"column {len(header) + 1}": "more cells than the header has"}
    return dict(zip(header, line, strict=False))


def _json(name: str, text: str) -> Iterator[tuple[int, Raw]]:
    try:
        found = decode(text)
    except PiepowderError as error:
        raise _malformed(name, f"is no JSON: {error.message}") from None
    if not isinstance(found, list):
        raise _malformed(name, "is not a list of objects")
    for number, one in enumerate(found, start=1):
        yield number, one if isinstance(one, dict) else {"row": one}


def _check_header(name: str, header: list[str], kind: Kind) -> None:
    names = _names(kind)
    if repeated := sorted({one for one in header if header.count(one) > 1 and one}):
        raise PiepowderError("imports_column_twice", f"`{name}` has the column `{repeated[0]}` twice")
    if unknown := [one for one in header if one and one not in names]:
        raise PiepowderError(
            "imports_column_unknown",
            f"`{name}` has a column `{unknown[0]}` that means nothing{_meant(unknown[0], names)}",
            hint="columns of this file: " + ", ".join(f"`{one.name}`" for one in COLUMNS[kind]),
        )
    if missing := [one.name for one in COLUMNS[kind] if one.needed and one.name not in header]:
        raise PiepowderError(
            "imports_column_missing",
            f"`{name}` has no column `{missing[0]}`",
            hint="columns that are needed: " + ", ".join(f"`{one.name}`" for one in COLUMNS[kind] if one.needed),
        )


def _names(kind: Kind) -> frozenset[str]:
    return frozenset(one.name for one in COLUMNS[kind])


def _meant(word: str, names: Collection[str]) -> str:
    near = difflib.get_close_matches(word, sorted(names), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _malformed(name: str, words: str) -> PiepowderError:
    return PiepowderError("imports_file_malformed", f"`{name}` {words}")


def shown_columns(kind: Kind) -> list[dict[str, Any]]:
    """For pages and commands: what a file of this kind has."""
    return [
        {"name": one.name, "about": one.about, "needed": one.needed, "example": one.example} for one in COLUMNS[kind]
    ]
