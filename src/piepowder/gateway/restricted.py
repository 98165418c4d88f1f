"""Restricted data tokens: asked for here, and checked here at every use.

A token names methods, paths, data elements and purposes. It never widens anything: at each call it is intersected with the policy,
the seller's consent and the app's standing of that moment, so tightening acts on tokens already issued.
"""

import re
from functools import lru_cache
from typing import Any

from msgspec import Struct

from piepowder.core.kernel import json
from piepowder.core.ledger.model import Record
from piepowder.core.marketplace.dialect import WireAnswer
from piepowder.core.marketplace.model import Operation, OrderState
from piepowder.core.policy.model import Effect, Mode
from piepowder.gateway import guard, recording
from piepowder.gateway.attempt import Attempt
from piepowder.gateway.caller import Caller
from piepowder.gateway.decisions import NO_ELEMENT, Scope
from piepowder.gateway.parts import Gateway
from piepowder.gateway.refused import Refused
from piepowder.gateway.scope import claimed_purpose
from piepowder.gateway.tokens import Resource, Restriction

LIFETIME_SECONDS = 3600
RESOURCES_MAX = 50
ACCESS, RESTRICTED = "access", "restricted"
_PLACEHOLDER = re.compile(r"\{\w*\}")
#: what a token is for when nobody says it, as the API's documentation gives elements to roles
PURPOSE_OF_ELEMENT = {"shippingAddress": "shipping", "buyerInfo": "tax", "buyerTaxInformation": "tax"}


class Asked(Struct, frozen=True):
    """One resource of a request, resolved."""

    resource: Resource
    operation: Operation


async def issue(gateway: Gateway, attempt: Attempt, body: bytes) -> WireAnswer:
    """createRestrictedDataToken: check every resource, record, store, answer."""
    caller = attempt.caller
    assert caller is not None
    assert attempt.request is not None
    if caller.token.kind != ACCESS:
        raise Refused("forbidden", "token_kind", "a restricted token cannot ask for another one")
    asked = read_request(gateway, caller, guard.strict_json(body))
    claimed = claimed_purpose(attempt.request.headers, caller)
    purposes = purposes_for(gateway, caller, asked, claimed)
    restriction = Restriction(resources=tuple(each.resource for each in asked), purposes=purposes, target=None)
    issued_at = gateway.now()
    token = await gateway.tokens.issue_restricted(
        parent=caller.token, restriction=restriction, issued_at=issued_at, lifetime_seconds=LIFETIME_SECONDS
    )
    await gateway.appender.append(_record(gateway, attempt, asked, purposes))
    return _answer(gateway, attempt, token)


def _answer(gateway: Gateway, attempt: Attempt, token: str) -> WireAnswer:
    assert attempt.operation is not None
    assert attempt.caller is not None
    headers = gateway.dialect.success_headers(
        request=attempt.request_id,
        operation=attempt.operation,
        rate=gateway.rate(attempt.operation, attempt.caller.app.rates),
    )
    body = json.encode({"restrictedDataToken": token, "expiresIn": LIFETIME_SECONDS})
    return WireAnswer(200, (*headers, (b"x-piepowder-decision", attempt.record_id.encode())), body)


def _record(gateway: Gateway, attempt: Attempt, asked: list[Asked], purposes: dict[str, tuple[str, ...]]) -> Record:
    """Issues a restricted data token; nothing else is disclosed."""
    resources = [
        {"operation": each.operation.id, "elements": each.resource.elements, "specific": "{" not in each.resource.path}
        for each in asked
    ]
    return recording.event(
        gateway,
        attempt,
        kind="gateway.restricted_token",
        status=200,
        told={"resources": resources, "purposes": purposes},
    )


def read_request(gateway: Gateway, caller: Caller, body: Any) -> list[Asked]:
    """The resources of a request. Unknown members are ignored, as clients send some; what is read is read strictly."""
    resources = body.get("restrictedResources") if isinstance(body, dict) else None
    if not isinstance(resources, list) or not 1 <= len(resources) <= RESOURCES_MAX:
        raise _invalid("resources_malformed", f"`restrictedResources` takes 1 to {RESOURCES_MAX} resources")
    target = body.get("targetApplication")
    if target is not None and target != caller.app.id:
        raise _invalid("target_unknown", "`targetApplication` is not an application that this one may delegate to")
    return [_read_resource(gateway, each) for each in resources]


def _read_resource(gateway: Gateway, value: Any) -> Asked:
    method = value.get("method") if isinstance(value, dict) else None
    path = value.get("path") if isinstance(value, dict) else None
    if not isinstance(method, str) or not isinstance(path, str) or len(path) > 1_000:
        raise _invalid("resource_malformed", "a restricted resource needs `method` and `path`")
    operation = operation_at(gateway, method, path)
    if not operation.elements and not operation.implied_elements:
        raise _invalid(
            "resource_unrestricted", f"`{operation.name}` has no restricted data, call it with the access token"
        )
    elements = value.get("dataElements") or []
    if not isinstance(elements, list) or not all(isinstance(each, str) for each in elements):
        raise _invalid("elements_malformed", "`dataElements` is a list of words")
    if operation.element_required and not elements:
        raise _invalid("elements_missing", f"`{operation.name}` needs `dataElements`: {_words(operation.elements)}")
    if not operation.elements | operation.implied_elements >= set(elements):
        known = _words(operation.elements | operation.implied_elements)
        raise _invalid("element_unknown", f"`{operation.name}` has other data elements than these", f"it has {known}")
    return Asked(Resource(method=method, path=path, elements=tuple(dict.fromkeys(elements))), operation)


