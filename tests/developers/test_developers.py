from datetime import UTC, datetime

import pytest
from django.test import Client

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import create_staff
from piepowder.rooms.publication.models import Fact
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Standing

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def _register(name: str = "Label works", email: str = "office@example.com") -> Developer:
    return register_developer(name=name, contact_email=email, by=SYSTEM, at=AT)


@pytest.mark.django_db
def test_a_new_developer_may_do_nothing_yet() -> None:
    """Registration opens a pending standing, and the gateways are told that it permits nothing."""
    developer = _register()
    assert Subject.objects.named(developer.id).status == Standing.PENDING
    assert Fact.objects.get(kind="standing", key=developer.id).body == '{"capabilities":[],"slowed":false}'


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "email", "code"),
    [
        ("  ", "office@example.com", "developers_name_missing"),
        ("Label works", "office", "developers_email_malformed"),
        ("Label works", "", "developers_email_malformed"),
    ],
)
def test_a_developer_without_name_or_address_is_refused(name: str, email: str, code: str) -> None:
    """Letters must have somebody to reach, and nothing is half registered."""
    with pytest.raises(PiepowderError) as raised:
        _register(name, email)
    assert raised.value.code == code
    assert not Developer.objects.exists()


@pytest.mark.django_db
def test_two_developers_have_two_names() -> None:
    """A name that is in use is refused, with blanks around it as well."""
    _register()
    with pytest.raises(PiepowderError) as raised:
        _register(" Label works ")
    assert raised.value.code == "developers_name_taken"


@pytest.mark.django_db
def test_an_account_joins_once() -> None:
    """A person acts for a developer once, not twice."""
    developer, account = _register(), create_staff(email="somebody@example.com", by=SYSTEM, at=AT)
    add_member(developer, account, by=SYSTEM, at=AT, role="owner")
    with pytest.raises(PiepowderError) as raised:
        add_member(developer, account, by=SYSTEM, at=AT)
    assert raised.value.code == "developers_member_already"


@pytest.mark.django_db
def test_developers_by_api(api: Client) -> None:
    """A developer is registered, listed and shown with its standing."""
    sent = {"name": "Label works", "contact_email": "office@example.com", "standing": "good"}
    made = api.post("/api/developers", sent, content_type="application/json")
    assert (made.status_code, made.json()["standing"]) == (201, "good")
    assert api.get("/api/developers").json() == [made.json()]
    assert api.get(f"/api/developers/{made.json()['id']}").json() == made.json()
    assert api.post("/api/developers", sent, content_type="application/json").status_code == 409
    assert api.get("/api/developers/dev_unknown").json()["code"] == "developers_unknown"
