"""`piepowder audit`: developers are drawn and audited."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from piepowder.cli.audit_answers import answers
from piepowder.cli.control import acting, moment, now, open_rooms, show, show_list
from piepowder.cli.options import Common, print_json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.audits.rules import AuditStatus, FindingStatus, Method, Severity, Verdict

if TYPE_CHECKING:
    from piepowder.rooms.audits.models import Audit, EvidenceRequest, Finding
    from piepowder.rooms.ground.actor import Actor

app = App(name="audit", help="Audits of developers: draw, assess, findings, result.")
app.command(answers)

KeyFile = Annotated[Path | None, Parameter(help="File with the API key of whoever acts.")]


@app.command(name="list")
def list_audits(*, developer: str = "", status: AuditStatus | None = None, common: Common = Common()) -> None:
    """The newest audits, at most 500.

    Parameters
    ----------
    developer
        Of this developer only (`dev_…`).
    status
        In this state only.
    """
    open_rooms(common)
    from piepowder.rooms.audits.models import Audit

    rows = Audit.objects.listed()
    rows = rows.filter(developer=developer) if developer else rows
    rows = rows.filter(status=status) if status else rows
    show_list([one.described() for one in rows[:500]], ("id", "developer", "status", "whose_move", "due_at"), common)


@app.command(name="show")
def show_audit(audit_id: str, *, common: Common = Common()) -> None:
    """An audit with its checklist, what was asked for, and findings."""
    open_rooms(common)
    audit = _audit(audit_id)
    parts: dict[str, list[dict[str, Any]]] = {
        "items": [one.described() for one in audit.items.all()],
        "requests": [one.described() for one in audit.requests.select_related("item")],
        "findings": [one.described() for one in audit.findings.select_related("item")],
    }
    if common.json:
        print_json({**audit.described(), **parts})
        return
    show(audit.described(), common)
    show_list(parts["items"], ("key", "clause", "question", "verdict"), common)
    show_list(parts["requests"], ("id", "item", "wanted", "status"), common)
    show_list(parts["findings"], ("id", "severity", "clause", "what", "status"), common)


@app.command
def draw(method: Method, size: int, *, seed: str = "", key_file: KeyFile = None, common: Common = Common()) -> None:
    """Draw developers, and open an audit of each.

    Parameters
    ----------
    method
        `sample`: by lot; `risk`: the highest scores.
    size
        How many.
    seed
        Of the lots; without one Piepowder takes one that nobody could choose.
    """
    open_rooms(common)
    from piepowder.rooms.audits import actions
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.REVIEW)
    show(actions.draw_audits(method=method, size=size, seed=seed, by=by, at=now()).described(), common)


@app.command
def draws(*, common: Common = Common()) -> None:
    """The newest draws, at most 500."""
    open_rooms(common)
    from piepowder.rooms.audits.models import Draw

    rows = [one.described() for one in Draw.objects.newest()[:500]]
    show_list(rows, ("id", "method", "size", "pool_size", "seed", "drawn_at"), common)


@app.command
def draw_again(draw_id: str, *, common: Common = Common()) -> int:
    """Draw again from the recorded seed and pool; exit status 1 if that gives other developers."""
    open_rooms(common)
    from piepowder.rooms.audits import actions
    from piepowder.rooms.audits.models import Draw

    found = Draw.objects.named(draw_id)
    same = actions.drawn_again(found)
    show({**found.described(), "same": same}, common)
    return 0 if same else 1


@app.command
def pool(draw_id: str = "", *, common: Common = Common()) -> None:
    """The pool of a draw, or the one that there is now with its risk, factor by factor."""
    open_rooms(common)
    from piepowder.rooms.audits import actions
    from piepowder.rooms.audits.models import Draw

    if draw_id:
        kept = Draw.objects.named(draw_id).pool
        rows = [{"developer": developer, **entry} for developer, entry in sorted(kept.items())]
    else:
        rows = actions.preview(Method.RISK, at=now())
    show_list(rows, ("developer", "score", "stratum"), common)


@app.command
def result(developer: str, *, common: Common = Common()) -> None:
    """How a developer's newest finished audit ended, as its profile shows it."""
    open_rooms(common)
    from piepowder.rooms.audits.models import Audit
    from piepowder.rooms.developers.models import Developer

    found = Developer.objects.named(developer)
    ended = Audit.objects.result_of(found.id)
    show({"developer": found.id, "audited": ended is not None, **(ended or {})}, common)


