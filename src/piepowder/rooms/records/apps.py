from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "piepowder.rooms.records"
    label = "records"
