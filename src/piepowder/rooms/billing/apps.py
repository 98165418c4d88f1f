from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "piepowder.rooms.billing"
    label = "billing"
