"""Lists of the console: columns that sort, filters in the address, pages, and the same rows as CSV or JSON. One door for all of them.

/apps/?standing=suspended&sort=-created_at&page=2      the page
/apps/?standing=suspended&format=csv                   every row that the filters leave, not one page of them
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django_filters import FilterSet
from django_tables2 import RequestConfig, Table

from piepowder.core.kernel.json import encode

PER_PAGE = 50
EXPORTED_ROWS_MAX = 200_000
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
        return _file(shown, wanted, request.resolver_match.url_name if request.resolver_match else "rows")
    RequestConfig(request, paginate={"per_page": PER_PAGE, "silent": True, "paginator_class": Paginator}).configure(
        shown
    )
    asked = [name for name in (narrowing.filters if narrowing is not None else ()) if request.GET.get(name)]
    return render(request, template, {"table": shown, "filter": narrowing, "narrowed": bool(asked), **(page or {})})


def _file(table: Table, kind: str, name: str | None) -> HttpResponseBase:
    rows = table.as_values()
    if kind == "json":
        header = [str(one) for one in next(rows, ())]
        several = [
            dict(zip(header, map(_plain, row), strict=True)) for _, row in islice(enumerate(rows), EXPORTED_ROWS_MAX)
        ]
        answer: HttpResponseBase = HttpResponse(encode(several), content_type="application/json")
    else:
        answer = StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name or "rows"}.{kind}"'
    return answer


def _csv(rows: Iterator[Any]) -> Iterator[str]:
    for _, row in islice(enumerate(rows), EXPORTED_ROWS_MAX + 1):
        line = io.StringIO()
        csv.writer(line).writerow([_cell(value) for value in row])
        yield line.getvalue()


def _cell(value: Any) -> str:
    """A spreadsheet runs a cell that begins like a formula; a quote before it keeps it a text (OWASP, CSV injection)."""
    text = str(_plain(value))
    return "'" + text if text.startswith(_FORMULA) and not _is_number(text) else text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return "" if value is None else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
