"""A step for each row of the files, and how a row is judged."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from piepowder.rooms.imports.models import Link
from piepowder.rooms.imports.rules import Kind, Verdict, Wrong

AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one row. `row` is the value to carry out; None for what is refused, or here and in no file."""

    kind: Kind
    number: int
    key: str
    verdict: Verdict
    column: str = ""
    words: str = ""
    row: Any = None


@dataclass(slots=True)
class Plan:
    """The steps of an import, by kind in the order in which they are carried out."""

    steps: dict[Kind, list[Step]] = field(default_factory=dict)

    def add(self, kind: Kind, several: list[Step]) -> None:
        self.steps[kind] = several

    def to_do(self, kind: Kind, verdict: Verdict = Verdict.CREATE) -> list[Any]:
        return [step.row for step in self.steps.get(kind, ()) if step.verdict is verdict]

    def counts(self) -> dict[str, dict[str, int]]:
        return {
            str(kind): {str(verdict): number for verdict, number in Counter(one.verdict for one in several).items()}
            for kind, several in self.steps.items()
        }


Judgement = tuple[Verdict, str, str]
Judge = Callable[[Any], Judgement]
CREATE: Judgement = (Verdict.CREATE, "", "")
SAME: Judgement = (Verdict.SAME, "", "")


def compared(verdict: Verdict, pairs: Mapping[str, tuple[Any, Any]]) -> Judgement:
    """The same, or what is different: column -> (here, in the file)."""
    unlike = {column: pair for column, pair in pairs.items() if pair[0] != pair[1]}
    if not unlike:
        return SAME
    said = "; ".join(
        f"{column}: here {_short(here)}, in the file {_short(there)}" for column, (here, there) in unlike.items()
    )
    return verdict, next(iter(unlike)), said


def _short(value: Any) -> str:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"`{text[:80]}…`" if len(text) > 80 else f"`{text}`"


def found_here(here: Mapping[str, Any], object_id: str, link: Link | None, joined: Mapping[str, str], key: str) -> Any:
    if link is not None and link.object_id != object_id:
        raise Wrong("id", f"this key belongs to `{link.object_id}`")
    if joined.get(object_id, key) != key:
        raise Wrong("id", f"`{object_id}` is imported under the key `{joined[object_id]}`")
    if object_id not in here:
        raise Wrong("id", f"there is no `{object_id}`")
    return here[object_id]


def joined_with(link: Link | None, judgement: Judgement) -> Judgement:
    """Something that registered by itself is joined with its key, whatever else the file says."""
    return judgement if link is not None else (Verdict.CREATE, "id", "here already; only its key is noted")
