"""An organisation's home with its next steps, and for staff the list of organisations and everything about one."""

from datetime import UTC, datetime
from typing import Any

import django_tables2 as tables
from django.contrib import messages
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from django_filters import CharFilter, ChoiceFilter, FilterSet

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.ledger.read import Filter
from piepowder.rooms.appstore.models import App
from piepowder.rooms.audits.models import Audit
from piepowder.rooms.developers import actions
from piepowder.rooms.developers.guards import developer_of, for_members, member_of
from piepowder.rooms.developers.models import Developer, Identity, Invitation, Member
from piepowder.rooms.developers.rules.identity import IdentityStatus
from piepowder.rooms.developers.rules.names import skeleton
from piepowder.rooms.enforcement import subjects
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.ground.tables import listing
from piepowder.rooms.notices.models import Letter
from piepowder.rooms.people.guards import account_of, actor_of, for_staff, permissions_of
from piepowder.rooms.standing import actions as standing
from piepowder.rooms.standing.models import Change, Subject
from piepowder.rooms.standing.rules import Standing
from piepowder.web.views.ledger import line, newest
from piepowder.web.views.names import Names
from piepowder.web.views.next_steps import next_of, steps

SHOWN_RECORDS, SHOWN_LETTERS, SHOWN_REFUSALS, SHOWN_CASES = 20, 5, 5, 5


