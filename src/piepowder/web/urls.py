"""Every URL of the control plane, by explicit include: what is not named here cannot be reached."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from piepowder.web.wiring import api

urlpatterns: list[URLPattern | URLResolver] = [path("api/", api.urls)]

for room_urls in ("piepowder.rooms.consent.urls", "piepowder.web.views.urls"):
    if find_spec(room_urls.rpartition(".")[0]) and find_spec(room_urls):
        urlpatterns.append(path("", include(room_urls)))
