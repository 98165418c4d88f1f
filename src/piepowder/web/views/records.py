"""The ledger's pages for staff: records by filter in the address, and one record with everything decided."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from msgspec import convert
from msgspec.structs import replace

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.read import Filter
from piepowder.rooms.appstore.models import App
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.tables import as_file
from piepowder.rooms.people.guards import for_staff
from piepowder.web.views.ledger import detail_of, groups, line, named, newest, purpose_of, raw
from piepowder.web.views.names import Names

SHOWN_RECORDS = 100
FILE_CHUNK = 2_000
FILTERS = ("app", "seller", "operation", "kind", "request")
COLUMNS = (
    "recorded_at",
    "id",
    "kind",
    "app",
    "developer",
    "seller",
    "grant",
    "operation",
    "purpose",
    "mode",
    "outcome",
    "reason",
    "status",
    "personal",
    "policy_version",
    "request",
)


@for_staff(Permission.RECORDS)
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """The newest records, or those older than `before` (the id of a record); the whole of it as CSV or JSON."""
    asked = {name: request.GET.get(name, "").strip().replace("\0", "") for name in FILTERS}
    narrow = replace(convert(asked, Filter), before=_place(request.GET.get("before", "")))
    if (kind := request.GET.get("format", "")) in ("csv", "json"):
        return as_file(request, list(COLUMNS), _rows(narrow), kind, "ledger")
    records = newest(narrow, SHOWN_RECORDS)
    page = {
        "lines": [line(record) for record in records],
        "names": Names(records),
        "asked": asked,
        "apps": App.objects.listed().values_list("id", "name")[:200],
        "narrowed": any(asked.values()),
        "shown_max": SHOWN_RECORDS,
        "older": records[-1].id if len(records) == SHOWN_RECORDS else "",
        "query": urlencode({name: value for name, value in asked.items() if value}),
        "first": narrow.before is None,
    }
    return render(request, "console/records.html", page)


def _place(name: str) -> tuple[datetime, str] | None:
    """Time and id of a record; one that is not there narrows nothing."""
    if not name.startswith("rec_"):
        return None
    try:
        record = named(name.replace("\0", ""))[0]
    except PiepowderError:
        return None
    return record.recorded_at, record.id


def _rows(narrow: Filter) -> Iterator[list[Any]]:
    """Newest first, a chunk at a time: no more than one is ever in memory."""
    while records := newest(narrow, FILE_CHUNK):
        for record in records:
            yield [getattr(record, name) for name in COLUMNS]
        narrow = replace(narrow, before=(records[-1].recorded_at, records[-1].id))


@for_staff(Permission.RECORDS)
@require_safe
def one(request: HttpRequest, name: str) -> HttpResponse:
    """One record, or all records of a request."""
    try:
        records = named(name.replace("\0", ""))
    except PiepowderError as error:
        raise Http404(error.message) from None
    shown = [
        {
            "record": record,
            "detail": detail_of(record),
            "groups": groups(record, detail_of(record)),
            "purpose": purpose_of(record),
            "orders": [order.hex() for order in record.orders[:20]],
            "raw": raw(record),
        }
        for record in records
    ]
    return render(request, "console/record.html", {"shown": shown, "name": name, "names": Names(records)})
