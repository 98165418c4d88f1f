"""`piepowder ledger`: the record of what was disclosed, to whom, for what, and why."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import App, Parameter

from piepowder.cli.ledger_explain import explained
from piepowder.cli.options import Common, print_json, print_json_line, print_table, printable
from piepowder.core.kernel.database import connect, database_url
from piepowder.core.kernel.json import decode
from piepowder.core.ledger import read
from piepowder.core.ledger.detail import Detail, read_detail
from piepowder.core.ledger.model import Record

app = App(name="ledger", help="Read the record of what was disclosed.")


@app.command
def tail(
    *,
    app_id: Annotated[str, Parameter(name="--app")] = "",
    seller: str = "",
    developer: str = "",
    operation: str = "",
    request: str = "",
    kind: str = "",
    since: datetime | None = None,
    limit: Annotated[int, Parameter(name=("--limit", "-n"))] = 20,
    follow: Annotated[bool, Parameter(name=("--follow", "-f"), negative="")] = False,
    common: Common = Common(),
) -> None:
    """Show the newest records, and with --follow every new one as it is committed.

    Parameters
    ----------
    app_id
        Of this app only.
    seller
        About this seller only.
    developer
        Of this developer's apps only.
    operation
        Of this operation only, for example `orders.v0.getOrder`.
    request
        Of this request only.
    kind
        Of this kind only, for example `gateway.read`.
    since
        Not before this moment (UTC where no zone is given).
    limit
        At most this many of the past.
    follow
        Go on until interrupted.
    """
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    narrow = read.Filter(
        app=app_id, seller=seller, developer=developer, operation=operation, request=request, kind=kind, since=since
    )
    with closing(connect(database_url(common.settings()))) as connection:
        place = read.present_place(connection)
        records = read.tail(connection, narrow, limit=limit)
        if not follow:
            return _print_records(records, common)
        _print_stream(records, common)
        for record in read.follow(connection, narrow, place=place, wait=lambda: time.sleep(read.FOLLOW_SECONDS)):
            _print_stream([record], common)


@app.command
def show(name: str, *, common: Common = Common()) -> None:
    """Show one record whole, and explain it: what was asked, what became of each data category, and by which policy.

    Parameters
    ----------
    name
        A record's id (header `x-piepowder-decision` of the answer) or a request id.
    """
    settings = common.settings()
    with closing(connect(database_url(settings))) as connection:
        records = read.show(connection, name)
    if common.json:
        return print_json([document(record) for record in records])
    for record in records:
        _print_record(record, common)


def document(record: Record) -> dict[str, Any]:
    """A record as JSON says it: hashes in hex, detail as it was written."""
    fields: dict[str, Any] = {name: getattr(record, name) for name in record.__struct_fields__}
    fields["orders"] = [each.hex() for each in record.orders]
    fields["subjects"] = [each.hex() for each in record.subjects]
    fields["detail"] = decode(record.detail)
    return fields


def _print_records(records: Sequence[Record], common: Common) -> None:
    if common.json:
        return print_json([document(record) for record in records])
    # One line a record that fits a terminal: its id is what `ledger show` wants, so it is never cut.
    for line in map(_short, records):
        print("  ".join(printable(cell) for cell in line))


def _print_stream(records: Sequence[Record], common: Common) -> None:
    for record in records:
        if common.json:
            print_json_line(document(record))
        else:
            print("  ".join(printable(cell) for cell in _line(record) if cell), flush=True)


def _short(record: Record) -> tuple[str, ...]:
    """Time of day, id, what was done for what, what became of it: about 100 characters."""
    what = record.operation.rpartition(".")[2] or record.kind
    data = f"personal data, {len(record.orders)} orders" if record.personal else f"{len(record.orders)} orders"
    became = record.reason or record.outcome
    return (
        record.recorded_at.strftime("%d %b %H:%M:%S"),
        record.id,
        f"{what} ({record.purpose})" if record.purpose else what,
        became if not record.orders else f"{became}, {data}",
    )


def _line(record: Record) -> tuple[str, ...]:
    return (
        record.recorded_at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        record.id,
        record.kind,
        record.app,
        record.seller,
        record.operation,
        record.purpose,
        f"{record.outcome}: {record.reason}" if record.reason else record.outcome,
        "yes" if record.personal else "",
        str(len(record.orders) or ""),
    )


def _print_record(record: Record, common: Common) -> None:
    detail = read_detail(record.detail)
    print_table(("", ""), _facts(record, detail), title=f"{record.kind} {record.id}")
    for question in detail.questions:
        print_table(("question", ""), ((name, _cell(value)) for name, value in question.items()))
    rows = list(_verdicts(detail))
    if rows:
        print_table(("order state", "data category", "became", "outcome", "rests on", "policies"), rows)
    sentences = explained(detail, record.policy_version, common)
    if sentences:
        print_table(("data category", "why"), sentences)


def _facts(record: Record, detail: Detail) -> Iterator[tuple[str, str]]:
    """Everything that is one value, where there is one."""
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if name not in ("id", "kind", "detail", "orders", "subjects") and value not in ("", 0):
            yield name.replace("_", " "), _cell(value)
    for name, hashes in (("orders", record.orders), ("buyers", record.subjects)):
        if hashes:
            yield f"{name} (keyed hashes)", f"{len(hashes)}: " + ", ".join(each.hex() for each in hashes[:5])
    for path, count in sorted(detail.dropped.unknown.items()):
        yield "dropped, unknown field", f"{path} ({count} times)"
    for word, values in (
        ("dropped, unknown parameters", detail.dropped.parameters),
        ("withheld, wrong type", detail.mistyped),
        ("enforce would withhold", detail.would_withhold),
        ("notes", detail.notes),
    ):
        if values:
            yield word, ", ".join(values)
    if detail.counts.states:
        yield "orders by state", ", ".join(f"{count} {state}" for state, count in sorted(detail.counts.states.items()))
    for word, text in (("message", detail.message), ("intention", detail.intention), ("by", detail.by)):
        if text:
            yield word, text


def _verdicts(detail: Detail) -> Iterator[tuple[str, ...]]:
    for state, verdicts in detail.verdicts.items():
        for category, verdict in sorted(verdicts.items()):
            became = f"{verdict.done} by {verdict.substitute}" if verdict.substitute else verdict.done
            yield state, category, became, verdict.outcome, verdict.basis, ", ".join(verdict.policies)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
