"""Hostile inputs, group F: page tokens that are foreign, mangled, or sent with other filters."""

import pytest

from tests.hostile.harness import Gate, marker, order, order_number, page

FIRST_PAGE = "/orders/v0/orders?MarketplaceIds=M1&CreatedAfter=2020-01-01T00:00:00Z"


def next_token(gate: Gate, upstreams: str, app: str = "full") -> str:
    """The page token of a first page."""
    gate.upstream_says(page(order(order_number()), more=f', "NextToken": "{upstreams}"'))
    answer = gate.get(FIRST_PAGE, app=app)
    gate.judge(answer, 200)
    return str(answer.json["payload"]["NextToken"])


def test_f_page_tokens(gate: Gate) -> None:
    """Upstream's own never leaves; the sealed one brings the next page, without any other filter; an empty one counts as none."""
    inner = marker("next")
    token = next_token(gate, inner)
    gate.upstream_says(page(order(order_number())))
    gate.judge(gate.get(f"/orders/v0/orders?NextToken={token}"), 200)
    assert gate.upstream.requests[-1].target == f"/orders/v0/orders?NextToken={inner}"
    gate.upstream_says(page(order(order_number())))
    gate.judge(gate.get(FIRST_PAGE + "&NextToken="), 200)
    assert "NextToken" not in gate.upstream.requests[-1].target


def mangled(token: str) -> dict[str, str]:
    middle = len(token) // 2
    return {
        "upstream's own": "a-token-of-upstream",
        "cut": token[:-1],
        "longer": token + "A",
        "padded": token + "==",
        "one character": token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :],
        "another case": token.swapcase(),
        "a space": token[:middle] + "%20" + token[middle:],
        "twice": token + token,
        "short": "AQ",
    }


@pytest.mark.parametrize("kind", mangled("x" * 100))
def test_f_mangled_page_tokens(gate: Gate, kind: str) -> None:
    """Not a page token of this gateway."""
    before = gate.asked() + 1
    token = mangled(next_token(gate, "t1"))[kind]
    gate.judge(gate.get(f"/orders/v0/orders?NextToken={token}"), 400, reason="page_token_malformed")
    assert gate.asked() == before


def test_f_foreign_page_tokens(gate: Gate) -> None:
    """Another app's, another seller's and another operation's token are told from mangled ones, and open nothing."""
    token = next_token(gate, "t2")
    gate.judge(gate.get(f"/orders/v0/orders?NextToken={token}", app="tracker"), 400, reason="page_token_foreign")
    theirs = gate.token("full", seller=1)
    gate.judge(gate.get(f"/orders/v0/orders?NextToken={token}", token=theirs), 400, reason="page_token_foreign")
    items = f"/orders/v0/orders/{order_number()}/orderItems?NextToken={token}"
    gate.judge(gate.get(items), 400, reason="page_token_foreign")


def test_f_page_tokens_are_bound_to_their_filters(gate: Gate) -> None:
    """Where filters are sent again with each page, they must be the first page's."""
    search = "/orders/2026-01-01/orders?createdAfter=2020-01-01T00:00:00Z"
    gate.upstream_says('{"orders": [], "pagination": {"nextToken": "t3"}}')
    answer = gate.get(search)
    gate.judge(answer, 200)
    token = answer.json["pagination"]["nextToken"]
    gate.judge(gate.get(f"{search}&fulfilledBy=AMAZON&paginationToken={token}"), 400, reason="page_token_foreign")
    gate.upstream_says('{"orders": []}')
    gate.judge(gate.get(f"{search}&paginationToken={token}"), 200)
