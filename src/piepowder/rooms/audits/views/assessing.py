"""The assessor's pages: evidence, checklist, findings, close."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from piepowder.rooms.audits import actions
from piepowder.rooms.audits.forms import (
    FindingForm,
    JudgeForm,
    ReasonForm,
    RequestForm,
    SettleForm,
    SummaryForm,
    end_of,
)
from piepowder.rooms.audits.models import Audit, EvidenceRequest, Finding, Item
from piepowder.rooms.audits.rules import FindingStatus, Severity, Verdict, needs_finding
from piepowder.rooms.audits.views.desk import documents_of
from piepowder.rooms.audits.views.shared import download, form_page, found, now, told
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.ground.forms import tried
from piepowder.rooms.people.guards import actor_of, for_staff

_FORM = require_http_methods(["GET", "HEAD", "POST"])


@for_staff(Permission.REVIEW)
@_FORM
def ask(request: HttpRequest, audit_id: str) -> HttpResponse:
    """Asks for evidence, everything in one letter."""
    audit = found(Audit.objects.named, audit_id)
    form = RequestForm(audit.items.all(), request.POST or None)
    return form_page(
        request,
        form,
        lambda: actions.request_evidence(
            audit, form.wanted(), due_at=end_of(form.cleaned_data["due_on"]), by=actor_of(request), at=now()
        ),
        done="Asked. The developer has a letter with the date.",
        back=("audits_one", {"audit_id": audit.id}),
        template="audits/ask.html",
        fields={"audits_notice_too_short": "due_on"},
        audit=audit,
    )


@for_staff(Permission.REVIEW)
@require_POST
def begin(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = found(Audit.objects.named, audit_id)
    told(request, actions.begin_assessment, audit)
    return redirect("audits_one", audit_id=audit.id)


@for_staff(Permission.REVIEW)
@_FORM
def judge(request: HttpRequest, audit_id: str, key: str) -> HttpResponse:
    """One line of the checklist with its evidence; then the next one."""
    audit = found(Audit.objects.named, audit_id)
    item = found(Item.objects.keyed, audit, key)
    initial = {"verdict": item.verdict, "reason": item.reason, "revision": item.revision}
    form = JudgeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        saved = tried(
            form,
            lambda: actions.judge_item(
                audit,
                key,
                Verdict(typed["verdict"]),
                reason=typed["reason"],
                revision=typed["revision"],
                by=actor_of(request),
                at=now(),
            ),
        )
        if saved is not None:
            return _after(request, audit, saved)
    page = {
        "audit": audit,
        "item": item,
        "form": form,
        "requests": item.requests.all(),
        "findings": item.findings.exclude(status=FindingStatus.DROPPED),
        "documents": documents_of(audit),
        "judged": audit.items.exclude(verdict="").count(),
        "count": audit.items.count(),
    }
    return render(request, "audits/judge.html", page)


def _after(request: HttpRequest, audit: Audit, item: Item) -> HttpResponse:
    """To the finding that a verdict asks for, else to the next line."""
    messages.success(request, f"Saved: {item.get_verdict_display().replace('_', ' ')}.")
    if needs_finding(item.verdict) and not item.findings.exclude(status=FindingStatus.DROPPED).exists():
        address = reverse("audits_add_finding", kwargs={"audit_id": audit.id})
        return redirect(f"{address}?item={item.key}")
    following = audit.items.filter(verdict="").first()
    if following is None:
        return redirect("audits_one", audit_id=audit.id)
    return redirect("audits_judge", audit_id=audit.id, key=following.key)


@for_staff(Permission.REVIEW)
@_FORM
def add_finding(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = found(Audit.objects.named, audit_id)
    item = audit.items.filter(key=request.GET.get("item", "")).first()
    initial = {"item": item.key if item else "", "clause": item.clause if item else ""}
    form = FindingForm(audit.items.all(), request.POST or None, initial=initial)
    return form_page(
        request,
        form,
        lambda: actions.add_finding(
            audit, **_typed(form), item=form.cleaned_data["item"], by=actor_of(request), at=now()
        ),
        done="Noted as a draft. The developer gets all findings together.",
        back=("audits_one", {"audit_id": audit.id}),
        fields={"audits_clause_missing": "clause", "audits_fix_by_past": "fix_by"},
        title="Add a finding",
        button="Save the draft",
        audit=audit,
    )


@for_staff(Permission.REVIEW)
@_FORM
def change_finding(request: HttpRequest, finding_id: str) -> HttpResponse:
    finding = found(Finding.objects.named, finding_id)
    form = FindingForm(finding.audit.items.all(), request.POST or None, initial=FindingForm.initial_of(finding))
    del form.fields["item"]
    return form_page(
        request,
        form,
        lambda: actions.change_finding(finding, **_typed(form), by=actor_of(request), at=now()),
        done="Changed.",
        back=("audits_one", {"audit_id": finding.audit_id}),
        fields={"audits_clause_missing": "clause", "audits_fix_by_past": "fix_by"},
        title="Change a finding",
        button="Save the draft",
        audit=finding.audit,
    )


def _typed(form: FindingForm) -> dict[str, Any]:
    typed = form.cleaned_data
    return {
        **{name: typed[name] for name in ("what", "to_do", "clause", "fix_by")},
        "severity": Severity(typed["severity"]),
    }


@for_staff(Permission.REVIEW)
@require_POST
def drop_finding(request: HttpRequest, finding_id: str) -> HttpResponse:
    finding = found(Finding.objects.named, finding_id)
    told(request, actions.drop_finding, finding)
    return redirect("audits_one", audit_id=finding.audit_id)


@for_staff(Permission.REVIEW)
@require_POST
def send_findings(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = found(Audit.objects.named, audit_id)
    if told(request, actions.send_findings, audit):
        messages.success(request, "Sent. The developer has three weeks to answer.")
    return redirect("audits_one", audit_id=audit.id)


@for_staff(Permission.REVIEW)
@_FORM
def settle(request: HttpRequest, finding_id: str) -> HttpResponse:
    finding = found(Finding.objects.named, finding_id)
    form = SettleForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: actions.settle_finding(
            finding,
            FindingStatus(form.cleaned_data["outcome"]),
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=now(),
        ),
        done="Settled.",
        back=("audits_one", {"audit_id": finding.audit_id}),
        template="audits/settle.html",
        title="Settle a finding",
        button="Settle",
        audit=finding.audit,
        finding=finding,
        documents=documents_of(finding.audit),
    )


@for_staff(Permission.REVIEW)
@_FORM
def confirm_fixed(request: HttpRequest, finding_id: str) -> HttpResponse:
    finding = found(Finding.objects.named, finding_id)
    form = ReasonForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: actions.confirm_fixed(finding, reason=form.cleaned_data["reason"], by=actor_of(request), at=now()),
        done="Noted as fixed; the developer's profile says so.",
        back=("audits_one", {"audit_id": finding.audit_id}),
        title="Confirm that it is fixed",
        intro=finding.what,
        button="Confirm",
        audit=finding.audit,
    )


@for_staff(Permission.REVIEW)
@require_POST
def accept(request: HttpRequest, request_id: str) -> HttpResponse:
    row = found(EvidenceRequest.objects.named, request_id)
    told(request, actions.accept_evidence, row)
    return redirect("audits_one", audit_id=row.audit_id)


@for_staff(Permission.REVIEW)
@require_POST
def withdraw(request: HttpRequest, request_id: str) -> HttpResponse:
    row = found(EvidenceRequest.objects.named, request_id)
    told(request, actions.withdraw_request, row)
    return redirect("audits_one", audit_id=row.audit_id)


@for_staff(Permission.REVIEW)
@_FORM
def send_back(request: HttpRequest, request_id: str) -> HttpResponse:
    row = found(EvidenceRequest.objects.named, request_id)
    form = ReasonForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: actions.send_back_evidence(row, why=form.cleaned_data["reason"], by=actor_of(request), at=now()),
        done="Sent back. The developer has at least a week.",
        back=("audits_one", {"audit_id": row.audit_id}),
        title="Send evidence back",
        intro=row.wanted,
        button="Send back",
        audit=row.audit,
    )


@for_staff(Permission.REVIEW)
@_FORM
def close(request: HttpRequest, audit_id: str) -> HttpResponse:
    audit = found(Audit.objects.named, audit_id)
    form = SummaryForm(request.POST or None)
    return form_page(
        request,
        form,
        lambda: actions.close_audit(audit, summary=form.cleaned_data["summary"], by=actor_of(request), at=now()),
        done="Closed. The result is on the developer's profile.",
        back=("audits_one", {"audit_id": audit.id}),
        title="Close the audit",
        button="Close",
        audit=audit,
    )


@for_staff(Permission.REVIEW)
@require_safe
def document(request: HttpRequest, audit_id: str, document_id: str) -> HttpResponse:
    """Every download is on the ledger."""
    audit = found(Audit.objects.named, audit_id)
    return download(request, document_id, set(documents_of(audit)))
