"""Every URL of the console."""

from django.urls import path

from piepowder.web.views import apps, console, records

urlpatterns = [
    path("", console.home, name="console_home"),
    path("theme", console.theme, name="console_theme"),
    path("grants/", console.grants, name="console_grants"),
    path("policy/", console.policy, name="console_policy"),
    path("ledger/", records.index, name="console_records"),
    path("ledger/<str:name>/", records.one, name="console_record"),
    path("my/apps/<str:grant_id>/reads", records.mine, name="console_my_reads"),
    path("apps/", apps.index, name="console_apps"),
    path("apps/<str:app_id>/", apps.one, name="console_app"),
    path("apps/<str:app_id>/standing", apps.set_standing, name="console_app_standing"),
]
