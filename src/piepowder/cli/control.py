"""Opens the rooms for a command: Django's settings from the command's own, then the database that runs."""

import os

import django

from piepowder.cli.options import Common
from piepowder.core.kernel.config import Settings
from piepowder.core.kernel.database import database_url


def open_rooms(common: Common) -> Settings:
    """After this a command may import and call the rooms. `kernel_database_not_running` if there is no database."""
    settings = common.settings()
    os.environ.update(settings.variables())
    os.environ["PIEPOWDER_DATABASE_URL"] = database_url(settings)
    os.environ["DJANGO_SETTINGS_MODULE"] = "piepowder.web.settings"
    django.setup()
    return settings
