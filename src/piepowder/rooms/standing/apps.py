from django.apps import AppConfig


class StandingConfig(AppConfig):
    name = "piepowder.rooms.standing"
    label = "standing"
