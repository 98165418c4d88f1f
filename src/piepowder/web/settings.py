"""Django's settings for the control plane, from the environment only. Django's own admin is not installed: no second way in.

| variable | meaning | default |
|---|---|---|
| `PIEPOWDER_DATABASE_URL` | PostgreSQL URL | a local server, database `piepowder` |
| `PIEPOWDER_SECRET_KEY` | signs sessions; the web server does not start without it | none |
| `PIEPOWDER_HOSTS` | host names the console answers to, comma-joined | `localhost,127.0.0.1,[::1]` |
| `PIEPOWDER_PUBLIC_URL` | where browsers reach the console | `http://127.0.0.1:8401` |
| `PIEPOWDER_SECURE_COOKIES` | `1`/`0`; cookies for HTTPS only | `1` when the public URL is HTTPS |
| `PIEPOWDER_DEBUG` | `1`: pages show errors in full; never in production | `0` |
"""

import os
import secrets
from pathlib import Path

from csp.constants import NONE, SELF

from piepowder.web.database import database_from_url
from piepowder.web.settings_sign_in import *  # noqa: F403
from piepowder.web.settings_sign_in import SIGN_IN_APPS

WEB = Path(__file__).resolve().parent


def _flag(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in ("1", "true", "yes", "on")


def _list(name: str, default: str) -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


PUBLIC_URL = os.environ.get("PIEPOWDER_PUBLIC_URL", "http://127.0.0.1:8401").rstrip("/")
DEBUG = _flag("PIEPOWDER_DEBUG", False)
# A key of its own for commands and checks, which sign nothing that outlives them; `asgi.py` insists on a lasting one.
SECRET_KEY = os.environ.get("PIEPOWDER_SECRET_KEY") or secrets.token_urlsafe(48)
ALLOWED_HOSTS = _list("PIEPOWDER_HOSTS", "localhost,127.0.0.1,[::1]")
DATABASES = {
    "default": database_from_url(os.environ.get("PIEPOWDER_DATABASE_URL", "postgresql://piepowder@127.0.0.1/piepowder"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "people.Account"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "ninja",
    *SIGN_IN_APPS,
    "piepowder.rooms.ground",
    "piepowder.rooms.people",
    "piepowder.rooms.publication",
    "piepowder.rooms.standing",
    "piepowder.rooms.developers",
    "piepowder.rooms.appstore",
    "piepowder.rooms.consent",
    "piepowder.rooms.records",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "piepowder.web.urls"
ASGI_APPLICATION = "piepowder.web.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [WEB / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("PIEPOWDER_STATIC_ROOT") or None
STATICFILES_DIRS = [path for path in [WEB / "static"] if path.is_dir()]
WHITENOISE_USE_FINDERS = True  # serves from the package itself: an installed wheel needs no collectstatic

SECURE_COOKIES = _flag("PIEPOWDER_SECURE_COOKIES", PUBLIC_URL.startswith("https://"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "piepowder_session"
CSRF_COOKIE_NAME = "piepowder_csrf"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
LOGGING_CONFIG = "logging.config.dictConfig"
