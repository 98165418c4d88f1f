"""Every URL of this room."""

from django.urls import path

from piepowder.rooms.appstore.views import desk, editor, mine, versions

_VERSION = "developer/apps/<str:app_id>/versions/<str:version_id>/"

urlpatterns = [
    path("apps/queue/", desk.queue, name="appstore_queue"),
    path("apps/deadline/", desk.deadline, name="appstore_deadline"),
    path("apps/versions/<str:version_id>/", desk.review, name="appstore_review"),
    path("apps/versions/<str:version_id>/take", desk.take, name="appstore_take"),
    path("apps/versions/<str:version_id>/give-back", desk.give_back, name="appstore_give_back"),
    path("apps/versions/<str:version_id>/decide", desk.decide, name="appstore_decide"),
    path("developer/apps/", mine.index, name="appstore_mine"),
    path("developer/apps/new", mine.new, name="appstore_new"),
    path("developer/apps/<str:app_id>/", mine.one, name="appstore_app"),
    path("developer/apps/<str:app_id>/change", mine.change, name="appstore_change"),
    path("developer/apps/<str:app_id>/under-way", mine.under_way, name="appstore_under_way"),
    path("developer/apps/<str:app_id>/versions/begin", versions.begin, name="appstore_begin"),
    path(_VERSION, versions.one, name="appstore_version"),
    *(
        path(f"{_VERSION}{verb}", versions.move, {"verb": verb}, name=f"appstore_{verb.replace('-', '_')}")
        for verb in versions.MOVES
    ),
    path(f"{_VERSION}release", versions.release, name="appstore_release"),
    path(f"{_VERSION}stop", versions.stop, name="appstore_stop"),
    path(f"{_VERSION}edit", editor.editor, name="appstore_editor"),
    path(f"{_VERSION}describe", editor.describe, name="appstore_describe"),
    path(f"{_VERSION}manifest.json", editor.file, name="appstore_manifest"),
    path(f"{_VERSION}purposes/<str:name>", editor.purpose, name="appstore_purpose"),
    path(f"{_VERSION}purposes/<str:name>/remove", editor.drop, name="appstore_drop_purpose"),
    path(f"{_VERSION}purposes/<str:name>/preview", editor.preview, name="appstore_preview"),
]
