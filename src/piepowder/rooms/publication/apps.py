from django.apps import AppConfig


class PublicationConfig(AppConfig):
    name = "piepowder.rooms.publication"
    label = "publication"
