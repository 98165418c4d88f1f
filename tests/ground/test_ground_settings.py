import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

from piepowder.web.database import database_from_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p%40ss@db.example:6432/name", ("db.example", "6432", "u", "p@ss", "name", {})),
        ("postgres://db.example/name?sslmode=require", ("db.example", "", "", "", "name", {"sslmode": "require"})),
        ("postgresql://u@/name?host=%2Frun%2Fpostgres&port=5", ("/run/postgres", "5", "u", "", "name", {})),
        ("postgresql://u@[::1]:7/name", ("::1", "7", "u", "", "name", {})),
    ],
)
def test_a_database_url_is_read_as_libpq_reads_it(url: str, expected: tuple[object, ...]) -> None:
    """Host, port, user, password, name and options come from their places, decoded."""
    entry = database_from_url(url)
    assert tuple(entry[name] for name in ("HOST", "PORT", "USER", "PASSWORD", "NAME", "OPTIONS")) == expected


def test_another_database_is_refused() -> None:
    """Piepowder speaks to PostgreSQL only."""
    with pytest.raises(ValueError, match="mysql"):
        database_from_url("mysql://localhost/name")


def test_there_is_no_second_way_in() -> None:
    """Django's admin is not installed."""
    assert not [name for name in settings.INSTALLED_APPS if "admin" in name]


@pytest.mark.django_db
def test_pages_carry_strict_headers(client: Client) -> None:
    """Every page forbids what it does not need: foreign scripts, frames, sniffing."""
    answer = client.get("/sign-in/")
    policy = answer["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer["x-frame-options"] == "DENY"
    assert answer["x-content-type-options"] == "nosniff"


def _serve(**variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIEPOWDER_")}
    command = [sys.executable, "-c", "from piepowder.web.asgi import application; from django.conf import settings as s;"
               "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0, s.DEBUG)"]  # fmt: skip
    return subprocess.run(command, env={**environment, **variables}, capture_output=True, text=True, check=False)


def test_the_server_refuses_to_start_without_a_lasting_key(tmp_path: object) -> None:
    """Sessions signed by a key of the moment would be void in the next process."""
    refused = _serve(PIEPOWDER_DATA=str(tmp_path))
    assert refused.returncode != 0
    assert "setting `secret_key` is empty" in refused.stderr


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [("https://console.example", "True True True False"), ("http://127.0.0.1:8401", "False False False False")],
)
def test_cookies_are_for_https_where_the_console_is(tmp_path: object, public_url: str, expected: str) -> None:
    """Behind HTTPS cookies never travel in the open; on loopback they must."""
    served = _serve(PIEPOWDER_DATA=str(tmp_path), PIEPOWDER_SECRET_KEY="x" * 50, PIEPOWDER_PUBLIC_URL=public_url)
    assert served.stdout.strip() == expected, served.stderr
