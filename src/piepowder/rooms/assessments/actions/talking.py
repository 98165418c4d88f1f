"""The two sides of a case write to each other."""

from datetime import datetime

from django.db import transaction

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments import letters, promises
from piepowder.rooms.assessments.models import Assessment, Message
from piepowder.rooms.assessments.rules.status import Side
from piepowder.rooms.ground.actor import Actor, ActorKind
from piepowder.rooms.ground.ledger import record

BODY_MAX = 8000


@transaction.atomic
def write(assessment: Assessment, body: str, *, by: Actor, at: datetime, question: str = "") -> Message:
    """A message about a case, or about one of its questions. A developer's has a date by which it is answered; an answer ends that."""
    assessment = Assessment.objects.locked(assessment.id)
    body = body.replace("\r\n", "\n").strip()
    if not body:
        raise PiepowderError("assessments_message_empty", "there is no text in this message")
    if len(body) > BODY_MAX:
        raise PiepowderError(
            "assessments_message_long",
            f"the message has {len(body):,} characters; {BODY_MAX:,} fit",
            hint="send it in two",
        )
    if question:
        assessment.asked.question(question)
    side = Side.DEVELOPER if by.kind is ActorKind.DEVELOPER else Side.MARKETPLACE
    twice = assessment.messages.order_by("-id").first()
    if twice is not None and (twice.body, twice.side, twice.question) == (body, side, question):
        return twice  # a form that was sent twice
    due = promises.answered_by(at) if side is Side.DEVELOPER else None
    message = Message.objects.create(
        assessment=assessment,
        side=side,
        question=question,
        body=body,
        written_at=at,
        written_by=str(by),
        answer_due_at=due,
    )
    if side is Side.MARKETPLACE:
        assessment.messages.exclude(answer_due_at=None).update(answer_due_at=None)
    detail = {"assessment": assessment.id, "message": message.id, "side": side, "question": question}
    record("assessments.write", by=by, at=at, developer=assessment.developer_id, detail=detail)
    letters.written(message, at=at)
    return message
