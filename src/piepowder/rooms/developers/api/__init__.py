"""Organisations and their identities for programs: of the marketplace, and of the organisations themselves."""

from piepowder.rooms.developers.api.identities import router as identities
from piepowder.rooms.developers.api.organisations import router

__all__ = ["identities", "router"]
