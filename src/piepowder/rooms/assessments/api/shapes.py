"""What the API sends about assessments."""

from typing import Annotated, Any

from ninja import Schema
from pydantic import StringConstraints

from piepowder.rooms.ground.doors import Moment, Sent

LongProse = Annotated[str, StringConstraints(max_length=8000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]


class BeginSent(Sent):
    developer: str = ""
    roles: list[str]


class RolesSent(Sent):
    roles: list[str]


class AnswersSent(Sent):
    """A file of answers: `roles` and `answers` are read, the other members are what an export says besides."""

    answers: dict[str, Any]
    roles: list[str] | None = None
    assessment: str = ""
    questionnaire: str = ""
    version: str = ""
    exported_at: str = ""


class AnswerSent(Sent):
    value: Any = None
    note: LongProse | None = None
    revision: int | None = None


class DocumentSent(Sent):
    document: str


class MessageSent(Sent):
    body: LongProse
    question: str = ""


class ReReviewSent(Sent):
    request: LongProse


class AssignSent(Sent):
    reviewer: str


class DecisionSent(Sent):
    """`seen`: the `stamp` of the decision that you read, empty for none; another one since is a conflict."""

    word: str
    reason: LongProse = ""
    fix: LongProse = ""
    clause: str = ""
    seen: str | None = None


class ConclusionSent(Sent):
    outcome: str = ""
    roles: list[str] | None = None
    reason: LongProse = ""


class AssessmentShown(Schema):
    id: str
    developer: str
    questionnaire: str
    version: str
    status: str
    moves: str
    roles: list[str]
    roles_approved: list[str]
    valid_until: Moment | None
    due_at: Moment | None
    reason: str
    renews: str
    begun_at: Moment
    changed_at: Moment


class GapShown(Schema):
    question: str
    kind: str
    says: str


class FindingShown(Schema):
    question: str
    score: str
    says: str
    fix: str
    clause: str
    blocks: list[str]


class RoleShown(Schema):
    role: str
    title: str
    supported: bool
    blocked_by: list[str]


class OutlookShown(Schema):
    percent: int
    complete: bool
    questions: int
    answered: int
    gaps: list[GapShown]
    findings: list[FindingShown]
    roles: list[RoleShown]
    newer_version: str
    place: int | None


class ProofShown(Schema):
    id: str
    name: str = ""
    sha256: str = ""
    expires_on: str = ""


class AnswerShown(Schema):
    question: str
    value: Any = None
    note: str
    evidence: list[ProofShown]
    revision: int
    changed_at: Moment
    changed_by: str


class SubmissionShown(Schema):
    id: str
    assessment: str
    number: int
    occasion: str
    request: str
    roles: list[str]
    submitted_at: Moment
    promised_at: Moment
    breached_at: Moment | None
    reviewer: str
    concluded_at: Moment | None
    outcome: str
    reason: str
    roles_approved: list[str]
    wait_days: int | None
    proposed_outcome: str
    proposed_roles: list[str]
    proposed_at: Moment | None
    confirmed_by: str


class DecisionShown(Schema):
    question: str
    word: str
    reason: str
    fix: str
    clause: str
    kept: bool
    decided_at: Moment
    stamp: str


class RoundShown(SubmissionShown):
    decisions: list[DecisionShown]


class MessageShown(Schema):
    id: str
    side: str
    question: str
    body: str
    written_at: Moment
    answer_due_at: Moment | None


class WaitShown(Schema):
    count: int
    median: int | None
    p90: int | None
    promised: int


class WaitsShown(Schema):
    assessments: WaitShown
    corrections: WaitShown


class ChangedShown(Schema):
    changed: list[str]


class ReviewLineShown(Schema):
    question: str
    ask: str
    clause: str
    value: Any = None
    note: str
    evidence: list[ProofShown]
    score: str | None
    finding: FindingShown | None
    suggested: str
    decision: DecisionShown | None


class ReviewShown(Schema):
    submission: SubmissionShown
    proposed: str
    roles: list[str]
    undecided: list[str]
    lines: list[ReviewLineShown]


class SubProcessorShown(Schema):
    name: str
    service: str
    country: str
    mechanism: str


class LegalFactsShown(Schema):
    controller_or_processor: str
    purposes: list[str]
    legal_basis: dict[str, str]
    sub_processors: list[SubProcessorShown]
    countries: list[str]
    retention_days: dict[str, int]


class ApprovalShown(Schema):
    developer: str
    roles: list[str]
    legal_facts: LegalFactsShown | None


class DeclineSent(Sent):
    reason: LongProse


class StatementShown(Schema):
    statement: str
    text: str
    source: str
    missing: str


class PartShown(Schema):
    title: str
    article: str
    statements: list[StatementShown]


class MissingShown(Schema):
    part: str
    statement: str
    says: str


class ExportShown(Schema):
    title: str
    developer: str
    assessment: str
    questionnaire: str
    approved_at: str
    made_at: str
    parts: list[PartShown]
    missing: list[MissingShown]
