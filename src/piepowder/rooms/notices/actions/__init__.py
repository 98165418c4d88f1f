"""The verbs of letters: a room tells, whoever it concerns reads, the clock mails."""

from piepowder.rooms.notices.actions.letters import read, read_all, tell
from piepowder.rooms.notices.actions.mailing import mail_due, send_again

__all__ = ["mail_due", "read", "read_all", "send_again", "tell"]
