from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.marketplace.catalogue import load_catalogue
from piepowder.core.marketplace.model import Catalogue, Operation, Parameter
from piepowder.core.marketplace.router import MethodNotAllowed, Router

SPAPI = load_catalogue("spapi")
ROUTER = Router(SPAPI)
ORDER = "123-1234567-1234567"


def routed(*operations: tuple[str, str, str]) -> Router:
    """A router of (id, method, path)."""
    made = {
        name: Operation(
            id=name,
            name=name,
            method=method,  # type: ignore[arg-type]
            path=path,
            parameters=tuple(
                Parameter(name=step[1:-1], place="path") for step in path.split("/") if step.startswith("{")
            ),
        )
        for name, method, path in operations
    }
    return Router(Catalogue(dialect="test", digest="", operations=made))


@pytest.mark.parametrize("operation", SPAPI.operations.values(), ids=lambda operation: operation.id)
def test_every_operation_is_found(operation: Operation) -> None:
    """Each operation's own path leads to it, with its parameters."""
    found = ROUTER.match(operation.method, operation.path.replace("{orderId}", ORDER))
    assert isinstance(found, tuple)
    assert found[0] is operation
    assert found[1] == ({"orderId": ORDER} if "{orderId}" in operation.path else {})


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/orders/v0/orders/",
        "/orders/v0//orders",
        "/Orders/v0/orders",
        "/orders/v0/orders/..",
        "/orders/v0/orders/" + ORDER + "/",
        "/orders/v0/orders/" + ORDER + "\n",
        "/orders/v0/orders/" + ORDER + "%2Faddress",
        "/orders/v0/orders/123-1234567-123456",
        "/orders/v0/orders/" + ORDER + "/address/more",
        "orders/v0/orders",
    ],
)
def test_other_paths_lead_nowhere(path: str) -> None:
    """A path that is not exactly an operation's own is unknown."""
    assert ROUTER.match("GET", path) is None


def test_methods() -> None:
    """HEAD is answered as GET; other methods are told what the path knows; unknown paths know no method."""
    head = ROUTER.match("HEAD", "/sellers/v1/account")
    assert isinstance(head, tuple)
    assert head[0].id == "sellers.v1.getAccount"
    assert ROUTER.match("POST", f"/orders/v0/orders/{ORDER}") == MethodNotAllowed(("GET", "HEAD"))
    assert ROUTER.match("GET", "/tokens/2021-03-01/restrictedDataToken") == MethodNotAllowed(("POST",))
    assert ROUTER.match("HEAD", "/tokens/2021-03-01/restrictedDataToken") == MethodNotAllowed(("POST",))
    assert ROUTER.match("get", "/sellers/v1/account") == MethodNotAllowed(("GET", "HEAD"))
    assert ROUTER.match("DELETE", "/nowhere") is None


def test_literals_before_parameters() -> None:
    """The more literal path wins, and methods of both are known."""
    router = routed(
        ("one", "GET", "/a/{x}/c"), ("two", "GET", "/a/b/{y}"), ("three", "GET", "/a/b/c"), ("four", "POST", "/a/{x}/c")
    )

    def name(method: str, path: str) -> str:
        found = router.match(method, path)
        assert isinstance(found, tuple)
        return found[0].id

    assert name("GET", "/a/b/c") == "three"
    assert name("GET", "/a/z/c") == "one"
    assert name("GET", "/a/b/z") == "two"
    assert name("POST", "/a/b/c") == "four"
    assert router.match("PUT", "/a/b/c") == MethodNotAllowed(("GET", "POST", "HEAD"))


def test_two_operations_on_one_path() -> None:
    """Whoever would have to guess refuses to start; names of parameters make no difference."""
    with pytest.raises(PiepowderError) as caught:
        routed(("one", "GET", "/a/{x}"), ("two", "GET", "/a/{y}"))
    assert caught.value.code == "marketplace_route_ambiguous"


ANYTHING = routed(("item", "GET", "/items/{name}"))
SAFE = st.text(min_size=1, max_size=60).filter(
    lambda text: not any(character < " " or character in "\x7f/\\%#?" for character in text) and text not in (".", "..")
)


@given(SAFE)
@settings(max_examples=300, deadline=None)
def test_encoded_values_come_back(name: str) -> None:
    """Whatever text a path value holds is found again after percent-encoding, however much of it is encoded."""
    try:
        encoded = quote(name, safe="")
    except UnicodeEncodeError:
        return
    found = ANYTHING.match("GET", "/items/" + encoded)
    assert isinstance(found, tuple)
    assert found[1] == {"name": name}


@given(st.text(alphabet="ab./\\%25fF2eE0cC#?;: \n\x00é", max_size=12))
@settings(max_examples=1000, deadline=None)
def test_no_value_can_be_taken_apart_again(segment: str) -> None:
    """What gets through has no separator, no second encoding, no control character, and is no way up the tree."""
    found = ANYTHING.match("GET", "/items/" + segment)
    if isinstance(found, tuple):
        value = found[1]["name"]
        assert value not in ("", ".", "..")
        assert not set(value) & set("/\\%#?\n\x00")


@given(
    st.lists(
        st.sampled_from(["orders", "v0", ORDER, "orderItems", "buyerInfo", "address", "sales", "..", ""]), max_size=7
    )
)
@settings(max_examples=500, deadline=None)
def test_the_router_agrees_with_a_naive_one(steps: list[str]) -> None:
    """The look-up finds exactly what comparing each template step by step finds."""
    path = "/" + "/".join(steps)

    def fits(template: str) -> bool:
        wanted, given_steps = template.split("/"), path.split("/")
        return len(wanted) == len(given_steps) and all(
            step == ORDER if want == "{orderId}" else want == step
            for want, step in zip(wanted, given_steps, strict=True)
        )

    naive = [each for each in SPAPI.operations.values() if each.method == "GET" and fits(each.path)]
    found = ROUTER.match("GET", path)
    assert ([found[0]] if isinstance(found, tuple) else []) == naive
