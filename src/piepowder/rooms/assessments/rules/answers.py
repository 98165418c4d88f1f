"""Values of answers: what is typed becomes the one form in which it is kept, or is refused with a sentence. Pure.

An empty answer (`None`, nothing, no row) is always possible while one writes: nobody has to answer in order.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments.rules.questionnaire import Column, Kind, Option, Question
from piepowder.rooms.developers.countries import COUNTRIES

TEXT_MAX = 8000
CELL_MAX = 500
ROWS_MAX = 200
NOTE_MAX = 4000
Value = Any  # bool, int, str, list of str, list of rows, or purpose -> value; None where it is not answered

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # what a database or a reader cannot take


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A document that stands behind an answer. `expires_on`: ISO date, empty for never."""

    id: str
    name: str = ""
    sha256: str = ""
    expires_on: str = ""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as the rules see it."""

    value: Value = None
    note: str = ""
    evidence: tuple[Proof, ...] = ()


def given_from(kept: Mapping[str, Any]) -> Given:
    """An answer from the JSON in which it is kept."""
    proofs = tuple(msgspec.convert(one, Proof) for one in kept.get("evidence") or ())
    return Given(value=kept.get("value"), note=kept.get("note", ""), evidence=proofs)


def kept_form(given: Given) -> dict[str, Any]:
    """The JSON in which an answer is kept, frozen and exported."""
    return {"value": given.value, "note": given.note, "evidence": msgspec.to_builtins(list(given.evidence))}


Answers = Mapping[str, Given]
NOTHING = Given()


def is_empty(value: Value) -> bool:
    return value is None or value == "" or value == [] or value == {}


def normal(question: Question, value: Value, purposes: Sequence[str] = ()) -> Value:
    """The value in the form in which it is kept; `assessments_answer_invalid` says what is wrong with it."""
    if is_empty(value):
        return None
    if question.kind is Kind.PER_PURPOSE:
        return _per_purpose(question, value, purposes)
    if question.kind is Kind.ROWS:
        return _rows(question, value)
    return _simple(question, question.kind, value)


def _simple(question: Question, kind: Kind, value: Value) -> Value:
    if kind is Kind.NUMBER:
        return _number(question, value)
    if kind in (Kind.ONE, Kind.MANY):
        return _chosen(question, kind, value)
    makers: dict[Kind, Callable[[Question, Value], Value]] = {
        Kind.YES_NO: _yes_no,
        Kind.TEXT: lambda asked, given: _text(asked, given, TEXT_MAX),
        Kind.DATE: _date,
    }
    return makers[kind](question, value)


def _yes_no(question: Question, value: Value) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("yes", "no", "true", "false"):
        return value.lower() in ("yes", "true")
    raise _wrong(question, "is answered by yes or no")


def _chosen(question: Question, kind: Kind, value: Value) -> Value:
    known = [option.value for option in question.options]
    several = value if isinstance(value, list | tuple) else [value]
    if kind is Kind.ONE and len(several) != 1:
        raise _wrong(question, "has one answer, not several")
    for one in several:
        if one not in known:
            raise _wrong(question, f"has no choice `{str(one)[:60]}`", hint="choose one of the list")
    return several[0] if kind is Kind.ONE else [word for word in known if word in several]


def _text(question: Question, value: Value, most: int) -> str:
    if not isinstance(value, str):
        raise _wrong(question, "is answered by a text")
    text = value.replace("\r\n", "\n").strip()
    if _CONTROL.search(text):
        raise _wrong(question, "has a character that cannot be shown", hint="type it anew instead of pasting it")
    if len(text) > most:
        raise _wrong(question, f"has {len(text):,} characters; {most:,} fit", hint="attach a document for the rest")
    return text


def _number(question: Question, value: Value) -> int:
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,9}", value.strip()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(question, "is answered by a whole number", hint="digits only, such as `30`")
    least, most = question.least, question.most
    if (least is not None and value < least) or (most is not None and value > most):
        raise _wrong(question, f"is a number {_between(least, most)}; you wrote `{value}`")
    return value


def _between(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f"from {least} to {most}"
    return f"of at least {least}" if most is None else f"of at most {most}"


def _date(question: Question, value: Value) -> str:
    try:
        return date.fromisoformat(str(value).strip()).isoformat()
    except ValueError:
        raise _wrong(question, "is answered by a date", hint="year, month and day: `2027-01-31`") from None


def _per_purpose(question: Question, value: Value, purposes: Sequence[str]) -> Value:
    if not isinstance(value, Mapping):
        raise _wrong(question, "has one answer for each purpose", hint="a mapping of purpose to answer")
    found = {}
    for purpose, given in value.items():
        if not re.fullmatch(r"[a-z][a-z0-9_.]{0,63}", str(purpose)):
            raise _wrong(question, f"names a purpose that is none: `{str(purpose)[:60]}`")
        if not is_empty(given):
            found[str(purpose)] = _simple(question, question.each, given)
    # Answers to purposes that were taken back are kept: the purpose may come again.
    order = [*purposes, *sorted(set(found) - set(purposes))]
    return {purpose: found[purpose] for purpose in order if purpose in found} or None


def _rows(question: Question, value: Value) -> Value:
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        raise _wrong(question, "is a list of rows")
    if len(value) > ROWS_MAX:
        raise _wrong(question, f"has {len(value)} rows; {ROWS_MAX} fit", hint="attach a document for the rest")
    known = {column.id for column in question.columns}
    for row in value:
        if strange := sorted(str(name) for name in row if name not in known):
            raise _wrong(question, f"has no column `{strange[0][:60]}`")
    rows = [_row(question, number, row) for number, row in enumerate(value, 1)]
    return [row for row in rows if row] or None


def _row(question: Question, number: int, row: Mapping[str, Any]) -> dict[str, str]:
    """The cells that are filled; a row without any is dropped. A missing cell is an open point, not an error."""
    cells = {}
    for column in question.columns:
        text = _text(question, row.get(column.id) or "", CELL_MAX)
        if text:
            cells[column.id] = _cell(question, number, column, text)
    return cells


def _cell(question: Question, number: int, column: Column, text: str) -> str:
    where = f"row {number}, {column.words}:"
    if column.kind == "country":
        if text.upper() not in COUNTRIES:
            raise _wrong(question, f"{where} `{text[:60]}` is no country", hint="two letters, such as `DE`")
        return text.upper()
    if column.kind == "one" and text not in {option.value for option in column.options}:
        raise _wrong(question, f"{where} there is no choice `{text[:60]}`")
    if column.kind == "date":
        return _date(question, text)
    return text


def check_note(note: str) -> str:
    """A remark beside an answer."""
    text = note.replace("\r\n", "\n").strip()
    if _CONTROL.search(text):
        raise PiepowderError("assessments_note_invalid", "the remark has a character that cannot be shown")
    if len(text) > NOTE_MAX:
        raise PiepowderError("assessments_note_invalid", f"the remark has {len(text):,} characters; {NOTE_MAX:,} fit")
    return text


def words(question: Question, value: Value, purposes: Mapping[str, str] | None = None) -> list[str]:
    """The value as lines for people."""
    if is_empty(value):
        return []
    if question.kind is Kind.ROWS:
        return [_row_words(question, row) for row in value]
    if question.kind is Kind.PER_PURPOSE:
        named = purposes or {}
        each = {purpose: _words(question, question.each, one) for purpose, one in value.items()}
        return [f"{named.get(purpose, purpose)}: {', '.join(lines)}" for purpose, lines in each.items()]
    return _words(question, question.kind, value)


def _words(question: Question, kind: Kind, value: Value) -> list[str]:
    if kind is Kind.YES_NO:
        return ["Yes" if value else "No"]
    if kind is Kind.ONE:
        return [_option_words(question.options, value)]
    if kind is Kind.MANY:
        return [_option_words(question.options, one) for one in value]
    if kind is Kind.NUMBER:
        return [f"{value} {question.unit}".strip()]
    return str(value).splitlines()


def _row_words(question: Question, row: Mapping[str, str]) -> str:
    return "; ".join(
        f"{column.words}: {_cell_words(column, row[column.id])}" for column in question.columns if column.id in row
    )


def _cell_words(column: Column, text: str) -> str:
    if column.kind == "country":
        return COUNTRIES.get(text, text)
    return _option_words(column.options, text) if column.kind == "one" else text


def _option_words(options: Sequence[Option], value: str) -> str:
    return next((option.words for option in options if option.value == value), str(value))


def _wrong(question: Question, words: str, *, hint: str = "") -> PiepowderError:
    return PiepowderError("assessments_answer_invalid", f"this question {words}", hint=hint, question=question.id)