def operation_at(gateway: Gateway, method: str, path: str) -> Operation:
    """By a specific path, or by the API's own template."""
    for operation in gateway.catalogue.operations.values():
        if operation.path == path and operation.method == method:
            return operation
    found = gateway.router.match(method, path)
    if isinstance(found, tuple) and found[0].method == method:
        return found[0]
    near = _meant(gateway, method, path)
    # What the app wrote may be anybody's data; hints are not recorded, messages are.
    hint = f"did you mean `{near}`?" if near else f"check `{method[:20]}` `{path[:200]}`"
    raise _invalid("resource_unknown", "no operation has this method and path", hint)


def _meant(gateway: Gateway, method: str, path: str) -> str | None:
    """The right form of a path with a stray or missing slash, the classic slip, or with another word between the braces."""
    tidy = "/" + path.strip("/")
    templates = {_PLACEHOLDER.sub("{}", each.path): each.path for each in gateway.catalogue.operations.values()}
    template = templates.get(_PLACEHOLDER.sub("{}", tidy))
    if template is not None:
        return template if template != path else None
    return tidy if path != tidy and isinstance(gateway.router.match(method, tidy), tuple) else None


def purposes_for(
    gateway: Gateway, caller: Caller, asked: list[Asked], claimed: str | None
) -> dict[str, tuple[str, ...]]:
    """What the token is bound to, per element. Refused where the app could never read an element for its purposes."""
    purposes: dict[str, tuple[str, ...]] = {}
    refused: list[str] = []
    for each in asked:
        for element in each.resource.elements or tuple(sorted(each.operation.implied_elements)):
            chosen = _purposes_of(caller, each.operation, element, claimed)
            purposes[element] = tuple(dict.fromkeys([*purposes.get(element, ()), *chosen]))
            operations = [each.operation, *_others_with(gateway, caller, each.operation, element)]
            if not any(_ever_released(gateway, caller, operation, element, chosen) for operation in operations):
                refused.append(element)
    if refused:
        raise Refused(
            "invalid",
            "element_refused",
            f"Application does not have access to one or more requested data elements: [{', '.join(dict.fromkeys(refused))}]",
            hint="the element needs a role and a purpose that the policy in force allows for it; see the app's manifest and roles",
        )
    return purposes


def _purposes_of(caller: Caller, operation: Operation, element: str, claimed: str | None) -> tuple[str, ...]:
    if claimed is not None:
        return (claimed,)
    declared = caller.manifest.operations.get(operation.id, ())
    usual = PURPOSE_OF_ELEMENT.get(element)
    return (usual,) if usual in declared else tuple(declared)


def _others_with(gateway: Gateway, caller: Caller, operation: Operation, element: str) -> list[Operation]:
    """An element is a matter of role and purpose, not of one operation: a tax app may ask for `buyerInfo` of an order's items too, and
    finds there what its policy leaves of it.
    """
    return [
        each
        for each in gateway.catalogue.operations.values()
        if each is not operation
        and each.id in caller.manifest.operations
        and element in each.elements | each.implied_elements
    ]


def _ever_released(
    gateway: Gateway, caller: Caller, operation: Operation, element: str, purposes: tuple[str, ...]
) -> bool:
    """Whether there is an order state in which something behind this element would go out."""
    mode = caller.mode(operation.id, gateway.feed.database_now())
    if mode is Mode.OBSERVE:
        return True
    shape = gateway.shapes.of(operation)
    several = purposes or (None,)
    scope = Scope(((NO_ELEMENT, several), (element, several)), frozenset((element,)))
    plan = gateway.decisions().draft(caller, shape, scope, mode)
    behind = {category for category, needed in shape.slots if needed == element}
    return any(
        verdict.effect is not Effect.WITHHOLD
        for state in OrderState
        for category, verdict in plan.state(state).verdicts[element].items()
        if category in behind
    )


def covering(attempt: Attempt, caller: Caller) -> tuple[str, ...] | None:
    """The elements that a restricted token unlocks for this very call; None for an ordinary token; refused if it has no entry for it."""
    if caller.token.kind == ACCESS:
        return None
    restriction = caller.token.restriction
    request, operation = attempt.request, attempt.operation
    assert request is not None
    assert operation is not None
    if caller.token.kind != RESTRICTED or restriction is None:
        raise Refused("forbidden", "token_kind", "this kind of token does not open this operation")
    return _covered(restriction, request.method, request.path, operation.path)


@lru_cache(100_000)
def _covered(restriction: Restriction, method: str, path: str, template: str) -> tuple[str, ...]:
    at_path = [each for each in restriction.resources if each.path in (path, template)]
    if not at_path:
        raise Refused("forbidden", "restricted_token_other_path", "the restricted token was issued for another path")
    covering = [each for each in at_path if each.method == method]
    if not covering:
        raise Refused(
            "forbidden", "restricted_token_other_method", "the restricted token was issued for another method"
        )
    return tuple(dict.fromkeys(element for each in covering for element in each.elements))


def _invalid(reason: str, message: str, hint: str = "") -> Refused:
    return Refused("invalid", reason, message, hint=hint)


def _words(words: Any) -> str:
    return ", ".join(sorted(words))
