"""The JSON API of apps and of their versions: for the marketplace's keys, and for a developer's own where that is said."""

from piepowder.rooms.appstore.api.app import router as apps
from piepowder.rooms.appstore.api.versions import router as versions

__all__ = ["apps", "versions"]
