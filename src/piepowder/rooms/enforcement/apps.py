from django.apps import AppConfig


class EnforcementConfig(AppConfig):
    name = "piepowder.rooms.enforcement"
    label = "enforcement"
