"""Django's settings for the control plane. Every choice comes from `core.kernel.config`: one file and the environment.

Django's own admin is not installed: there is no second way in. Without a running database the settings still load, so
that checks and migrations can be looked at; whoever asks the database then is told that none is running.
"""

import secrets
from pathlib import Path

from csp.constants import NONE, SELF

from piepowder.core.kernel.config import Settings, load
from piepowder.core.kernel.database import database_url
from piepowder.core.kernel.errors import PiepowderError
from piepowder.web.database import NO_DATABASE, database_from_url
from piepowder.web.settings_mail import *  # noqa: F403
from piepowder.web.settings_sign_in import *  # noqa: F403
from piepowder.web.settings_sign_in import SIGN_IN_APPS

WEB = Path(__file__).resolve().parent


PIEPOWDER: Settings = load()  # rooms read it as `django.conf.settings.PIEPOWDER`


def _database_url() -> str:
    try:
        return database_url(PIEPOWDER)
    except PiepowderError:
        return NO_DATABASE


PUBLIC_URL = PIEPOWDER.public_url
DEBUG = PIEPOWDER.debug
# A key of its own for commands and checks, which sign nothing that outlives them; `asgi.py` insists on a lasting one.
SECRET_KEY = PIEPOWDER.secret_key or secrets.token_urlsafe(48)
ALLOWED_HOSTS = [host.strip() for host in PIEPOWDER.hosts.split(",") if host.strip()]
DATABASES = {"default": database_from_url(_database_url())}
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
    "django.forms",
    "django_filters",
    "django_htmx",
    "django_tables2",
    "ninja",
    *SIGN_IN_APPS,
    "piepowder.rooms.ground",
    "piepowder.rooms.people",
    "piepowder.rooms.evidence",
    "piepowder.rooms.publication",
    "piepowder.rooms.standing",
    "piepowder.rooms.notices",
    "piepowder.rooms.developers",
    "piepowder.rooms.assessments",
    "piepowder.rooms.audits",
    "piepowder.rooms.appstore",
    "piepowder.rooms.billing",
    "piepowder.rooms.store",
    "piepowder.rooms.consent",
    "piepowder.rooms.enforcement",
    "piepowder.rooms.records",
    "piepowder.rooms.imports",
]

# Every model of the toolkit that is used here is swapped for one of `consent`; its 22 migrations would only cost time.
MIGRATION_MODULES = {"oauth2_provider": None}

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
    "django_htmx.middleware.HtmxMiddleware",
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
                "piepowder.web.navigation.shell",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # forms in our own look, allauth's as well
DJANGO_TABLES2_TEMPLATE = "table.html"
DJANGO_TABLES2_TABLE_ATTRS: dict[str, str] = {}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = PIEPOWDER.static_root or None
STATICFILES_DIRS = [path for path in [WEB / "static"] if path.is_dir()]
WHITENOISE_USE_FINDERS = True  # serves from the package itself: an installed wheel needs no collectstatic

SECURE_COOKIES = PIEPOWDER.secure_cookies
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
# What may be kept as evidence never lies on disk in plain text; only what is too large for it anyway would.
FILE_UPLOAD_MAX_MEMORY_SIZE = PIEPOWDER.evidence_bytes_max + DATA_UPLOAD_MAX_MEMORY_SIZE
