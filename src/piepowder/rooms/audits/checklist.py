"""The checklist that assessors go through, from `data/checklist.json`. An audit keeps a copy of the one it began with."""

from functools import cache
from pathlib import Path

from msgspec import Struct

from piepowder.core.kernel.json import decode_as

_FILE = Path(__file__).parent / "data" / "checklist.json"


class ChecklistItem(Struct, frozen=True):
    key: str
    clause: str
    section: str
    question: str
    look_at: str  # what an assessor looks at, and what a developer may be asked for


class Checklist(Struct, frozen=True):
    name: str
    version: str
    items: tuple[ChecklistItem, ...]


@cache
def checklist() -> Checklist:
    return decode_as(_FILE.read_bytes(), Checklist)
