"""Watches, while tests run, that each change of state is on the ledger: in the same transaction, or the test fails.

Every statement that a verb (a function of a room's `actions`) sends is looked at. What one verb changed in one transaction needs a
record in that transaction; `ground.ledger` gives it actor and time. Changes that were rolled back do not count. `UNRECORDED`
names what is not on the ledger, and why. With `PIEPOWDER_LEDGER_WATCH=FOLDER` the verbs that were seen are written there.
"""

import json
import os
import re
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction

__all__ = ["every_change_is_recorded", "pytest_sessionfinish"]

WRITE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM|COPY)\s+"?(\w+)"?', re.I)
ACTIONS = re.compile(r"/piepowder/rooms/(\w+)/(actions(?:/\w+)?)\.py$")
LEDGER = "ledger_record"

_KEPT = "part of what calls it, which records"
_COUNTED = "counted from the ledger, and can be counted again"
_OVER = "takes away what is over and was recorded when it was made"
_NOTED = "when something was last used, to the hour or so"

UNRECORDED: Mapping[str, str] = {
    "assessments.actions.drafting.keep_version": "a copy of a questionnaire that came with the release",
    "billing.actions.books.book_charges": _KEPT,
    "billing.actions.books.keep": _KEPT,
    "consent.actions.clients.note_secret_used": _NOTED,
    "consent.actions.tokens.end_access_tokens": _KEPT,
    "consent.actions.tokens.end_tokens_of": _KEPT,
    "consent.actions.tokens.save_code": "an authorisation code lives for minutes; the grant and its tokens are on record",
    "consent.actions.tokens.use_up_code": _KEPT,
    "imports.actions.checking.forget_files": _OVER,
    "imports.actions.checking.write_lines": _KEPT,
    "people.actions.accounts.confirm_email": _KEPT,
    "people.actions.keys.note_key_use": _NOTED,
    "people.actions.links.forget_links": _OVER,
    "publication.actions.forget_expired_tokens": _OVER,
    "records.actions.count_due": _COUNTED,
    "store.actions.counting.count_due": _COUNTED,
    "store.actions.counting.sum_up": _COUNTED,
    "store.actions.listings.refresh_due": _COUNTED,
    "store.actions.uses.begin_use": _KEPT,
    "store.actions.uses.end_use": _KEPT,
}

_FACTS = "facts for the gateway follow what a verb of another room changed and recorded"
#: Verbs that only others call; alone they are seen in their own tests.
PARTS: Mapping[str, str] = {
    "publication.actions.publish": _FACTS,
    "publication.actions.publish_in_pieces": _FACTS,
    "publication.actions.publish_many": _FACTS,
}

#: What a verb changes beside what it records: rows that are over, and the report that goes with a run.
ASIDE: Mapping[str, frozenset[str]] = {
    "consent.actions.upkeep.expire_due": frozenset(
        {
            "consent_accesstoken",
            "consent_authorizationcode",
            "consent_clientsecret",
            "consent_refreshtoken",
            "consent_restricted_token",
        }
    ),
    "imports.actions.undoing.roll_back": frozenset({"imports_line"}),
}


class Step(NamedTuple):
    """A verb changed a table, in the transaction of that number; 0 is the test's own.

    That a record is in a transaction at all, `ground.ledger` sees to: it refuses to write one outside.
    """

    verb: str
    table: str
    unit: int


class Block(NamedTuple):
    """An open `transaction.atomic`: how many steps there were before it, and its number; 0 for the one around a test."""

    before: int
    unit: int


class Watch:
    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.blocks: list[Block] = []
        self.units = 0

    def execute(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        found = WRITE.match(str(sql))
        if found and context["cursor"].rowcount and (verb := _verb(sys._getframe(1))):
            self.steps.append(Step(verb, found[1].lower(), self.unit))
        return answer

    @property
    def unit(self) -> int:
        """The transaction: the outermost block but the test's own."""
        return next((block.unit for block in self.blocks if block.unit), 0)

    def begin(self, around_a_test: bool) -> None:
        self.units += 1
        self.blocks.append(Block(len(self.steps), 0 if around_a_test else self.units))

    def end(self, undone: bool) -> None:
        block = self.blocks.pop()
        if undone:
            del self.steps[block.before :]

    def silent(self) -> set[str]:
        """What was changed without a record: `verb: table, table`."""
        units: dict[tuple[str, int], set[str]] = defaultdict(set)
        for step in self.steps:
            if step.table not in ASIDE.get(step.verb, ()):
                units[step.verb, step.unit].add(step.table)
        return {
            f"{verb}: {', '.join(sorted(tables))}"
            for (verb, _unit), tables in units.items()
            if tables and verb not in UNRECORDED.keys() | PARTS.keys() and LEDGER not in tables
        }


SEEN: set[str] = set()
_now: list[Watch] = []
_enter, _exit = transaction.Atomic.__enter__, transaction.Atomic.__exit__


def _verb(frame: FrameType | None) -> str:
    """The outermost verb that is at work: `consent.actions.grants.revoke`."""
    outermost: FrameType | None = None
    room = module = ""
    while frame is not None:
        if found := ACTIONS.search(frame.f_code.co_filename):
            outermost, (room, module) = frame, found.groups()
        frame = frame.f_back
    return f"{room}.{module.replace('/', '.')}.{outermost.f_code.co_name}" if outermost else ""


def _watched() -> Watch | None:
    return _now[-1] if _now and threading.current_thread() is threading.main_thread() else None


def _entered(self: transaction.Atomic) -> None:
    if watch := _watched():
        watch.begin(getattr(self, "_from_testcase", False))
    _enter(self)


def _left(self: transaction.Atomic, kind: Any, error: Any, trace: Any) -> None:
    undone = kind is not None or connection.needs_rollback
    _exit(self, kind, error, trace)
    if (watch := _watched()) and watch.blocks:
        watch.end(undone)


@pytest.fixture(autouse=True)
def every_change_is_recorded() -> Iterator[Watch]:
    """Fails a test in which a verb changed something without a record."""
    watch = Watch()
    _now.append(watch)
    # A patch of its own: tests undo theirs before they end.
    with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(watch.execute):
        patch.setattr(transaction.Atomic, "__enter__", _entered)
        patch.setattr(transaction.Atomic, "__exit__", _left)
        yield watch
    _now.pop()
    SEEN.update(step.verb for step in watch.steps)
    silent = watch.silent()
    assert not silent, f"changed without a record in the same transaction: {sorted(silent)}"


def pytest_sessionfinish() -> None:
    if folder := os.environ.get("PIEPOWDER_LEDGER_WATCH"):
        Path(folder, f"verbs-{os.getpid()}.json").write_text(json.dumps(sorted(SEEN)))
