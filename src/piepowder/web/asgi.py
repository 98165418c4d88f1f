"""The control plane as an ASGI application: `uvicorn piepowder.web.asgi:application`."""

import os
import warnings

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connections

from piepowder.core.kernel.errors import ErrorKind, PiepowderError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "piepowder.web.settings")

# Without a lasting key every process would sign sessions with its own, and the second one would sign everybody out.
if not settings.PIEPOWDER.secret_key:
    raise PiepowderError(
        "web_secret_key_missing",
        "setting `secret_key` is empty",
        hint="`piepowder up` derives one from the key folder; set PIEPOWDER_SECRET_KEY where you start the server yourself",
        kind=ErrorKind.UNAVAILABLE,
    )

# whitenoise hands out its files synchronously, which Django takes for a mistake each time.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

# A PostgreSQL connection costs about as much as a whole page, and under ASGI each request would open its own.
connections.settings["default"]["OPTIONS"]["pool"] = {"min_size": 2, "max_size": 20, "timeout": 10}
connections.settings["default"]["CONN_HEALTH_CHECKS"] = True  # a database that was started anew left dead ones behind

application = get_asgi_application()
