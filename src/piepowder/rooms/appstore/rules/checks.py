"""What is looked at by rule before anybody reviews a version. Pure: the same application gets the same answer, whoever asks.

Each result is a sentence with the clause it serves and the place to put it right. A `failed` one stops the submission, a `noted` one is
for the reviewer's eyes as well as the developer's.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from piepowder.core.facts.model import ManifestFact
from piepowder.core.marketplace.taxonomy import is_personal, words_of
from piepowder.core.policy.taxonomy import ROLES, covers, lineage, purpose_words
from piepowder.rooms.appstore.rules import check_manifest
from piepowder.rooms.appstore.rules.addresses import page_problem, redirect_problem, webhook_problem
from piepowder.rooms.appstore.rules.differences import by_purpose
from piepowder.rooms.ground.names import hidden_in

DESCRIPTION_LENGTH_MIN = 40
OBSERVED_CALLS_MIN = 20  # fewer calls say nothing about what is not needed

#: purpose -> roles of which the developer needs one, before shoppers' data is released for it
PURPOSE_ROLES: dict[str, tuple[str, ...]] = {
    "shipping": ("direct_to_consumer_shipping",),
    "tax": ("tax_invoicing", "tax_remittance"),
    "messaging": ("buyer_communication",),
    "support": ("buyer_communication",),
    "accounting": ("finance", "tax_invoicing", "tax_remittance"),
}


class Outcome(StrEnum):
    PASSED = "passed"
    NOTED = "noted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What the catalogue says of an operation."""

    roles: frozenset[str]
    categories: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the live version did in the last 30 days: (purpose, category) that came out, plain or as a substitute."""

    calls: int = 0
    came: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Everything that the checks look at, as values.

    `alike` are names of other developers' apps; `assessed` is None without assessment; `applied`: roles that one under review asks for.
    """

    name: str
    own_use: bool
    description: str
    privacy_policy_url: str
    support_email: str
    support_url: str
    redirect_uris: tuple[str, ...]
    login_uri: str
    webhook_urls: tuple[str, ...]
    manifest: ManifestFact
    roles: frozenset[str]
    assessed: frozenset[str] | None
    applied: frozenset[str] = frozenset()
    alike: tuple[str, ...]
    catalogue: Mapping[str, Offered]
    observed: Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    check: str
    outcome: Outcome
    sentence: str
    clause: str
    place: str  # `app`, `manifest` or `roles`: the page where it is put right

    def described(self) -> dict[str, str]:
        return {
            "check": self.check,
            "outcome": str(self.outcome),
            "sentence": self.sentence,
            "clause": self.clause,
            "place": self.place,
        }


TITLES: dict[str, tuple[str, str, str]] = {  # check -> title, clause, place
    "manifest": ("The manifest is complete", "App rules 1.1", "manifest"),
    "description": ("The app says what it does", "App rules 1.1", "app"),
    "returned": ("Data that is asked for can come", "App rules 1.3", "manifest"),
    "unused": ("Data that is asked for is used", "App rules 1.3", "manifest"),
    "roles": ("Roles are assessed", "Data protection policy 1", "roles"),
    "operations": ("Operations fit the roles", "App rules 1.2", "roles"),
    "purposes": ("Purposes are assessed", "Data protection policy 1", "roles"),
    "redirects": ("Return addresses", "App rules 2.1", "app"),
    "webhooks": ("Webhook addresses", "App rules 2.1", "app"),
    "privacy": ("Privacy policy", "App rules 2.2", "app"),
    "contact": ("Support contact", "App rules 2.4", "app"),
    "name": ("Name", "App rules 2.3", "app"),
}


def check(application: Application) -> tuple[Result, ...]:
    """All results, in the order of the titles; a check without any trouble says so in one line."""
    found: list[Result] = []
    for name, look in _CHECKS.items():
        troubles = [_result(name, outcome, sentence) for outcome, sentence in look(application)]
        found += troubles or [_result(name, Outcome.PASSED, f"{TITLES[name][0]}: nothing to put right.")]
    return tuple(found)


