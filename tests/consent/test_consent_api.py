import pytest
from django.test import Client as Browser

from piepowder.core.kernel import json
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.ground.actor import SYSTEM
from tests.support import consent as shop

pytestmark = pytest.mark.django_db


def _post(api: Browser, path: str, body: object) -> tuple[int, dict[str, object]]:
    answer = api.post(path, json.encode(body), content_type="application/json")
    return answer.status_code, answer.json()


def test_an_operator_provisions_narrows_and_revokes(api: Browser) -> None:
    """The twins of `piepowder grant`: credentials that work, then less, then nothing."""
    app, seller = shop.make_app(), shop.make_seller()
    status, made = _post(api, "/api/grants", {"app": app.id, "seller": seller.marketplace_id})
    assert status == 201
    assert (made["seller"], made["purposes"], made["narrowed"]) == (seller.id, ["shipping", "tax"], None)
    fields = {name: str(made[name]) for name in ("client_id", "client_secret", "refresh_token")}
    assert shop.ask_token(grant_type="refresh_token", **fields)[0] == 200

    second = _post(api, "/api/grants", {"app": app.id, "seller": shop.make_seller().id})[1]
    assert second["client_id"] == made["client_id"]
    assert second["client_secret"] is None

    status, less = _post(api, f"/api/grants/{made['id']}/narrow", {"purposes": ["tax"]})
    assert (status, less["purposes"]) == (200, ["tax"])
    status, wider = _post(api, f"/api/grants/{made['id']}/narrow", {"purposes": ["shipping"]})
    assert (status, wider["code"]) == (409, "consent_narrow_widens")
    status, less = _post(api, f"/api/grants/{made['id']}/narrow", {"narrowed": {"tax": ["buyer.tax_id"]}})
    assert (status, less["narrowed"]) == (200, {"tax": ["buyer.tax_id"]})
    both = {"narrowed": {"tax": []}, "categories": ["buyer.tax_id"]}
    assert _post(api, f"/api/grants/{made['id']}/narrow", both)[1]["code"] == "consent_narrowed_twice"
    asked = api.get(f"/api/grants/{made['id']}/asked").json()
    assert (asked["version"], sorted(asked["purposes"])) == (made["version"], ["shipping", "tax"])
    choice = {"purposes": ["shipping"], "read": asked["version"]}
    status, again = _post(api, f"/api/grants/{made['id']}/choose", choice)
    assert (status, again["purposes"], again["narrowed"]) == (200, ["shipping"], None)
    assert _post(api, f"/api/grants/{made['id']}/refuse-more", {})[1]["code"] == "consent_request_none"
    assert _post(api, f"/api/grants/{made['id']}/renew", {})[0] == 200
    assert len(api.get("/api/grants", {"app": app.id}).json()) == 2

    status, ended = _post(api, f"/api/grants/{made['id']}/revoke", {"reason": "a test"})
    assert (status, ended["status"], ended["end_reason"]) == (200, "revoked", "a test")
    assert shop.ask_token(grant_type="refresh_token", **fields)[1]["error_description"] == "consent_grant_revoked"
    assert _post(api, f"/api/grants/{made['id']}/revoke", {})[0] == 409


def test_clients_are_registered_and_their_secrets_rotated(api: Browser) -> None:
    """A client's secret is shown when it is made and when it is rotated, and never again."""
    app = shop.make_app()
    sent = {"app": app.id, "redirect_uris": [shop.RETURN_TO]}
    status, made = _post(api, "/api/clients", sent)
    assert status == 201
    assert made["client_id"] == app.client_id
    status, again = _post(api, f"/api/clients/{made['client_id']}/rotate-secret", {})
    assert status == 200
    assert again["client_secret"] not in ("", made["client_secret"])
    assert (
        _post(api, "/api/clients", {**sent, "redirect_uris": ["http://a.example/"]})[1]["code"]
        == "consent_redirect_refused"
    )
    assert _post(api, "/api/clients/client_unknown/rotate-secret", {})[0] == 404


def test_permissions_are_asked_for(auditor_api: Browser) -> None:
    """An auditor reads grants and changes none; without a key nothing is shown."""
    grant = shop.open_desk().grant()
    assert auditor_api.get(f"/api/grants/{grant.id}").json()["id"] == grant.id
    assert _post(auditor_api, f"/api/grants/{grant.id}/revoke", {})[0] == 403
    assert Browser().get("/api/grants").status_code == 401


def test_a_choice_names_the_version_that_was_read(api: Browser) -> None:
    """As on the page: nobody allows what was not before them, and who does not say what they read is told so."""
    desk = shop.open_desk()
    grant, app = desk.grant(), desk.app
    read = api.get(f"/api/grants/{grant.id}/asked").json()["version"]
    appstore.add_version(app, shop.MANIFEST, by=SYSTEM, at=shop.now())
    status, answer = _post(api, f"/api/grants/{grant.id}/choose", {"purposes": ["tax"], "read": read})
    assert (status, answer["code"]) == (409, "consent_version_changed")
    status, answer = _post(api, "/api/grants", {"app": app.id, "seller": grant.seller_id, "read": read})
    assert (status, answer["code"]) == (409, "consent_version_changed")
    status, answer = _post(api, f"/api/grants/{grant.id}/choose", {"purposes": ["tax"]})
    assert status == 422
    assert "'read'" in str(answer["errors"])
    read = api.get(f"/api/grants/{grant.id}/asked").json()["version"]
    assert _post(api, f"/api/grants/{grant.id}/choose", {"purposes": ["tax"], "read": read})[0] == 200
