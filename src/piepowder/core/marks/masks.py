"""Masks and shortened postcodes: what is left when a value is made harmless. A mask never shows how long the value was."""

import re

from piepowder.core.marks.normal import normal_country, normal_postcode

MASK = "*****"

_UK_WHOLE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?|GIR)[0-9][A-Z]{2}")
_UK_FORCES = re.compile(r"BFPO[0-9]{1,4}")
_UK_AREA = re.compile(r"[A-Z]{1,2}(?=[0-9])")
_OUTWARD_CHARACTERS = {"US": 3, "DE": 2}
_OUTWARD_CHARACTERS_ELSEWHERE = 2


def mask(value: str) -> str:
    """Five asterisks, whatever the value: neither its length nor any of its characters shows."""
    return MASK


def mask_name(value: str) -> str:
    """`Jane Doe` -> `J. *****`: the first letter of a name, for greeting lines; always as long as any other masked name."""
    first = next((character for character in value if character.isalpha()), "*")
    return f"{first.upper()[0]}. {MASK}"


def mask_email(value: str) -> str:
    """`*****@*****`: has the shape of an address, and shows neither mailbox nor provider."""
    return f"{MASK}@{MASK}"


def mask_phone(value: str) -> str:
    """`***`-only: no digits, so that no one dials it, and no country."""
    return MASK


def outward(postcode: str, country: str) -> str:
    """The district of a postcode: UK outward code, three digits in the US, two in Germany, two characters elsewhere.

    `country` is an ISO 3166 code. A postcode that is not well-formed gives less, never more; at most half of it is shown, and
    the empty text where nothing is safe to show.
    """
    normal, place = normal_postcode(postcode), normal_country(country)
    if place == "GB":
        return _uk_outward(normal)
    if place in _OUTWARD_CHARACTERS:
        digits = re.match(r"[0-9]{5}", normal)
        return digits.group()[: _OUTWARD_CHARACTERS[place]] if digits else ""
    return normal[: min(_OUTWARD_CHARACTERS_ELSEWHERE, len(normal) // 2)]


def _uk_outward(normal: str) -> str:
    whole = _UK_WHOLE.fullmatch(normal)
    if whole:
        return whole.group(1)
    if _UK_FORCES.fullmatch(normal):
        return "BFPO"
    area = _UK_AREA.match(normal)
    return area.group() if area else ""
