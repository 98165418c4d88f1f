import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.actor import SYSTEM, ActorKind
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people import actions, rules
from piepowder.rooms.people.doors import caller_of
from piepowder.rooms.people.models import ApiKey, Seller
from piepowder.rooms.people.rules import KeyRole
from tests.support.consent import make_seller, now, sign_in_seller
from tests.support.pages import problems

DEVELOPER = "dev_01jd0000000000000000000000"


def key_of_developer(**more: Any) -> tuple[ApiKey, str]:
    given: dict[str, Any] = {
        "name": "nightly import",
        "role": KeyRole.DEVELOPER,
        "developer": DEVELOPER,
        "by": SYSTEM,
        "at": now(),
    }
    return actions.create_key(**(given | more))


def client(secret: str) -> Browser:
    return Browser(headers={"authorization": f"Bearer {secret}"})


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N")), min_size=32, max_size=60), st.data())
def test_a_mistyped_key_is_known_by_its_checksum(random: str, data: st.DataObject) -> None:
    """Any single letter changed makes it no key; scanners find it by prefix and sum."""
    key = rules.key_text(random)
    assert rules.is_key(key)
    place = data.draw(st.integers(4, len(key) - 1))
    other = "x" if key[place] != "x" else "y"
    changed = key[:place] + other + key[place + 1 :]
    assert len(changed) == 47 or not rules.is_key(changed)


@pytest.mark.parametrize("text", ["", "ppk_", "ppk_é" + "a" * 48, "sk_" + "a" * 50, "ppk_" + "a" * 49])
def test_other_text_is_no_key(text: str) -> None:
    """What has not the whole form of a key is not even looked up."""
    assert not rules.is_key(text)


@pytest.mark.django_db
def test_a_developers_key_reaches_that_developer_only() -> None:
    """It acts as the developer's program, and has no permission of staff."""
    key, secret = key_of_developer()
    caller = caller_of(secret)
    assert caller is not None
    assert (caller.actor.kind, caller.actor.id) == (ActorKind.DEVELOPER, key.id)
    assert (caller.developer, caller.seller, caller.permissions) == (DEVELOPER, "", frozenset({Permission.DEVELOP}))
    assert client(secret).get("/api/sellers").status_code == 403
    assert client(secret).get("/api/keys?holder=dev_02").status_code == 404


@pytest.mark.django_db
def test_a_sellers_key_ends_with_the_shop() -> None:
    """A shop that the marketplace closed has no key that works; one that is open again has."""
    seller = make_seller()
    _, secret = actions.create_key(name="erp", role=KeyRole.SELLER, seller=seller.id, by=SYSTEM, at=now())
    caller = caller_of(secret)
    assert caller is not None
    assert (caller.developer, caller.seller) == ("", seller.id)
    given: dict[str, Any] = {"marketplace_id": seller.marketplace_id, "name": seller.name, "by": SYSTEM, "at": now()}
    actions.provision_seller(**given, active=False)
    assert caller_of(secret) is None
    actions.provision_seller(**given)
    assert caller_of(secret) is not None


@pytest.mark.django_db
def test_a_key_ends_by_its_date() -> None:
    """Valid until then and not after; never for more than two years."""
    key, secret = key_of_developer(expires_at=now() + timedelta(days=1))
    assert caller_of(secret) is not None
    ApiKey.objects.filter(pk=key.pk).update(expires_at=now() - timedelta(seconds=1))
    assert caller_of(secret) is None
    for days in (-1, 0, 731):
        at = now()
        with pytest.raises(PiepowderError) as raised:
            key_of_developer(expires_at=at + timedelta(days=days), at=at)
        assert raised.value.code == "people_key_expiry_wrong"


