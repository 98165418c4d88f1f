from django.apps import AppConfig


class DevelopersConfig(AppConfig):
    name = "piepowder.rooms.developers"
    label = "developers"
