from django.apps import AppConfig


class AuditsConfig(AppConfig):
    name = "piepowder.rooms.audits"
    label = "audits"
