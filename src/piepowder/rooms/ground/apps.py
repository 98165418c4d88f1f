from django.apps import AppConfig


class GroundConfig(AppConfig):
    name = "piepowder.rooms.ground"
    label = "ground"
