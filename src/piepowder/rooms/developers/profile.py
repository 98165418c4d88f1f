"""Checks of what an organisation says about itself. A refusal has a code of its own for each field, so that it is shown there."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers.countries import COUNTRIES
from piepowder.rooms.developers.rules.organisation import Kind, check_company_number
from piepowder.rooms.ground.names import clean_name

FIELDS = (
    "name",
    "legal_name",
    "kind",
    "country",
    "company_number",
    "address",
    "website",
    "contact_email",
    "privacy_email",
    "security_email",
)
EMAILS = ("contact_email", "privacy_email", "security_email")
# Error code -> the field of a form at which it is shown.
AT_FIELD = {
    "developers_name_missing": "name",
    "developers_name_taken": "name",
    "developers_legal_name_missing": "legal_name",
    "developers_country_unknown": "country",
    "developers_number_missing": "company_number",
    "developers_website_malformed": "website",
}
_web = URLValidator(schemes=["http", "https"])


def cleaned(given: dict[str, Any]) -> dict[str, Any]:
    """The given fields in their normal form; `developers_…` for the first that is wrong."""
    values = {name: _one_line(name, text) for name, text in given.items()}
    if "address" in given:
        values["address"] = "\n".join(
            " ".join(line.split()) for line in str(given["address"]).splitlines() if line.strip()
        )
    for name in ("name", "legal_name"):
        if name in values:
            values[name] = clean_name(values[name])
    if "name" in values and not values["name"]:
        raise PiepowderError("developers_name_missing", "a developer needs a name")
    _check(values)
    return values


def _one_line(name: str, text: Any) -> str:
    return " ".join(str(text).replace("\0", "").split())


def _check(values: dict[str, Any]) -> None:
    for name in EMAILS:
        if values.get(name) or (name == "contact_email" and name in values):
            check_email(values[name])
    if values.get("country") and values["country"] not in COUNTRIES:
        raise PiepowderError(
            "developers_country_unknown", f"there is no country `{values['country']}`", hint="two letters, such as `DE`"
        )
    if values.get("kind") and values["kind"] not in set(Kind):
        raise PiepowderError("developers_kind_unknown", f"there is no kind `{values['kind']}`", hint=", ".join(Kind))
    if values.get("website"):
        _check_website(values["website"])


def check_complete(values: dict[str, Any]) -> None:
    """What an organisation that registers by itself has to say at once."""
    if not values.get("legal_name"):
        raise PiepowderError("developers_legal_name_missing", "an organisation has a legal name")
    if not values.get("country"):
        raise PiepowderError("developers_country_unknown", "the country is missing")
    check_company_number(values.get("kind", ""), values.get("company_number", ""))


def check_email(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        raise PiepowderError(
            "developers_email_malformed", f"`{address}` is not an e-mail address", hint="`somebody@example.com`"
        ) from None


def _check_website(address: str) -> None:
    try:
        _web(address)
    except ValidationError:
        raise PiepowderError(
            "developers_website_malformed", f"`{address}` is not a web address", hint="`https://www.example.com`"
        ) from None
