"""What is alleged: a finding with its evidence, innocent explanations and what would clear it. Pure.

Whoever accuses (a detector, an audit, a person of the marketplace, a complaint) fills in a `Finding` and reports it; the court never asks
who calls. Evidence is counted and leads to ledger records; it holds no personal data of buyers.
"""

from enum import StrEnum

from msgspec import Struct

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.enforcement.rules.cases import Severity

RECORDS_MAX, LINES_MAX, TEXT_MAX, SHORT_MAX = 50, 20, 4_000, 300


class SubjectKind(StrEnum):
    """Whom a case can be about; a bribe has two sides."""

    APP = "app"
    DEVELOPER = "developer"
    SELLER = "seller"
    STAFF = "staff"


PREFIXES = {
    SubjectKind.APP: "app_",
    SubjectKind.DEVELOPER: "dev_",
    SubjectKind.SELLER: "sel_",
    SubjectKind.STAFF: "acc_",
}


class Evidence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One counted fact. `of` is what it is counted among, 0 where there is no such number; `records` are ids of ledger records."""

    says: str
    count: int = 1
    of: int = 0
    records: tuple[str, ...] = ()


class Finding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rule` names what found it (`audits.finding`, `complaint`, a detector); `once` makes a repetition known."""

    rule: str
    subject_kind: SubjectKind
    subject: str
    severity: Severity
    clause: str  # of the policy or agreement that it breaks
    says: str
    evidence: tuple[Evidence, ...]
    innocent: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    policy_version: str = ""
    once: str = ""


def check(finding: Finding) -> None:
    """`enforcement_finding_incomplete`: an accusation without evidence, clause or a way to clear it is none."""
    wrong = _wrong(finding)
    if wrong:
        raise PiepowderError(
            "enforcement_finding_incomplete", wrong, hint="a finding says what, by which evidence, against which clause"
        )


def _wrong(finding: Finding) -> str:
    if not finding.subject.startswith(PREFIXES[finding.subject_kind]):
        return f"`{finding.subject}` is no {finding.subject_kind}"
    if not finding.says.strip() or not finding.clause.strip():
        return "a finding needs what was found, and the clause that it breaks"
    if not finding.evidence:
        return "a finding needs at least one piece of evidence"
    if not finding.clears:
        return "a finding says what would clear it"
    if len(finding.evidence) > LINES_MAX or any(len(one.records) > RECORDS_MAX for one in finding.evidence):
        return f"at most {LINES_MAX} pieces of evidence, each with at most {RECORDS_MAX} records"
    texts = (finding.says, *(one.says for one in finding.evidence), *finding.innocent, *finding.clears)
    if any(len(text) > TEXT_MAX for text in texts) or len(finding.clause) > SHORT_MAX:
        return f"a text of a finding has at most {TEXT_MAX} characters, its clause {SHORT_MAX}"
    return ""
