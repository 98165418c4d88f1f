from django.apps import AppConfig


class AppstoreConfig(AppConfig):
    name = "piepowder.rooms.appstore"
    label = "appstore"
