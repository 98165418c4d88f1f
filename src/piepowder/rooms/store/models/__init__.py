"""Tables of the store: listings and screenshots, who uses what, ratings, and what the ledger says that apps read."""

from piepowder.rooms.store.models.labels import Day, Label, Median, Place, Tally
from piepowder.rooms.store.models.listings import Listing, Screenshot, Use
from piepowder.rooms.store.models.ratings import Rating, Report

__all__ = ["Day", "Label", "Listing", "Median", "Place", "Rating", "Report", "Screenshot", "Tally", "Use"]
