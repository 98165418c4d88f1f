"""Every URL of the control plane, by explicit include: what is not named here cannot be reached."""

from django.urls import URLPattern, URLResolver, include, path

from piepowder.web.wiring import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api.urls),
    path("", include("piepowder.rooms.people.urls")),
    path("", include("piepowder.rooms.billing.urls")),
    path("", include("piepowder.rooms.imports.urls")),
    path("", include("piepowder.rooms.developers.urls")),
    path("", include("piepowder.rooms.store.urls")),
    path("", include("piepowder.rooms.consent.urls")),
    path("", include("piepowder.rooms.assessments.urls")),
    path("", include("piepowder.rooms.audits.urls")),
    path("", include("piepowder.rooms.enforcement.urls")),
    path("", include("piepowder.rooms.appstore.urls")),
    path("", include("piepowder.web.views.urls")),
]
