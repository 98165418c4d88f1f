"""How mail leaves: by the server of `mail_url`, else as files in the data folder; `settings.py` takes it over whole."""

from urllib.parse import unquote, urlsplit

from piepowder.core.kernel.config import load, mail_domain

_CHOSEN = load()
_SERVER = urlsplit(_CHOSEN.mail_url)

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if _CHOSEN.mail_url
    else "piepowder.rooms.ground.mail_files.FilesBackend"
)
EMAIL_HOST = _SERVER.hostname or "localhost"
EMAIL_PORT = _SERVER.port or {"smtps": 465, "smtp+starttls": 587}.get(_SERVER.scheme, 25)
EMAIL_HOST_USER = unquote(_SERVER.username or "")
EMAIL_HOST_PASSWORD = unquote(_SERVER.password or "")
EMAIL_USE_SSL = _SERVER.scheme == "smtps"
EMAIL_USE_TLS = _SERVER.scheme == "smtp+starttls"
EMAIL_TIMEOUT = 20
EMAIL_FILE_PATH = str(_CHOSEN.data / "mail")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _CHOSEN.mail_from
MAIL_DOMAIN = mail_domain(_CHOSEN.public_url)  # of message ids
