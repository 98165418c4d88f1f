"""Apps, their versions and reviews, changes of mode, the date by which apps have to be approved."""

from piepowder.rooms.appstore.models.app import App, AppQuerySet, ModeChange, ModeChangeQuerySet
from piepowder.rooms.appstore.models.deadlines import Deadline
from piepowder.rooms.appstore.models.versions import AppVersion, AppVersionQuerySet, Review

__all__ = [
    "App",
    "AppQuerySet",
    "AppVersion",
    "AppVersionQuerySet",
    "Deadline",
    "ModeChange",
    "ModeChangeQuerySet",
    "Review",
]
