"""The control plane as an ASGI application: `uvicorn piepowder.web.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

from piepowder.core.kernel.errors import ErrorKind, PiepowderError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")

# Without a lasting key every process would sign sessions with its own, and the second one would sign everybody out.
if not os.environ.get("PIEPOWDER_SECRET_KEY"):
    raise PiepowderError(
        "web_secret_key_missing",
        "`PIEPOWDER_SECRET_KEY` is not set",
        hint="`piepowder up` derives one from the key folder; set one where you start the server yourself",
        kind=ErrorKind.UNAVAILABLE,
    )

application = get_asgi_application()
