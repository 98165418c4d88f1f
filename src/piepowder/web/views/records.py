"""The ledger's pages for staff: records by filter in the address, and one record with everything decided."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from msgspec import convert

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.read import Filter
from piepowder.rooms.appstore.models import App
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people.guards import for_staff
from piepowder.web.views.ledger import detail_of, groups, line, named, newest, purpose_of, raw
from piepowder.web.views.names import Names

SHOWN_RECORDS = 100
FILTERS = ("app", "seller", "operation", "kind", "request")


@for_staff(Permission.RECORDS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    asked = {name: request.GET.get(name, "").strip().replace("\0", "") for name in FILTERS}
    records = newest(convert(asked, Filter), SHOWN_RECORDS)
    page = {
        "lines": [line(record) for record in records],
        "names": Names(records),
        "asked": asked,
        "apps": App.objects.listed().values_list("id", "name")[:200],
        "narrowed": any(asked.values()),
        "shown_max": SHOWN_RECORDS,
    }
    return render(request, "console/records.html", page)


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