def failed(results: Collection[Result]) -> list[Result]:
    return [one for one in results if one.outcome is Outcome.FAILED]


def unassessed(application: Application) -> list[Result]:
    """What keeps a version from being approved just now, whatever is still under review."""
    now = check(replace(application, applied=frozenset()))
    return [one for one in failed(now) if one.check in ("roles", "purposes")]


def fitting_roles(
    manifest: ManifestFact, catalogue: Mapping[str, Offered], possible: Collection[str]
) -> frozenset[str]:
    """Of the possible roles, such as let every purpose and operation of a manifest pass; no more than that."""
    chosen: set[str] = set()
    personal = [purpose for purpose, several in manifest.categories.items() if any(map(is_personal, several))]
    wanted = [PURPOSE_ROLES.get(word, ()) for purpose in personal for word in lineage(purpose)]
    called = [sorted(catalogue[name].roles, key=_weight) for name in manifest.operations if name in catalogue]
    for roles in (*wanted, *called):
        fitting = [role for role in roles if role in possible]
        if fitting and chosen.isdisjoint(roles):
            chosen.add(fitting[0])
    return frozenset(chosen)


def _weight(role: str) -> tuple[bool, str]:
    """Roles that shoppers' data is released for come last."""
    return any(role in several for several in PURPOSE_ROLES.values()), role


def _result(name: str, outcome: Outcome, sentence: str) -> Result:
    _, clause, place = TITLES[name]
    return Result(check=name, outcome=outcome, sentence=sentence, clause=clause, place=place)


Troubles = Iterator[tuple[Outcome, str]]


def _manifest(one: Application) -> Troubles:
    for problem in check_manifest(one.manifest, one.catalogue):
        yield Outcome.FAILED, f"{problem[:1].upper()}{problem[1:]}."


def _description(one: Application) -> Troubles:
    if len(one.description.strip()) < DESCRIPTION_LENGTH_MIN:
        yield (
            Outcome.FAILED,
            f"Say in at least {DESCRIPTION_LENGTH_MIN} characters what the app does for a seller; sellers and reviewers read it.",
        )


def _returned(one: Application) -> Troubles:
    """A category that no declared operation returns can only be a mistake, or a wish."""
    for purpose, operations in by_purpose(one.manifest).items():
        known = [one.catalogue[name].categories for name in operations if name in one.catalogue]
        comes = frozenset[str]().union(*known)
        for category in one.manifest.categories.get(purpose, ()):
            if not any(covers((category,), single) for single in comes):
                yield (
                    Outcome.FAILED,
                    f"To {purpose_words(purpose)} the app asks for {_words(category)}, but no operation that it calls for that returns it.",
                )


def _unused(one: Application) -> Troubles:
    if one.observed.calls < OBSERVED_CALLS_MIN:
        return
    for purpose, categories in sorted(one.manifest.categories.items()):
        came = [category for word, category in one.observed.came if covers((purpose,), word)]
        for category in categories:
            if is_personal(category) and not any(covers((category,), single) for single in came):
                yield (
                    Outcome.NOTED,
                    f"To {purpose_words(purpose)} the app asks for {_words(category)}, and in {one.observed.calls} calls "
                    "of the last 30 days none brought it. If it is not needed, take it out.",
                )


def _roles(one: Application) -> Troubles:
    for role in sorted(one.roles - (one.assessed or frozenset())):
        if role in one.applied:
            yield Outcome.NOTED, f"{_UNDER_REVIEW} the role {_role(role)}: this version can be approved after it."
        else:
            yield Outcome.FAILED, f"{_unassessed(one)} the role {_role(role)}, which this version asks for."


