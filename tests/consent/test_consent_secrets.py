from datetime import timedelta

import pytest

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.consent import actions
from piepowder.rooms.consent.models import ClientSecret
from piepowder.rooms.ground.actor import SYSTEM
from tests.support import consent as shop

pytestmark = pytest.mark.django_db


def _valid(desk: shop.Desk, *texts: str, after: timedelta = timedelta()) -> list[bool]:
    return [actions.presented_secret(desk.client, text, at=shop.now() + after) is not None for text in texts]


def test_old_and_new_secret_are_valid_together_for_a_week() -> None:
    """After a rotation both work at the token endpoint; a week later only the new one does."""
    desk = shop.open_desk(lasting=True)
    token = desk.refresh_token()
    new = actions.rotate_secret(desk.client, by=SYSTEM, at=shop.now())
    for secret in (desk.secret, new):
        credentials = {"client_id": desk.client.client_id, "client_secret": secret}
        assert shop.ask_token(grant_type="refresh_token", refresh_token=token, **credentials)[0] == 200
    assert _valid(desk, desk.secret, new, after=timedelta(days=7, minutes=1)) == [False, True]
    assert _valid(desk, new, after=timedelta(days=181)) == [False]


def test_never_more_than_two_secrets_are_valid() -> None:
    """A second rotation within the week ends the oldest secret at once."""
    desk = shop.open_desk(lasting=True)
    second = actions.rotate_secret(desk.client, by=SYSTEM, at=shop.now())
    third = actions.rotate_secret(desk.client, by=SYSTEM, at=shop.now())
    assert _valid(desk, desk.secret, second, third) == [False, True, True]
    assert ClientSecret.objects.valid(desk.client, shop.now()).count() == 2


def test_public_clients_have_no_secret() -> None:
    """A public client gets none and cannot rotate what it has not; nor can it keep a lasting refresh token."""
    desk = shop.open_desk(confidential=False)
    assert desk.secret == ""
    with pytest.raises(PiepowderError) as refused:
        actions.rotate_secret(desk.client, by=SYSTEM, at=shop.now())
    assert refused.value.code == "consent_client_has_no_secret"
    with pytest.raises(PiepowderError) as lasting:
        actions.register_client(desk.app, confidential=False, lasting=True, by=SYSTEM, at=shop.now())
    assert lasting.value.code == "consent_lasting_needs_secret"


def test_dubious_addresses_are_not_registered() -> None:
    """A client with a redirect address outside the rules is refused whole."""
    with pytest.raises(PiepowderError) as refused:
        actions.register_client(shop.make_app(), redirect_uris=("http://localhost/cb",), by=SYSTEM, at=shop.now())
    assert refused.value.code == "consent_redirect_refused"
