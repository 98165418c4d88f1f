"""The developer's side: what is audited, what is asked for, what was found, how it ended."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from piepowder.rooms.audits import actions
from piepowder.rooms.audits.forms import AnswerForm, ProvideForm
from piepowder.rooms.audits.models import Audit, EvidenceRequest, Finding
from piepowder.rooms.audits.rules import SEEN_BY_DEVELOPER, Stance
from piepowder.rooms.audits.views.desk import documents_of
from piepowder.rooms.audits.views.shared import form_page, found, now
from piepowder.rooms.developers.guards import developer_of, for_members, member_of
from piepowder.rooms.developers.rules.organisation import Role, may
from piepowder.rooms.people.guards import actor_of

_FORM = require_http_methods(["GET", "HEAD", "POST"])


@for_members()
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    developer = developer_of(request)
    page = {"audits": list(Audit.objects.of(developer.id)[:100]), "result": Audit.objects.result_of(developer.id)}
    return render(request, "audits/own_index.html", page)


@for_members()
@require_safe
def one(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = _own(request, audit_id)
    page = {
        "audit": audit,
        "late": audit.is_late(now()),
        "writes": may(member_of(request).role, (Role.DEVELOPER,)),
        "requests": audit.requests.select_related("item"),
        "findings": audit.findings.shown_to_developer().select_related("item"),
        "items": audit.items.all(),
        "documents": documents_of(audit),
        "is_closed": audit.move is None,
    }
    return render(request, "audits/own_one.html", page)


@for_members(Role.DEVELOPER)
@_FORM
def provide(request: HttpRequest, request_id: str) -> HttpResponse:
    row = found(EvidenceRequest.objects.named, request_id)
    audit = _own(request, row.audit_id)
    form = ProvideForm(request.POST or None, request.FILES or None, initial={"answer": row.answer})
    return form_page(
        request,
        form,
        lambda: actions.provide_evidence(
            row, answer=form.cleaned_data["answer"], files=form.uploads(), by=actor_of(request), at=now()
        ),
        done="Provided. The assessor looks at it.",
        back=("audits_own", {"audit_id": audit.id}),
        template="audits/own_provide.html",
        fields={"audits_nothing_provided": "document"},
        audit=audit,
        asked=row,
        kept=[one for one in documents_of(audit).values() if one.id in row.documents],
    )


@for_members(Role.DEVELOPER)
@_FORM
def answer(request: HttpRequest, finding_id: str) -> HttpResponse:
    finding = found(Finding.objects.named, finding_id)
    audit = _own(request, finding.audit_id)
    if not audit.findings.shown_to_developer().filter(pk=finding.pk).exists():
        raise Http404("no such finding")
    form = AnswerForm(request.POST or None, request.FILES or None)
    return form_page(
        request,
        form,
        lambda: actions.answer_finding(
            finding,
            Stance(form.cleaned_data["stance"]),
            answer=form.cleaned_data["answer"],
            files=form.uploads(),
            by=actor_of(request),
            at=now(),
        ),
        done="Answered.",
        back=("audits_own", {"audit_id": audit.id}),
        template="audits/own_answer.html",
        audit=audit,
        finding=finding,
    )


def _own(request: HttpRequest, audit_id: str) -> Audit:
    """Another organisation's audit, and one that is planned only, are as good as none."""
    audit = found(Audit.objects.named, audit_id)
    if audit.developer_id != developer_of(request).id or audit.status not in SEEN_BY_DEVELOPER:
        raise Http404("no such audit")
    return audit