@for_members()
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is done, what comes next, and whose turn it is."""
    developer, now = developer_of(request), datetime.now(UTC)
    apps = list(App.objects.filter(developer=developer).order_by("-id")[:50])
    standings = Subject.objects.of([developer.id, *(app.id for app in apps)])
    letters, way = Letter.objects.to([developer.id]), steps(developer, now)
    page = {
        "developer": developer,
        "member": member_of(request),
        "steps": way,
        "next": next_of(way),
        "done": sum(step.done for step in way),
        "apps": [(app, standings.get(app.id, "")) for app in apps],
        "standing": standings.get(developer.id, ""),
        "subject": Subject.objects.filter(pk=developer.id).first(),
        "letters": letters[:SHOWN_LETTERS],
        "unread": letters.unread().count(),
        "invitations": Invitation.objects.to(account_of(request)),
        "refused": newest(Filter(developer=developer.id, kind="gateway.refusal"), SHOWN_REFUSALS),
        "app_names": {app.id: app.shown_name for app in apps},
    }
    return render(request, "developers/home.html", page)


class DevelopersTable(tables.Table):  # type: ignore[misc]
    name = tables.TemplateColumn(
        '{% load developer_words %}<a href="{% url "developers_one" developer_id=record.id %}"><bdi>{{ record.name|escaped }}</bdi></a>'
        "{% if record.legal_name != record.name %}"
        '<span class="sub"><bdi>{{ record.legal_name|escaped }}</bdi></span>{% endif %}',
        verbose_name="Organisation",
    )
    country = tables.Column(verbose_name="Country")
    standing = tables.TemplateColumn(
        '{% include "console/standing.html" with standing=value %}', accessor="standing_now", verbose_name="Standing"
    )
    identity = tables.TemplateColumn(
        '{% include "developers/identity_badge.html" with status=record.identity.status %}',
        accessor="identity__status",
        verbose_name="Identity",
    )
    apps = tables.Column(
        accessor="apps_count", verbose_name="Apps", attrs={"td": {"class": "num"}, "th": {"class": "num"}}
    )
    created_at = tables.DateTimeColumn(verbose_name="Registered", format="j M Y", attrs={"td": {"class": "nowrap"}})
    status = tables.TemplateColumn(
        '{% if record.is_open %}<span class="muted">Open</span>{% else %}<span class="badge bad">Closed</span>{% endif %}',
        verbose_name="State",
    )

    class Meta:
        caption = "Organisations"
        empty = "developers/none.html"

    def value_name(self, record: Developer) -> str:
        return record.name

    def value_standing(self, record: Any) -> str:
        return str(record.standing_now or "")

    def value_identity(self, record: Developer) -> str:
        return record.identity.status

    def value_status(self, record: Developer) -> str:
        return record.status


class DevelopersFilter(FilterSet):  # type: ignore[misc]
    q = CharFilter(label="Name, address or id", method="named")
    identity = ChoiceFilter(
        label="Identity",
        field_name="identity__status",
        choices=[(one.value, one.value.capitalize()) for one in IdentityStatus],
    )
    status = ChoiceFilter(label="State", choices=[("open", "Open"), ("closed", "Closed")])
    owing = ChoiceFilter(label="Identity due", choices=[("yes", "Not shown yet, with a date")], method="with_date")

    def named(self, rows: "QuerySet[Developer]", name: str, value: str) -> "QuerySet[Developer]":
        value = value.replace("\0", "").strip()
        found = Q(name__icontains=value) | Q(legal_name__icontains=value) | Q(pk=value)
        found |= Q(contact_email__iexact=value) | Q(company_number__iexact=value)
        alike = skeleton(value)
        return rows.filter(found | Q(skeleton=alike) if alike else found)

    def with_date(self, rows: "QuerySet[Developer]", name: str, value: str) -> "QuerySet[Developer]":
        return rows.filter(identity_due_on__isnull=False, identity__valid_until=None)


def _counted_apps() -> Subquery:
    """Counted for the rows of one page: a join would count the apps of every organisation first."""
    counts = App.objects.filter(developer=OuterRef("pk")).order_by().values("developer").annotate(count=Count("id"))
    return Subquery(counts.values("count"))


@for_staff()
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    now = Subquery(Subject.objects.filter(pk=OuterRef("pk")).values("status")[:1])
    rows = Developer.objects.select_related("identity").annotate(standing_now=now, apps_count=_counted_apps())
    rows = rows.order_by("-created_at")
    return listing(request, DevelopersTable, rows, "developers/all.html", filters=DevelopersFilter)


@for_staff()
@require_safe
def one(request: HttpRequest, developer_id: str) -> HttpResponse:
    developer, now = _named(developer_id), datetime.now(UTC)
    records = newest(Filter(developer=developer.id), SHOWN_RECORDS)
    identity = Identity.objects.of(developer)
    may = permissions_of(account_of(request))
    page = {
        "developer": developer,
        "identity": identity,
        "verified": identity.is_verified(now),
        "reviews": identity.reviews.order_by("-number")[:5],
        "audit": Audit.objects.result_of(developer.id),
        "audits": Audit.objects.filter(developer=developer).order_by("-id")[:10],
        "cases": subjects.visible(actor_of(request)).filter(developer_id=developer.id).order_by("-id")[:SHOWN_CASES],
        "flags": developer.flags(),
        "members": Member.objects.of(developer),
        "invitations": Invitation.objects.of(developer).open(),
        "steps": steps(developer, now),
        "subject": Subject.objects.filter(pk=developer.id).first(),
        "changes": Change.objects.of_subject(developer.id)[:10],
        "apps": App.objects.filter(developer=developer).order_by("-id")[:50],
        "letters": Letter.objects.to([developer.id])[:10],
        "lines": [line(record) for record in records],
        "names": Names(records),
        "may_govern": Permission.GOVERN in may,
        "may_review": Permission.REVIEW in may,
    }
    return render(request, "developers/one.html", page)


@for_staff(Permission.GOVERN)
@require_POST
def set_standing(request: HttpRequest, developer_id: str) -> HttpResponse:
    """Sets the standing named by the pressed button, closes or opens the organisation; all with a reason."""
    developer, reason = _named(developer_id), request.POST.get("reason", "").replace("\0", "")[:500]
    by: dict[str, Any] = {"by": actor_of(request), "at": datetime.now(UTC), "reason": reason}
    wanted = request.POST.get("do", "")
    try:
        if wanted == "close":
            actions.close_developer(developer, **by)
        elif wanted == "reopen":
            actions.reopen_developer(developer, **by)
        else:
            standing.set_standing(developer.id, Standing(wanted), **by)
    except (PiepowderError, ValueError) as error:
        told = sentence(error) if isinstance(error, PiepowderError) else "There is no such standing."
        messages.error(request, f"Nothing was changed. {told}")
    else:
        messages.success(request, f"{developer.shown_name} is changed. Every gateway knows.")
    return redirect("developers_one", developer_id=developer.id)


def _named(developer_id: str) -> Developer:
    try:
        return Developer.objects.named(developer_id.replace("\0", ""))
    except PiepowderError as error:
        raise Http404(error.message) from None
