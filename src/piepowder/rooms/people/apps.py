from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "piepowder.rooms.people"
    label = "people"