def _operations(one: Application) -> Troubles:
    """An operation whose roles the app does not have is refused at every call."""
    for name in one.manifest.operations:
        offered = one.catalogue.get(name)
        if offered and offered.roles and offered.roles.isdisjoint(one.roles):
            possible = ", ".join(_role(role) for role in sorted(offered.roles))
            yield (
                Outcome.FAILED,
                f"`{name}` can only be called with one of these roles, and the version asks for none: {possible}.",
            )


def _purposes(one: Application) -> Troubles:
    for purpose, categories in sorted(one.manifest.categories.items()):
        personal = [category for category in categories if is_personal(category)]
        needed = next((PURPOSE_ROLES[word] for word in lineage(purpose) if word in PURPOSE_ROLES), ())
        if not personal:
            continue
        if not needed:
            yield (
                Outcome.NOTED,
                f"No role of this marketplace stands for shoppers' data to {purpose_words(purpose)}; the preview shows what policy gives.",
            )
        elif not set(needed) & (one.assessed or frozenset()):
            names = " or ".join(map(_role, needed))
            if set(needed) & one.applied:
                yield (
                    Outcome.NOTED,
                    f"{_UNDER_REVIEW} the role {names}, which shoppers' data to {purpose_words(purpose)} takes.",
                )
                continue
            yield (
                Outcome.FAILED,
                f"{_unassessed(one)} shoppers' data to {purpose_words(purpose)}. That takes the role {names}.",
            )


def _redirects(one: Application) -> Troubles:
    addresses = [*one.redirect_uris, *([one.login_uri] if one.login_uri else [])]
    for address in addresses:
        if problem := redirect_problem(address):
            yield Outcome.FAILED, f"`{address}` {problem}."
    if not one.redirect_uris and not one.own_use:
        yield (
            Outcome.FAILED,
            "Sellers who authorise the app have to be sent back somewhere: give at least one return address.",
        )


def _webhooks(one: Application) -> Troubles:
    for address in one.webhook_urls:
        if problem := webhook_problem(address):
            yield Outcome.FAILED, f"`{address}` {problem}."


def _privacy(one: Application) -> Troubles:
    if not one.privacy_policy_url:
        if not one.own_use:
            yield Outcome.FAILED, "A privacy policy is missing. Give the address of the page where people can read it."
    elif problem := page_problem(one.privacy_policy_url):
        yield Outcome.FAILED, f"`{one.privacy_policy_url}` {problem}."


def _contact(one: Application) -> Troubles:
    if not (one.support_email or one.support_url) and not one.own_use:
        yield Outcome.FAILED, "Sellers need somebody to ask: give a support address or page."
    if one.support_url and (problem := page_problem(one.support_url)):
        yield Outcome.FAILED, f"`{one.support_url}` {problem}."


def _name(one: Application) -> Troubles:
    if hidden := hidden_in(one.name):
        yield (
            Outcome.FAILED,
            f"The name holds a character that nobody sees, or that turns the writing: {hidden}.",
        )
    for other in one.alike:
        yield (
            Outcome.NOTED,
            f"The name looks like that of another developer's app, “{other}”. A reviewer decides whether they can be confused.",
        )


_UNDER_REVIEW = "Your organisation's assessment is being reviewed for"


def _unassessed(one: Application) -> str:
    if one.assessed is None:
        return "Your organisation has no assessment in force, and it would have to cover"
    return "Your organisation's assessment does not cover"


def _words(category: str) -> str:
    return words_of(category) or f"`{category}`"


def _role(role: str) -> str:
    return ROLES.get(role, f"`{role}`")


_CHECKS = {
    "manifest": _manifest,
    "description": _description,
    "returned": _returned,
    "unused": _unused,
    "roles": _roles,
    "operations": _operations,
    "purposes": _purposes,
    "redirects": _redirects,
    "webhooks": _webhooks,
    "privacy": _privacy,
    "contact": _contact,
    "name": _name,
}
