"""Where a policy stands in its text: splits Cedar into statements and finds the place of a syntax error. Pure text work.

Cedar's engine numbers statements in the order of the text but names no lines, and its errors carry no place. Both are found
here: every statement ends with `;` outside of strings and comments.
"""

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

_TOKEN = re.compile(
    r'//[^\n]*|\s+|"(?:\\.|[^"\\])*"?|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|::|==|!=|<=|>=|&&|\|\||.', re.DOTALL
)
_UNFINISHED = "end of input"
_QUOTED = re.compile(r"`([^`]+)`|'([^']+)'|: (\w+)$")


class Statement(Struct, frozen=True):
    """One policy of a file; `offset` is the index of its first character, `line` counts from 1."""

    file: str
    text: str
    offset: int
    line: int


def statements(file: str, text: str) -> Iterator[Statement]:
    """The policies of a file in order; a tail without `;` is a statement too, for the parser to complain about."""
    begin: int | None = None
    for match in _TOKEN.finditer(text):
        piece = match.group()
        if begin is None and not piece.isspace() and not piece.startswith("//"):
            begin = match.start()
        if piece == ";" and begin is not None:
            yield _statement(file, text, begin, match.end())
            begin = None
    if begin is not None:
        yield _statement(file, text, begin, len(text.rstrip()))


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both counted from 1."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - text.rfind("\n", 0, offset)


def error_offset(statement: str, complaint: Callable[[str], str | None]) -> int:
    """Index of the token that makes a statement wrong.

    `complaint` parses a text and returns the parser's message, None if it is well. A beginning of a right text is merely
    unfinished, so the first token after which the parser complains about anything else is the culprit.
    """
    tokens = [match for match in _TOKEN.finditer(statement) if not match.group().isspace()]
    for match in tokens:
        message = complaint(statement[: match.end()])
        if message is not None and _UNFINISHED not in message:
            return _named(statement, message, match.start())
    return max(len(statement.rstrip()) - 1, 0)


def word_offset(statement: str, message: str) -> int | None:
    """Where the first thing that a complaint quotes stands in a statement."""
    found = _QUOTED.search(message)
    word = next((group for group in found.groups() if group), "") if found else ""
    whole = next((match.start() for match in _TOKEN.finditer(statement) if match.group() == word), None)
    if whole is not None or not word:
        return whole
    at = statement.find(word)
    return at if at >= 0 else None


def _named(statement: str, message: str, fallback: int) -> int:
    """A complaint that names a word after the fact (`invalid variable: foo`) means that word, not where it was noticed."""
    at = None if "unexpected token" in message else word_offset(statement, message)
    return fallback if at is None else at


def _statement(file: str, text: str, begin: int, end: int) -> Statement:
    return Statement(file, text[begin:end], begin, place(text, begin)[0])
