from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "piepowder.rooms.imports"
    label = "imports"
