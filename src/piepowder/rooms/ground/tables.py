"""Lists of the console: columns that sort, filters in the address, pages, and the same rows as CSV or JSON. One door for all of them.

/apps/?standing=suspended&sort=-created_at&page=2      the page
/apps/?standing=suspended&format=csv                   every row that the filters leave, not one page of them
"""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import date, datetime
from functools import partial
from itertools import chain, islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django_filters import FilterSet
from django_tables2 import DateColumn, DateTimeColumn, RequestConfig, Table
from django_tables2.columns import BoundColumn
from django_tables2.rows import BoundRow
from django_tables2.utils import Accessor, signature

from piepowder.core.kernel.json import encode_text

PER_PAGE = 50
EXPORTED_ROWS_MAX = 200_000
FETCHED_ROWS = 1_000
LINES_AT_ONCE = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def listing(
    request: HttpRequest,
    table: type[Table],
    rows: "QuerySet[Any] | list[Any]",
    template: str,
    *,
    filters: type[FilterSet] | None = None,
    page: dict[str, Any] | None = None,
) -> HttpResponseBase:
    """Renders `template` with `table`, `filter`, `narrowed` (whether any filter is set) and what `page` has; or the rows as a file.

    A value of a filter that makes no sense is named at its field, and narrows nothing.
    """
    narrowing = filters(request.GET, queryset=rows, request=request) if filters else None
    shown = table(narrowing.qs if narrowing is not None else rows, request=request)
    wanted = request.GET.get("format", "")
    if wanted in ("csv", "json"):
        shown.order_by = request.GET.getlist("sort")
        return _file(request, shown, wanted, request.resolver_match.url_name if request.resolver_match else "rows")
    RequestConfig(request, paginate={"per_page": PER_PAGE, "silent": True, "paginator_class": Paginator}).configure(
        shown
    )
    asked = [name for name in (narrowing.filters if narrowing is not None else ()) if request.GET.get(name)]
    return render(request, template, {"table": shown, "filter": narrowing, "narrowed": bool(asked), **(page or {})})


def _file(request: HttpRequest, table: Table, kind: str, name: str | None) -> HttpResponseBase:
    columns = [column for column in table.columns.iterall() if not column.column.exclude_from_export]
    header = [str(column.header) for column in columns]
    return as_file(request, header, _records(table, columns), kind, name)


def as_file(
    request: HttpRequest, header: list[str], rows: Iterable[list[Any]], kind: str, name: str | None
) -> HttpResponseBase:
    """Rows as CSV or JSON (`kind`), handed on while they are read; at most `EXPORTED_ROWS_MAX` of them."""
    lines = islice(rows, EXPORTED_ROWS_MAX)
    parts = _chunks(_json(header, lines) if kind == "json" else _csv(header, lines))
    media = "application/json" if kind == "json" else "text/csv; charset=utf-8"
    served = _in_thread(parts) if isinstance(request, ASGIRequest) else parts
    answer = StreamingHttpResponse(served, content_type=media)
    answer["Content-Disposition"] = f'attachment; filename="{name or "rows"}.{kind}"'
    return answer


def _records(table: Table, columns: list[BoundColumn]) -> Iterator[list[Any]]:
    """The cells of each row as `Table.as_values` has them, at a fifth of its cost and without keeping any row: signatures are read once."""
    rows = table.data.data
    readers = [_reader(table, column) for column in columns]
    for record in rows.iterator(chunk_size=FETCHED_ROWS) if isinstance(rows, QuerySet) else rows:
        yield [read(record) for read in readers]


def _reader(table: Table, column: BoundColumn) -> Callable[[Any], Any]:
    """Record -> value of one column, by `value_…` or what the column itself makes of it. Times are handed out whole."""
    accessor, empty = Accessor(column.accessor), column.column.empty_values
    own = getattr(column.value, "__self__", None) is column.column
    plain = own and isinstance(column.column, DateColumn | DateTimeColumn)
    names, takes_all = signature(column.value)
    known = {"column": column.column, "bound_column": column, "table": table}

    def read(record: Any) -> Any:
        value = accessor.resolve(record, quiet=True)
        if value in empty:
            return None
        if plain:
            return value
        given = {**known, "value": value, "record": record, "bound_row": BoundRow(record, table)}
        return column.value(**(given if takes_all else {name: given[name] for name in names}))

    return read


def _csv(header: list[str], rows: Iterator[list[Any]]) -> Iterator[str]:
    for row in chain([header], rows):
        line = io.StringIO()
        csv.writer(line).writerow([_cell(value) for value in row])
        yield line.getvalue()


def _json(header: list[str], rows: Iterator[list[Any]]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield before + encode_text(dict(zip(header, map(_plain, row), strict=True)))
        before = ",\n"
    yield "]" if before != "[" else "[]"


def _chunks(lines: Iterator[str]) -> Iterator[bytes]:
    """A few hundred lines at once: each part of an answer costs the server a turn."""
    while several := list(islice(lines, LINES_AT_ONCE)):
        yield "".join(several).encode()


async def _in_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Part by part from the thread that has the database: handed an ordinary iterator, the server would first read all of it."""
    more = sync_to_async(partial(next, parts, b""))
    while part := await more():
        yield part


def _cell(value: Any) -> str:
    """A spreadsheet runs a cell that begins like a formula; a quote before it keeps it a text (OWASP, CSV injection)."""
    text = str(_plain(value))
    return "'" + text if text.startswith(_FORMULA) and not _is_number(text) else text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
