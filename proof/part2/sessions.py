"""`python -m proof.part2.sessions ACCOUNT…`: signs accounts in as the console would, prints account -> session cookie as JSON."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")
django.setup()

from django.test import Client  # noqa: E402

from piepowder.core.kernel import json  # noqa: E402
from piepowder.rooms.people.models import Account  # noqa: E402


def cookie(name: str) -> str:
    browser = Client()
    browser.force_login(Account.objects.named(name), backend="django.contrib.auth.backends.ModelBackend")
    return str(browser.cookies["piepowder_session"].value)


if __name__ == "__main__":
    sys.stdout.write(json.encode({name: cookie(name) for name in sys.argv[1:]}).decode() + "\n")
