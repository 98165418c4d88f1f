"""Every URL of imports."""

from django.urls import path

from piepowder.rooms.imports import views

urlpatterns = [
    path("imports/", views.index, name="imports_index"),
    path("imports/start/", views.start, name="imports_start"),
    path("imports/<str:import_id>/", views.one, name="imports_one"),
    path("imports/<str:import_id>/report/", views.report, name="imports_report"),
    path("imports/<str:import_id>/run", views.run, name="imports_run"),
    path("imports/<str:import_id>/drop", views.drop, name="imports_drop"),
    path("imports/<str:import_id>/approve-modes", views.approve_modes, name="imports_approve_modes"),
    path("imports/<str:import_id>/roll-back", views.roll_back, name="imports_roll_back"),
]
