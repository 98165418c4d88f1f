from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "piepowder.rooms.evidence"
    label = "evidence"
