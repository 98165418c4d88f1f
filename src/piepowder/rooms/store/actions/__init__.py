"""The verbs of the store."""

from piepowder.rooms.store.actions.counting import count_due, sum_up
from piepowder.rooms.store.actions.listings import (
    edit_listing,
    look,
    open_listing,
    refresh_due,
    relist,
    stage,
    submit,
    unlist,
    withdraw,
)
from piepowder.rooms.store.actions.ratings import (
    change_reply,
    hide_rating,
    keep_rating,
    rate,
    report_rating,
    show_rating,
    withdraw_rating,
)
from piepowder.rooms.store.actions.review import accept, remove, restore, send_back
from piepowder.rooms.store.actions.screenshots import add_screenshot, move_screenshot, remove_screenshot
from piepowder.rooms.store.actions.uses import begin_use, end_use

__all__ = [
    "accept",
    "add_screenshot",
    "begin_use",
    "change_reply",
    "count_due",
    "edit_listing",
    "end_use",
    "hide_rating",
    "keep_rating",
    "look",
    "move_screenshot",
    "open_listing",
    "rate",
    "refresh_due",
    "relist",
    "remove",
    "remove_screenshot",
    "report_rating",
    "restore",
    "send_back",
    "show_rating",
    "stage",
    "submit",
    "sum_up",
    "unlist",
    "withdraw",
    "withdraw_rating",
]
