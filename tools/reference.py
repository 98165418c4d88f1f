"""Writes `docs/reference.md` from the code: `python -m tools.reference`; `--check` only says whether it is up to date."""

import sys
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from tools.words import Word, error_codes, ledger_kinds, metrics

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
COMMAND = "python -m tools.reference"

_PAGE = """# Reference

Made from the code by `{command}`; a test compares. `…` stands for what differs from case to case.

## Error codes

A code begins with the room or package that says it, and stays what it is. Commands print it (`--json`: `error.code`), the API sends it in
its problem documents.

{errors}

## Codes of the gateway

Where a call is refused, its ledger record and its answer name the reason, which is the code without `gateway_`. `upstream_…` are faults
of the marketplace's own API.

{refusals}

## Kinds of ledger records

A kind is `<room>.<verb>`. The fields are described in `core/ledger/model.py`.

{kinds}

## Metrics

Prometheus text at `/metrics` of the gateway.

{metrics}
"""


def page() -> str:
    """The whole page. Words that are only handed on (`gateway_<reason>`) stand where they are made."""
    codes = [word for word in error_codes() if not word.value.startswith(f"{word.room}_<")]
    return _PAGE.format(
        command=COMMAND,
        errors=_table("code", "says", (word for word in codes if word.room != "gateway"), lambda word: word.says),
        refusals=_table("code", "says", (word for word in codes if word.room == "gateway"), lambda word: word.says),
        kinds=_table("kind", "what happens", ledger_kinds(), lambda word: word.means),
        metrics=_table("metric", "meaning", metrics(), lambda word: word.says),
    )


def _table(name: str, heading: str, words: Iterable[Word], column: Callable[[Word], str]) -> str:
    rows = [f"| {name} | {heading} |", "|---|---|"]
    for value, same in groupby(words, lambda word: word.value):
        sentences = dict.fromkeys(column(word) for word in same)
        cell = "<br>".join(sentence for sentence in sentences if sentence.strip("…: ")) or "(what is wrong, in words)"
        rows.append(f"| `{value}` | {cell.replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def main(words: list[str]) -> int:
    text = page()
    if "--check" not in words:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"docs/reference.md is not what the code says: run `{COMMAND}`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
