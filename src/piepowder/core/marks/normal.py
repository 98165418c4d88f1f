"""Normal forms: the one way to write a thing, so that two spellings of it compare equal. Empty text where nothing is left."""

import re
import unicodedata

_COUNTRIES = {"UK": "GB", "GBR": "GB", "USA": "US", "DEU": "DE"}
_NOT_A_LETTER = re.compile(r"[^\w]+|_", re.UNICODE)


def normal_postcode(value: str) -> str:
    """`sw1a 1aa` -> `SW1A1AA`: letters and digits only, wide forms narrowed, in capitals."""
    return "".join(character for character in unicodedata.normalize("NFKC", value).upper() if character.isalnum())


def normal_country(value: str) -> str:
    """ISO 3166 alpha-2 in capitals; common longer codes are shortened, anything else is passed on in capitals."""
    code = value.strip().upper()
    return _COUNTRIES.get(code, code)


def normal_email(value: str) -> str:
    """Trimmed and in lower case, as mailboxes compare; tags and dots stay, since they can be different people."""
    return unicodedata.normalize("NFKC", value).strip().lower()


def normal_name(value: str) -> str:
    """`  DOE, Jané ` -> `doe jane`: accents and punctuation gone, single spaces, folded case."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", value) if not unicodedata.combining(c))
    return " ".join(_NOT_A_LETTER.sub(" ", plain).casefold().split())


def normal_phone(value: str) -> str:
    """Digits only, with `+` kept in front where an international number says so (`00` counts as `+`)."""
    text = unicodedata.normalize("NFKC", value).strip()
    digits = "".join(character for character in text if character.isdigit())
    if text.startswith("+"):
        return "+" + digits
    return "+" + digits[2:] if digits.startswith("00") else digits
