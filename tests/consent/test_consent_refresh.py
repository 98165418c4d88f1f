"""Hostile case 65: refresh tokens that rotate."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from piepowder.rooms.consent.models import RefreshToken
from tests.support import consent as shop


def _first(desk: shop.Desk) -> str:
    """The refresh token of an exchange with PKCE."""
    verifier, challenge = shop.pkce()
    code = desk.code(challenge=challenge)
    status, answer = shop.exchange(desk, code, code_verifier=verifier, redirect_uri=shop.RETURN_TO)
    assert status == 200
    token: str = answer["refresh_token"]
    return token


@pytest.mark.django_db
@pytest.mark.parametrize("confidential", [True, False])
def test_each_refresh_ends_the_token_it_used(confidential: bool) -> None:
    """A rotating client gets a new refresh token each time, in one family with one end."""
    desk = shop.open_desk(confidential=confidential)
    first = _first(desk)
    second = shop.refresh(desk, first)[1]["refresh_token"]
    third = shop.refresh(desk, second)[1]["refresh_token"]
    assert len({first, second, third}) == 3
    assert shop.live_refresh_tokens(desk) == 1
    ends = set(RefreshToken.objects.filter(application=desk.client).values_list("expires_at", flat=True))
    assert len(ends) == 1


@pytest.mark.django_db
def test_an_old_token_that_comes_back_ends_the_family() -> None:
    """A replay revokes every refresh and access token of the family and is on the ledger."""
    desk = shop.open_desk(confidential=False)
    first = _first(desk)
    answer = shop.refresh(desk, first)[1]
    replay = shop.refresh(desk, first)
    assert replay == (400, {"error": "invalid_grant", "error_description": "consent_refresh_token_reused"})
    assert shop.refresh(desk, answer["refresh_token"])[1]["error_description"] == "consent_refresh_token_revoked"
    row = shop.gate(answer["access_token"])
    assert row is not None
    assert row["revoked"] is True
    assert shop.ledger_kinds(app=desk.app.id)[-1] == "consent.end_family"


@pytest.mark.django_db
def test_a_confidential_client_may_repeat_a_refresh_whose_answer_it_lost() -> None:
    """Within ten seconds it is given the very same child, so there is still one branch."""
    desk = shop.open_desk()
    first = _first(desk)
    once, twice = (shop.refresh(desk, first)[1]["refresh_token"] for _ in range(2))
    assert once == twice
    assert shop.live_refresh_tokens(desk) == 1


@pytest.mark.django_db
def test_the_grace_ends_after_ten_seconds_and_with_the_childs_use() -> None:
    """Later, or once the child was used, the old token is a thief's."""
    late, used = shop.open_desk(), shop.open_desk()
    first = _first(late)
    shop.refresh(late, first)
    RefreshToken.objects.filter(application=late.client).exclude(used_at=None).update(
        used_at=shop.now() - timedelta(seconds=11)
    )
    assert shop.refresh(late, first)[1]["error_description"] == "consent_refresh_token_reused"

    first = _first(used)
    child = shop.refresh(used, first)[1]["refresh_token"]
    assert shop.refresh(used, child)[0] == 200
    assert shop.refresh(used, first)[1]["error_description"] == "consent_refresh_token_reused"
    assert shop.live_refresh_tokens(used) == 0


@pytest.mark.django_db
def test_families_end_absolutely() -> None:
    """A refresh token past its family's end is refused, however often it was rotated."""
    desk = shop.open_desk(confidential=False)
    token = _first(desk)
    RefreshToken.objects.filter(application=desk.client).update(expires_at=shop.now())
    assert shop.refresh(desk, token)[1]["error_description"] == "consent_refresh_token_expired"


def test_fifty_refreshes_of_one_token_at_once(committed: str, in_thread: Callable[..., threading.Thread]) -> None:
    """Of 50 that race, one succeeds; the others are replays, so no branch is left alive."""
    desk = shop.open_desk(confidential=False)
    answers = _race(desk, _first(desk), in_thread)
    won = [answer for status, answer in answers if status == 200]
    assert (len(answers), len(won)) == (50, 1)
    assert shop.live_refresh_tokens(desk) == 0
    row = shop.gate(won[0]["access_token"])
    assert row is not None
    assert row["revoked"] is True
    assert "consent.end_family" in shop.ledger_kinds(app=desk.app.id)


def test_fifty_refreshes_of_a_confidential_client_make_one_branch(
    committed: str, in_thread: Callable[..., threading.Thread]
) -> None:
    """All that are answered are given the same child."""
    desk = shop.open_desk()
    answers = _race(desk, _first(desk), in_thread)
    children = {answer["refresh_token"] for status, answer in answers if status == 200}
    assert len(answers) == 50
    assert len(children) == 1
    assert shop.live_refresh_tokens(desk) <= 1


def _race(desk: shop.Desk, token: str, in_thread: Callable[..., threading.Thread]) -> list[tuple[int, dict[str, Any]]]:
    answers: list[tuple[int, dict[str, Any]]] = []
    start = threading.Barrier(50)

    def ask() -> None:
        start.wait()
        answers.append(shop.refresh(desk, token))

    threads = [in_thread(ask) for _ in range(50)]
    for thread in threads:
        thread.join()
    return answers