@pytest.mark.django_db
def test_when_a_key_was_used_is_kept() -> None:
    """To five minutes, without a write for every call."""
    key, secret = key_of_developer()
    caller_of(secret)
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    caller_of(secret)
    assert first is not None
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"role": KeyRole.OPERATOR}, "people_key_role_wrong"),
        ({"developer": "", "role": KeyRole.DEVELOPER}, "people_key_role_wrong"),
        ({"developer": "sel_1"}, "people_key_holder_wrong"),
        ({"name": " \n "}, "people_key_name_missing"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(fields: dict[str, Any], code: str) -> None:
    """No developer gets a key of the marketplace, by no mistake."""
    with pytest.raises(PiepowderError) as raised:
        key_of_developer(**fields)
    assert raised.value.code == code


@pytest.mark.django_db
def test_keys_by_api() -> None:
    """A developer's program lists, makes and revokes keys of its own, and nobody else's."""
    key, secret = key_of_developer(expires_at=now() + timedelta(days=30))
    other, _ = key_of_developer(developer="dev_02")
    own = client(secret)
    made = own.post("/api/keys", {"name": "second"}, content_type="application/json")
    assert made.status_code == 201
    assert caller_of(made.json()["key"]) is not None
    assert made.json()["expires_at"][:10] == f"{key.expires_at:%Y-%m-%d}"
    shown = own.get("/api/keys").json()
    assert [one["name"] for one in shown] == ["second", "nightly import"]
    assert "key" not in shown[0]
    assert own.post(f"/api/keys/{other.id}/revoke").status_code == 404
    assert own.post("/api/keys", {"name": "x", "holder": "dev_02"}, content_type="application/json").status_code == 404
    sent = {"name": "x", "role": "operator"}
    assert own.post("/api/keys", sent, content_type="application/json").status_code == 422
    assert own.post(f"/api/keys/{key.id}/revoke").json()["revoked_at"]
    assert own.get("/api/keys").status_code == 401


@pytest.mark.django_db
def test_operators_make_keys_by_api(api: Browser, auditor_api: Browser) -> None:
    """For anybody; an auditor sees that there are keys, and makes none."""
    sent = {"name": "for them", "holder": DEVELOPER}
    assert api.post("/api/keys", sent, content_type="application/json").json()["role"] == "developer"
    assert api.post("/api/keys", {"name": "x"}, content_type="application/json").status_code == 422
    sent = {"name": "reads", "role": "auditor"}
    assert api.post("/api/keys", sent, content_type="application/json").status_code == 201
    assert auditor_api.post("/api/keys", sent, content_type="application/json").status_code == 403
    assert "reads" in [one["name"] for one in auditor_api.get("/api/keys").json()]


@pytest.mark.django_db
def test_a_closing_ends_every_key() -> None:
    """Of that holder, and of no other."""
    _, first = key_of_developer()
    _, second = key_of_developer()
    _, other = key_of_developer(developer="dev_02")
    assert actions.revoke_keys_of(DEVELOPER, by=SYSTEM, at=now()) == 2
    assert [caller_of(secret) is not None for secret in (first, second, other)] == [False, False, True]


@pytest.mark.django_db
def test_there_is_an_end_to_keys() -> None:
    """The fifty-first key of one holder is refused until one is revoked."""
    for _ in range(50):
        key, _secret = key_of_developer()
    with pytest.raises(PiepowderError) as raised:
        key_of_developer()
    assert raised.value.code == "people_keys_too_many"
    actions.revoke_key(key, by=SYSTEM, at=now())
    key_of_developer()


def _new(browser: Browser, **fields: str) -> Any:
    return browser.post("/keys/new", {"name": "nightly import", "days": "365", **fields})


@pytest.mark.django_db
def test_a_seller_makes_and_ends_a_key_on_a_page() -> None:
    """It is shown once, works at once, and ends with a button."""
    seller: Seller = make_seller()
    browser = sign_in_seller(seller)
    assert problems(browser.get("/keys/").content.decode()) == []
    assert problems(browser.get("/keys/new").content.decode()) == []
    page = _new(browser, name="<b>erp</b>")
    text = page.content.decode()
    assert (page.status_code, problems(text)) == (201, [])
    secret = re.search(r'class="secret">(ppk_[\w-]+)<', text)
    assert secret is not None
    caller = caller_of(secret[1])
    assert caller is not None
    assert caller.seller == seller.id
    listed = browser.get("/keys/").content.decode()
    assert secret[1] not in listed
    assert "&lt;b&gt;erp&lt;/b&gt;" in listed
    assert problems(listed) == []
    key = ApiKey.objects.get()
    stranger = sign_in_seller(make_seller("Old Mill Teas"))
    assert stranger.post(f"/keys/{key.id}/revoke").status_code == 404
    assert browser.post(f"/keys/{key.id}/revoke").status_code == 302
    assert "was revoked before" in browser.post(f"/keys/{key.id}/revoke", follow=True).content.decode()
    assert caller_of(secret[1]) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "a\u202eb"}, {"name": "x" * 201}, {"days": "7"}, {"days": "x"}]
)
def test_a_wrong_form_makes_no_key(fields: dict[str, str]) -> None:
    """The fault is at its field, and what was typed is still there."""
    page = _new(sign_in_seller(make_seller()), **fields)
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    assert not ApiKey.objects.exists()


@pytest.mark.django_db
def test_an_operator_makes_keys_of_the_marketplace() -> None:
    """With a role; a seller's form has none, whatever is sent along."""
    staff = Browser()
    account = actions.create_staff(email="rita@market.example", by=SYSTEM, at=now())
    staff.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    assert problems(staff.get("/keys/new").content.decode()) == []
    assert _new(staff, role="auditor").status_code == 201
    assert ApiKey.objects.get().role == "auditor"
    _new(sign_in_seller(make_seller()), role="operator")
    assert ApiKey.objects.exclude(seller=None).get().role == "seller"
