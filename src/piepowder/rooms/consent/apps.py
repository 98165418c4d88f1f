from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "piepowder.rooms.consent"
    label = "consent"
