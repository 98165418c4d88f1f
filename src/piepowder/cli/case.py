"""`piepowder case`: the court, from a finding to reinstatement."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from piepowder.cli.case_subject import app as subject
from piepowder.cli.control import acting, moment, now, open_rooms, show, show_list
from piepowder.cli.options import Common, print_json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.enforcement.rules.cases import AppealStatus, CaseStatus, Severity
from piepowder.rooms.enforcement.rules.conditions import Condition, ConditionKind
from piepowder.rooms.enforcement.rules.findings import PREFIXES, Evidence, Finding, SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Measure

if TYPE_CHECKING:
    from piepowder.rooms.enforcement.models import Case
    from piepowder.rooms.ground.actor import Actor

app = App(name="case", help="Cases: findings, notices, decisions, measures, appeals.")
app.command(subject)

KeyFile = Annotated[Path | None, Parameter(help="File with the API key of whoever acts.")]
Several = Annotated[list[str], Parameter(negative="")]


@app.command(name="list")
def list_cases(*, subject: str = "", status: CaseStatus | None = None, common: Common = Common()) -> None:
    """The newest cases, at most 500.

    Parameters
    ----------
    subject
        About this app, developer, seller or member of staff only (by id).
    status
        In this state only.
    """
    open_rooms(common)
    from django.db.models import Q

    from piepowder.rooms.enforcement.described import case_line
    from piepowder.rooms.enforcement.models import Case

    rows = Case.objects.order_by("-id")
    rows = rows.filter(Q(subject=subject) | Q(developer_id=subject)) if subject else rows
    rows = rows.filter(status=status) if status else rows
    columns = ("id", "name", "severity", "status", "whose_move", "due_at")
    show_list([case_line(one) for one in rows[:500]], columns, common)


@app.command(name="show")
def show_case(case_id: str, *, common: Common = Common()) -> None:
    """A case with findings, notices, answers, messages, decisions, measures and appeals."""
    open_rooms(common)
    from piepowder.rooms.enforcement.described import case_line, whole

    case = _case(case_id)
    told = whole(case)
    if common.json:
        print_json(told)
        return
    show(case_line(case), common)
    show_list(told["findings"], ("id", "severity", "clause", "says", "outcome"), common)
    show_list(told["notices"], ("id", "kind", "title", "served_at"), common)
    show_list(told["answers"], ("id", "text", "answered_at", "late"), common)
    show_list(told["messages"], ("id", "side", "text", "written_at"), common)
    show_list(told["decisions"], ("id", "measure", "status", "decided_by", "because"), common)
    show_list(told["sanctions"], ("id", "measure", "status", "starts_at", "ends_at"), common)
    show_list(told["appeals"], ("id", "status", "filed_at", "because"), common)


@app.command
def report(
    subject: str,
    severity: Severity,
    says: str,
    clause: str,
    *,
    evidence: Several,
    clears: Several,
    innocent: Several = [],  # noqa: B006 # cyclopts reads the default, nobody changes it
    records: Several = [],  # noqa: B006
    frank: bool = False,
    confidential: bool = False,
    once: str = "",
    key_file: KeyFile = None,
    common: Common = Common(),
) -> None:
    """Report a finding. It joins the case about the same subject that was not served yet, or opens one.

    Parameters
    ----------
    subject
        Id of an app, developer, seller or member of staff.
    says
        What was found.
    clause
        Of the policy or agreement that it breaks.
    evidence
        What was counted, and how often: `uploads of buyers=12/40` is 12 of 40. May be given several times.
    clears
        What would clear it. May be given several times.
    innocent
        What else it could be. May be given several times.
    records
        Ids of ledger records, with the first piece of evidence.
    frank
        The subject said it by itself.
    confidential
        Who reported stays hidden from whoever decides.
    once
        A word of your own: reported again with it, the finding is the first one.
    """
    open_rooms(common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import finding_line
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    pieces = [_evidence(text, records if number == 0 else []) for number, text in enumerate(evidence)]
    finding = Finding(
        rule="staff.report",
        subject_kind=_kind(subject),
        subject=subject,
        severity=severity,
        clause=clause,
        says=says,
        evidence=tuple(pieces),
        innocent=tuple(innocent),
        clears=tuple(clears),
        once=once,
    )
    row = actions.report(finding, by=by, at=now(), frank=frank, confidential=confidential)
    show(finding_line(row), common)


def _kind(subject: str) -> SubjectKind:
    for kind, prefix in PREFIXES.items():
        if subject.startswith(prefix):
            return kind
    raise PiepowderError("case_subject_wrong", f"`{subject}` is no id of an app, developer, seller or member of staff")


def _evidence(text: str, records: list[str]) -> Evidence:
    """`uploads of buyers=12/40`"""
    words, _, numbers = text.rpartition("=")
    count, _, of = numbers.partition("/")
    if not words or not count.isdigit() or not (of == "" or of.isdigit()):
        raise PiepowderError("case_evidence_wrong", f"`{text}` counts nothing", hint="`uploads of buyers=12/40`")
    return Evidence(says=words, count=int(count), of=int(of or 0), records=tuple(records))


@app.command
def reach(case_id: str, *, common: Common = Common()) -> None:
    """Whom a measure would touch, and what the ladder proposes if all is upheld."""
    open_rooms(common)
    from msgspec import to_builtins

    from piepowder.rooms.enforcement.actions.deciding import proposal
    from piepowder.rooms.enforcement.blast import blast
    from piepowder.rooms.enforcement.models import Finding as Row

    case = _case(case_id)
    proposed = proposal(case, list(Row.objects.of_case(case)), now())
    show({"proposed": to_builtins(proposed), "reach": to_builtins(blast(case, now()))}, common)


@app.command
def take(case_id: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Take a case: its letters go to you."""
    case, by = _change(case_id, key_file, common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import case_line

    show(case_line(actions.take(case, by=by, at=now())), common)


@app.command
def serve(case_id: str, *, note: str = "", key_file: KeyFile = None, common: Common = Common()) -> None:
    """Serve the notice.

    Parameters
    ----------
    note
        A word before the findings.
    """
    case, by = _change(case_id, key_file, common)
    from piepowder.rooms.enforcement import actions

    notice = actions.serve(case, by=by, at=now(), note=note)
    show({"id": notice.id, "title": notice.title, "text": notice.text, "served_at": notice.served_at}, common)


@app.command
def withdraw(case_id: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """There is nothing in it; a subject who was told of the case is told this as well."""
    case, by = _change(case_id, key_file, common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import case_line

    show(case_line(actions.withdraw(case, because=reason, by=by, at=now())), common)


@app.command
def extend(case_id: str, until: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Give more time to answer, once, at most 14 days more; the subject takes it with a key of its own.

    Parameters
    ----------
    until
        A date, or `14d` from now.
    """
    open_rooms(common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import case_line
    from piepowder.rooms.ground.caller import Permission

    case = _case(case_id)
    by = acting(key_file, Permission.GOVERN, own=case.developer_id or case.subject)
    end = moment(until, now())
    if end is None:
        raise PiepowderError("cli_moment_malformed", f"`{until}` is no moment")
    show(case_line(actions.extend(case, end, because=reason, by=by, at=now())), common)


@app.command
def write(case_id: str, text: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Write a message on a case; with a key of the subject it is the subject's."""
    open_rooms(common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import message_line
    from piepowder.rooms.ground.caller import Permission

    case = _case(case_id)
    by = acting(key_file, Permission.GOVERN, own=case.developer_id or case.subject)
    show(message_line(actions.say(case, text, by=by, at=now())), common)


@app.command
def decide(
    case_id: str,
    because: str,
    *,
    uphold: Several = [],  # noqa: B006 # cyclopts reads the default, nobody changes it
    dismiss: Several = [],  # noqa: B006
    measure: Measure | None = None,
    departs: str = "",
    until: Several = [],  # noqa: B006
    days: int | None = None,
    key_file: KeyFile = None,
    common: Common = Common(),
) -> None:
    """Decide each finding and the measure; a heavy one waits for a second person.

    Parameters
    ----------
    because
        Why; the subject reads it.
    uphold
        `fnd_…=why` for each finding that is upheld.
    dismiss
        `fnd_…=why` for each finding that is dismissed.
    measure
        Another one than the ladder's; it needs `--departs`.
    departs
        Why it departs from the ladder.
    until
        A condition that ends it: `assessed`, `deleted`, `changed` or `clean=30` (days without a new finding).
    days
        It ends by itself after so many days.
    """
    case, by = _change(case_id, key_file, common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import decision_line

    outcomes = {key: ("upheld", why) for key, why in map(_outcome, uphold)}
    outcomes |= {key: ("dismissed", why) for key, why in map(_outcome, dismiss)}
    conditions = [_condition(text) for text in until]
    given = {"measure": measure, "departs": departs, "conditions": conditions, "days": days}
    decision = actions.decide(case, outcomes, because=because, by=by, at=now(), **given)  # type: ignore[arg-type]
    show(decision_line(decision), common)


def _outcome(text: str) -> tuple[str, str]:
    key, _, why = text.partition("=")
    return key, why


def _condition(text: str) -> Condition:
    kind, _, days = text.partition("=")
    if kind not in set(ConditionKind) or (days and not days.isdigit()) or (kind == "clean" and not days):
        raise PiepowderError(
            "case_condition_wrong", f"`{text}` is no condition", hint="`assessed`, `deleted`, `changed` or `clean=30`"
        )
    return Condition(kind=ConditionKind(kind), days=int(days or 0))


@app.command
def confirm(decision_id: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Agree to a proposed decision (`dcs_…`) as the second person."""
    open_rooms(common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import decision_line
    from piepowder.rooms.enforcement.models import Decision
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    decision = Decision.objects.named(decision_id)
    show(decision_line(actions.confirm(decision, because=reason, by=by, at=now())), common)


@app.command
def reject(decision_id: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Do not agree to a proposed decision; the case waits for another one."""
    open_rooms(common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import decision_line
    from piepowder.rooms.enforcement.models import Decision
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    decision = Decision.objects.named(decision_id)
    show(decision_line(actions.reject(decision, because=reason, by=by, at=now())), common)


@app.command
def at_once(
    case_id: str, measure: Measure, reason: str, *, key_file: KeyFile = None, common: Common = Common()
) -> None:
    """An emergency measure: it holds now, and ends after 72 hours unless a second person confirms it."""
    case, by = _change(case_id, key_file, common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import sanction_line

    show(sanction_line(actions.act_at_once(case, measure, because=reason, by=by, at=now())), common)


@app.command
def confirm_emergency(sanction_id: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Confirm an emergency measure (`snc_…`) as the second person: it holds until the case is decided."""
    open_rooms(common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import sanction_line
    from piepowder.rooms.enforcement.models import Sanction
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    sanction = Sanction.objects.named(sanction_id)
    show(sanction_line(actions.confirm_emergency(sanction, because=reason, by=by, at=now())), common)


@app.command
def end_emergency(sanction_id: str, reason: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """End an emergency measure; the case goes on."""
    open_rooms(common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import sanction_line
    from piepowder.rooms.enforcement.models import Sanction
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    sanction = Sanction.objects.named(sanction_id)
    show(sanction_line(actions.end_emergency(sanction, because=reason, by=by, at=now())), common)


@app.command
def lift(
    sanction_id: str, condition: ConditionKind, reason: str, *, key_file: KeyFile = None, common: Common = Common()
) -> None:
    """Note that a condition of a measure is met; with the last one the measure ends."""
    open_rooms(common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import sanction_line
    from piepowder.rooms.enforcement.models import Sanction
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    sanction = Sanction.objects.named(sanction_id)
    show(sanction_line(actions.lift(sanction, condition, because=reason, by=by, at=now())), common)


@app.command
def hear(
    appeal_id: str,
    outcome: AppealStatus,
    reason: str,
    *,
    measure: Measure | None = None,
    key_file: KeyFile = None,
    common: Common = Common(),
) -> None:
    """Decide on an appeal (`apl_…`): `upheld`, `granted` or `changed`.

    Parameters
    ----------
    measure
        The lighter one, with `changed`.
    """
    open_rooms(common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import appeal_line
    from piepowder.rooms.enforcement.models import Appeal
    from piepowder.rooms.ground.caller import Permission

    by = acting(key_file, Permission.GOVERN)
    row = Appeal.objects.named(appeal_id)
    show(appeal_line(actions.hear(row, outcome, because=reason, measure=measure, by=by, at=now())), common)


def _case(case_id: str) -> "Case":
    from piepowder.rooms.enforcement.models import Case

    return Case.objects.named(case_id)


def _change(case_id: str, key_file: Path | None, common: Common) -> "tuple[Case, Actor]":
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission

    return _case(case_id), acting(key_file, Permission.GOVERN)
