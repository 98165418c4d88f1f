"""Every URL of this room."""

from django.urls import path

from piepowder.rooms.store.views import app, browse, desk, editor, ratings

urlpatterns = [
    path("store/", browse.browse, name="store_browse"),
    path("store/compare/", browse.compare, name="store_compare"),
    path("store/pictures/<str:screenshot_id>", app.picture, name="store_picture"),
    path("store/listings/", editor.overview, name="store_listings"),
    path("store/listings/<str:app_id>/", editor.editor, name="store_editor"),
    path("store/listings/<str:app_id>/begin", editor.begin, name="store_begin"),
    path("store/listings/<str:app_id>/stage", editor.stage, name="store_stage"),
    path("store/listings/<str:app_id>/screenshots", editor.add_screenshot, name="store_screenshots"),
    path(
        "store/listings/<str:app_id>/screenshots/<str:screenshot_id>", editor.change_screenshot, name="store_screenshot"
    ),
    *(
        path(f"store/listings/<str:app_id>/{verb}", editor.move, {"verb": verb}, name=f"store_{verb}")
        for verb in editor.MOVES
    ),
    path("store/desk/", desk.desk, name="store_desk"),
    path("store/desk/ratings/", desk.ratings, name="store_desk_ratings"),
    path("store/desk/ratings/<str:rating_id>", desk.judge, name="store_judge"),
    path("store/desk/<str:app_id>/", desk.one, name="store_desk_listing"),
    path("store/desk/<str:app_id>/move", desk.move, name="store_desk_move"),
    path("store/ratings/<str:rating_id>/reply", ratings.reply, name="store_reply"),
    path("store/ratings/<str:rating_id>/report", ratings.report, name="store_report"),
    path("store/<str:app_id>/", app.app_page, name="store_app"),
    path("store/<str:app_id>/rate", ratings.rate, name="store_rate"),
    path("store/<str:app_id>/withdraw-rating", ratings.withdraw, name="store_withdraw_rating"),
]
