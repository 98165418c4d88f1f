"""Assessments over the JSON API: `router` is what developers and staff call, reviews included."""

from piepowder.rooms.assessments.api.developer import router
from piepowder.rooms.assessments.api.exports import router as exports
from piepowder.rooms.assessments.api.reviewer import router as reviews

router.add_router("", reviews)
router.add_router("", exports)

__all__ = ["router"]
