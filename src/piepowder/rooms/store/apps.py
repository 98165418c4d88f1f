from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "piepowder.rooms.store"
    label = "store"
