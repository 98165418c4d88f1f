from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "piepowder.rooms.notices"
    label = "notices"