@app.command
def take(audit_id: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Take an audit that nobody has: whoever takes it assesses it."""
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.take_audit(audit, by=by, at=now()).described(), common)


@app.command
def assign(audit_id: str, assessor: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Give an audit to an assessor.

    Parameters
    ----------
    assessor
        E-mail address or id of a member of staff who had no part in the organisation or its approval.
    """
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions
    from piepowder.rooms.people.models import Account

    show(actions.assign_assessor(audit, Account.objects.named(assessor), by=by, at=now()).described(), common)


@app.command
def announce(audit_id: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Tell the developer."""
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.announce_audit(audit, by=by, at=now()).described(), common)


@app.command
def ask(
    audit_id: str,
    wanted: list[str],
    *,
    due: str | None = None,
    key_file: KeyFile = None,
    common: Common = Common(),
) -> None:
    """Ask for evidence, everything in one letter.

    Parameters
    ----------
    wanted
        What is needed; `key=…` puts it to a line of the checklist.
    due
        By when: `14d` or a date, at least a week ahead; three weeks by default.
    """
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    keys = set(audit.items.values_list("key", flat=True))
    asked = [_line(words, keys) for words in wanted]
    made = actions.request_evidence(audit, asked, due_at=moment(due, now()), by=by, at=now())
    show_list([one.described() for one in made], ("id", "item", "wanted", "status"), common)


def _line(words: str, keys: set[str]) -> tuple[str, str]:
    key, equals, rest = words.partition("=")
    return (key, rest) if equals and key in keys else ("", words)


@app.command
def accept(request_id: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """What was provided for a request (`evr_…`) will do."""
    found, by = _request(request_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.accept_evidence(found, by=by, at=now()).described(), common)


@app.command
def send_back(request_id: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """What was provided will not do yet; the developer reads why."""
    found, by = _request(request_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.send_back_evidence(found, why=reason, by=by, at=now()).described(), common)


@app.command
def withdraw_request(request_id: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Something is no longer needed."""
    found, by = _request(request_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.withdraw_request(found, by=by, at=now()).described(), common)


@app.command
def begin(audit_id: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Begin the checklist with what there is."""
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.begin_assessment(audit, by=by, at=now()).described(), common)


@app.command
def judge(
    audit_id: str, item: str, verdict: Verdict, reason: str, *, key_file: KeyFile = None, common: Common = Common()
) -> None:
    """Judge a line of the checklist.

    Parameters
    ----------
    item
        Its key, as `audit show` lists it.
    reason
        What the verdict rests on.
    """
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.judge_item(audit, item, verdict, reason=reason, by=by, at=now()).described(), common)


@app.command
def find(
    audit_id: str,
    severity: Severity,
    what: str,
    to_do: str,
    *,
    item: str = "",
    clause: str = "",
    fix_by: date | None = None,
    key_file: KeyFile = None,
    common: Common = Common(),
) -> None:
    """Note a finding as a draft; all are sent together.

    Parameters
    ----------
    what
        What was found.
    to_do
        What the developer has to do about it.
    item
        The line of the checklist that it belongs to.
    clause
        Of the policy; that of the line by default.
    """
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    given: dict[str, Any] = {
        "severity": severity,
        "what": what,
        "to_do": to_do,
        "item": item,
        "clause": clause,
        "fix_by": fix_by,
    }
    show(actions.add_finding(audit, **given, by=by, at=now()).described(), common)


@app.command
def change(
    finding_id: str,
    severity: Severity,
    what: str,
    to_do: str,
    clause: str,
    *,
    fix_by: date | None = None,
    key_file: KeyFile = None,
    common: Common = Common(),
) -> None:
    """Rewrite a draft of a finding (`auf_…`)."""
    found, by = _finding(finding_id, key_file, common)
    from piepowder.rooms.audits import actions

    given: dict[str, Any] = {"severity": severity, "what": what, "to_do": to_do, "clause": clause, "fix_by": fix_by}
    show(actions.change_finding(found, **given, by=by, at=now()).described(), common)


@app.command
def drop(finding_id: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Take a draft back."""
    found, by = _finding(finding_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.drop_finding(found, by=by, at=now()).described(), common)


@app.command
def send_findings(audit_id: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Send all drafts in one letter."""
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.send_findings(audit, by=by, at=now()).described(), common)


@app.command
def settle(
    finding_id: str, outcome: FindingStatus, reason: str, *, key_file: KeyFile = None, common: Common = Common()
) -> None:
    """Decide on a finding after the answer: `stands`, `fixed` or `withdrawn`."""
    found, by = _finding(finding_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.settle_finding(found, outcome, reason=reason, by=by, at=now()).described(), common)


@app.command
def fixed(finding_id: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Confirm after the audit that what stood is fixed now."""
    found, by = _finding(finding_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.confirm_fixed(found, reason=reason, by=by, at=now()).described(), common)


@app.command
def extend(audit_id: str, until: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Give the developer more time for a step, once.

    Parameters
    ----------
    until
        A date, or `14d` from now.
    """
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    end = moment(until, now())
    if end is None:
        raise PiepowderError("cli_moment_malformed", f"`{until}` is no moment")
    show(actions.extend_audit(audit, end, reason=reason, by=by, at=now()).described(), common)


@app.command
def close(audit_id: str, summary: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """End an audit; how follows from its findings."""
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.close_audit(audit, summary=summary, by=by, at=now()).described(), common)


@app.command
def cancel(audit_id: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """End an audit without a result."""
    audit, by = _change(audit_id, key_file, common)
    from piepowder.rooms.audits import actions

    show(actions.cancel_audit(audit, reason=reason, by=by, at=now()).described(), common)


def _audit(audit_id: str) -> "Audit":
    from piepowder.rooms.audits.models import Audit

    return Audit.objects.named(audit_id)


def _change(audit_id: str, key_file: Path | None, common: Common) -> "tuple[Audit, Actor]":
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission

    return _audit(audit_id), acting(key_file, Permission.REVIEW)


def _request(request_id: str, key_file: Path | None, common: Common) -> "tuple[EvidenceRequest, Actor]":
    open_rooms(common)
    from piepowder.rooms.audits.models import EvidenceRequest
    from piepowder.rooms.ground.caller import Permission

    return EvidenceRequest.objects.named(request_id), acting(key_file, Permission.REVIEW)


def _finding(finding_id: str, key_file: Path | None, common: Common) -> "tuple[Finding, Actor]":
    open_rooms(common)
    from piepowder.rooms.audits.models import Finding
    from piepowder.rooms.ground.caller import Permission

    return Finding.objects.named(finding_id), acting(key_file, Permission.REVIEW)
