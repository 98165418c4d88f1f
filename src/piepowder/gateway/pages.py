"""Page tokens on their way in and out: apps hold sealed ones, bound to their grant; upstream's own never leave."""

from typing import Any

from piepowder.gateway import paging
from piepowder.gateway.attempt import Attempt
from piepowder.gateway.parts import Gateway
from piepowder.gateway.shape import attribute, read_path

Query = tuple[tuple[str, str], ...]


def open_page_token(gateway: Gateway, attempt: Attempt, query: Query) -> Query:
    """The query with upstream's token in place of the app's. Where it replaces the other filters, they are left behind."""
    assert attempt.operation is not None
    assert attempt.parameters is not None
    page = attempt.operation.paging
    if page is None or page.parameter not in attempt.parameters.values:
        return query
    others = tuple(pair for pair in query if pair[0] != page.parameter)
    sealed = attempt.parameters.values[page.parameter][0]
    if not sealed:
        return others  # an empty one counts as absent, as the API has it
    token = paging.open_sealed(gateway.keys.paging, sealed, _binding(attempt), now=gateway.now())
    return (*(() if page.overrides else others), (page.parameter, token))


def seal_page_token(gateway: Gateway, attempt: Attempt, answer: Any) -> None:
    operation = attempt.operation
    assert operation is not None
    if operation.paging is None:
        return
    *above, name = operation.paging.token
    holder = read_path(answer, tuple(above)) if above else answer
    token = read_path(holder, (name,))
    if not isinstance(token, str) or not token:
        return
    sealed = paging.seal(gateway.keys.paging, token, _binding(attempt), issued_at=gateway.now())
    if type(holder) is dict:
        holder[name] = sealed
    else:
        setattr(holder, attribute(name), sealed)


def _binding(attempt: Attempt) -> paging.Binding:
    caller, operation, parameters = attempt.caller, attempt.operation, attempt.parameters
    assert caller is not None
    assert operation is not None
    assert parameters is not None
    page = operation.paging
    filters = b""
    if page is not None and not page.overrides:
        pairs = [
            (name, each) for name, several in parameters.values.items() for each in several if name != page.parameter
        ]
        filters = paging.filters_digest(pairs)
    return paging.Binding(
        app=caller.app.id, seller=caller.seller.id, grant=caller.grant.id, operation=operation.id, filters=filters
    )
