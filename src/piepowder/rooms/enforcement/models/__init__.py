"""Tables of the court, and their named reads."""

from piepowder.rooms.enforcement.models.cases import Answer, Case, Finding, Message, Notice
from piepowder.rooms.enforcement.models.measures import Appeal, Decision, Sanction

__all__ = ["Answer", "Appeal", "Case", "Decision", "Finding", "Message", "Notice", "Sanction"]
