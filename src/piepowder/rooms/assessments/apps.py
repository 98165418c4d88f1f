from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "piepowder.rooms.assessments"
    label = "assessments"
