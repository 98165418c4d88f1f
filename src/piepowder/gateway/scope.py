"""The purposes of a call, in the order of the design: the header, else what the restricted token was issued for, else what the manifest
declares for the operation; where that is several, the strictest result of them."""

import re
from functools import lru_cache

from piepowder.core.marketplace.dialect import Headers
from piepowder.core.marketplace.model import Operation
from piepowder.core.policy.model import Mode
from piepowder.gateway.caller import Caller
from piepowder.gateway.decisions import NO_ELEMENT, Scope
from piepowder.gateway.refused import Refused
from piepowder.gateway.tokens import Restriction

PURPOSE_HEADER = b"x-piepowder-purpose"
_WORD = re.compile(r"[a-z][a-z0-9_.\-]{0,63}\Z").match
_Purposes = tuple[str | None, ...]
Elements = tuple[str, ...] | None


def claimed_purpose(headers: Headers, caller: Caller) -> str | None:
    """What the app says it reads for, if it says so. It can only say what its manifest declares."""
    claims = [value for name, value in headers if name == PURPOSE_HEADER]
    if not claims:
        return None
    word = claims[0].decode("latin-1")
    if len(claims) > 1 or not _WORD(word):
        raise Refused("invalid", "purpose_malformed", "`x-piepowder-purpose` takes one purpose, lower case")
    declared = {purpose for purposes in caller.manifest.operations.values() for purpose in purposes}
    if word not in declared:
        raise Refused(
            "invalid",
            "purpose_undeclared",
            f"the manifest of `{caller.app.name}` does not declare the purpose `{word}`",
            hint=f"declared are: {', '.join(sorted(declared)) or 'none'}",
        )
    return word


def check_declared(caller: Caller, operation: Operation, now: float) -> None:
    """An enforced app calls what its manifest names, and holds one of the operation's roles."""
    if caller.mode(operation.id, now) is not Mode.ENFORCE:
        return
    if operation.id not in caller.manifest.operations:
        raise Refused(
            "forbidden",
            "operation_undeclared",
            f"the manifest of `{caller.app.name}` does not name the operation `{operation.name}`",
            hint="add it to the manifest with its purposes and have the version approved",
        )
    if operation.roles and operation.roles.isdisjoint(caller.app.roles):
        raise Refused(
            "forbidden",
            "role_missing",
            f"`{operation.name}` needs one of the roles {', '.join(sorted(operation.roles))}",
            hint="apply for the role",
        )


def scope_of(caller: Caller, operation: Operation, claimed: str | None, elements: Elements) -> Scope:
    """The scope of a call; `elements` are what a restricted token unlocks here, None for a plain token."""
    declared: _Purposes = caller.manifest.operations.get(operation.id) or (None,)
    if elements is None:
        return _plain(operation, declared, claimed)
    assert caller.token.restriction is not None
    return _restricted(operation, declared, claimed, elements, caller.token.restriction)


@lru_cache(10_000)
def _plain(operation: Operation, declared: _Purposes, claimed: str | None) -> Scope:
    everywhere: _Purposes = (claimed,) if claimed else declared
    unlocked = operation.elements if operation.unlocks_without_element else frozenset()
    return _scope(tuple((element, everywhere) for element in _elements(operation)), unlocked)


@lru_cache(100_000)
def _restricted(
    operation: Operation, declared: _Purposes, claimed: str | None, elements: tuple[str, ...], restriction: Restriction
) -> Scope:
    bound = restriction.purposes
    purposes: list[tuple[str, _Purposes]] = []
    for element in _elements(operation):
        of_token = tuple(bound.get(element) or bound.get("*") or ())
        purposes.append((element, _narrow(of_token or declared, claimed)))
    every = tuple(dict.fromkeys(purpose for several in bound.values() for purpose in several))
    rest = (NO_ELEMENT, _narrow(every or declared, claimed))
    return _scope((rest, *purposes[1:]), frozenset(elements) | operation.implied_elements)


def _narrow(purposes: _Purposes, claimed: str | None) -> _Purposes:
    """A header can narrow what a restricted token was issued for, never change it."""
    if claimed is None:
        return purposes
    return (claimed,) if claimed in purposes else (None,)


def _elements(operation: Operation) -> tuple[str, ...]:
    return (NO_ELEMENT, *sorted(operation.elements | operation.implied_elements))


@lru_cache(100_000)
def _scope(purposes: tuple[tuple[str, _Purposes], ...], unlocked: frozenset[str]) -> Scope:
    """One object per meaning: the cache of decisions is keyed by it."""
    return Scope(purposes, unlocked)
