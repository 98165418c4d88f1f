"""What may happen to a listing and to a rating, who sees a staged listing, and what must be right before one is shown. Pure.

A listing:

    draft -> submitted
    submitted -> draft, listed
    listed -> removed, unlisted
    unlisted -> listed, removed
    removed -> listed, submitted

While it is a draft or unlisted, the move is the developer's; submitted, it is the marketplace's; removed, it is the developer's
(correct it, and submit it again) or the marketplace's (give it back). What is written in a listed listing may change at once:
the marketplace looks at the difference afterwards.

A rating:

    shown -> hidden, withdrawn
    hidden -> shown, withdrawn
    withdrawn -> shown

A withdrawn rating comes back when its seller rates again; a hidden one only by the marketplace.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from piepowder.core.kernel.errors import PiepowderError

SHORT_MAX, LONG_MAX, LONG_MIN = 140, 8_000, 120
FEATURES_MAX, FEATURE_MAX = 10, 120
CATEGORIES_MAX = 3
SCREENSHOTS_MAX = 5
RATING_MAX, REPLY_MAX = 2_000, 2_000
MAY_RATE_AFTER_USE = timedelta(days=90)
SELLERS_SHOWN_MIN = 3  # a count over fewer sellers would tell one of them about another
WINDOW = timedelta(days=30)


class ListingStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    LISTED = "listed"
    UNLISTED = "unlisted"
    REMOVED = "removed"


TRANSITIONS: dict[ListingStatus, frozenset[ListingStatus]] = {
    ListingStatus.DRAFT: frozenset({ListingStatus.SUBMITTED}),
    ListingStatus.SUBMITTED: frozenset({ListingStatus.DRAFT, ListingStatus.LISTED}),
    ListingStatus.LISTED: frozenset({ListingStatus.UNLISTED, ListingStatus.REMOVED}),
    ListingStatus.UNLISTED: frozenset({ListingStatus.LISTED, ListingStatus.REMOVED}),
    ListingStatus.REMOVED: frozenset({ListingStatus.SUBMITTED, ListingStatus.LISTED}),
}


class RatingStatus(StrEnum):
    SHOWN = "shown"
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"


RATING_TRANSITIONS: dict[RatingStatus, frozenset[RatingStatus]] = {
    RatingStatus.SHOWN: frozenset({RatingStatus.HIDDEN, RatingStatus.WITHDRAWN}),
    RatingStatus.HIDDEN: frozenset({RatingStatus.SHOWN, RatingStatus.WITHDRAWN}),
    RatingStatus.WITHDRAWN: frozenset({RatingStatus.SHOWN}),
}

LANGUAGES: dict[str, str] = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "sv": "Swedish",
    "da": "Danish",
    "cs": "Czech",
    "tr": "Turkish",
    "ja": "Japanese",
    "zh": "Chinese",
    "ko": "Korean",
    "hi": "Hindi",
    "ar": "Arabic",
    "uk": "Ukrainian",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What a developer writes about an app. `features` are lines, `categories` and `languages` ids."""

    short: str = ""
    long: str = ""
    features: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    support_email: str = ""
    support_url: str = ""
    privacy_url: str = ""
    website: str = ""
    start_url: str = ""  # where a seller begins; empty: our own page of consent

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Texts":
        """From members of any source; lists become tuples."""
        given: dict[str, Any] = dict(values)
        given |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What else a listing needs than words."""

    public: bool
    live_version: bool
    permitted: bool  # app and developer may have new authorisations
    screenshots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the list before submission. `field` is where to mend it; a listing with a failed `needed` check stays a draft."""

    field: str
    words: str
    passed: bool
    needed: bool = True


_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_TELEPHONE = re.compile(r"(?<!\w)\+?\d[\d\s()/.-]{7,}\d(?!\w)")


def checks(texts: Texts, situation: Situation) -> list[Check]:
    """Everything that is looked at before a listing is submitted, in the order of the editor."""
    return [
        Check(field="", words="The app is a public one", passed=situation.public),
        Check(field="", words="The app has a live version", passed=situation.live_version),
        Check(field="", words="App and developer may have new authorisations", passed=situation.permitted),
        Check(field="short", words="It says in one sentence what it does", passed=len(texts.short.strip()) >= 20),
        Check(
            field="long",
            words=f"It is described in at least {LONG_MIN} characters",
            passed=len(texts.long.strip()) >= LONG_MIN,
        ),
        Check(field="features", words="It names at least two features", passed=len(texts.features) >= 2),
        Check(field="categories", words="It is in a category", passed=bool(texts.categories)),
        Check(field="languages", words="It says which languages it speaks", passed=bool(texts.languages)),
        Check(
            field="support_email",
            words="Sellers can reach somebody",
            passed=bool(texts.support_email or texts.support_url),
        ),
        Check(field="privacy_url", words="Its privacy policy can be read", passed=bool(texts.privacy_url)),
        Check(
            field="screenshots", words="It shows itself in a screenshot", passed=situation.screenshots > 0, needed=False
        ),
    ]


def refuse_unready(found: Sequence[Check]) -> None:
    """`store_listing_unready` with everything that is missing."""
    missing = [check.words for check in found if check.needed and not check.passed]
    if missing:
        raise PiepowderError(
            "store_listing_unready",
            f"the listing is not ready: {missing[0][:1].lower()}{missing[0][1:]} is still open"
            + (f", and {len(missing) - 1} more" if len(missing) > 1 else ""),
            hint="the list of checks says what is missing",
            problems=missing,
        )


def check_texts(texts: Texts, categories: Collection[str]) -> dict[str, str]:
    """Field -> what is wrong with it, as a sentence; empty if nothing is. An empty field is nothing wrong yet."""
    problems: dict[str, str] = {}
    _limit(problems, "short", texts.short, SHORT_MAX)
    _limit(problems, "long", texts.long, LONG_MAX)
    if len(texts.features) > FEATURES_MAX or any(len(line) > FEATURE_MAX for line in texts.features):
        problems["features"] = f"at most {FEATURES_MAX} features of {FEATURE_MAX} characters each"
    if strange := [one for one in texts.categories if one not in categories]:
        problems["categories"] = f"there is no category `{strange[0]}`"
    elif len(texts.categories) > CATEGORIES_MAX:
        problems["categories"] = f"at most {CATEGORIES_MAX} categories"
    if strange := [one for one in texts.languages if one not in LANGUAGES]:
        problems["languages"] = f"there is no language `{strange[0]}` here"
    if texts.support_email and not _EMAIL.fullmatch(texts.support_email):
        problems["support_email"] = "this is not an e-mail address, such as `help@example.com`"
    for name in ("support_url", "privacy_url", "website", "start_url"):
        if (address := getattr(texts, name)) and not is_web_address(address):
            problems[name] = "this is not a web address that begins with `https://`"
    for name in ("short", "long"):
        if name not in problems and has_hidden(getattr(texts, name)):
            problems[name] = "it contains characters that nobody sees, or that turn the direction of writing"
    return problems


def _limit(problems: dict[str, str], name: str, text: str, most: int) -> None:
    if len(text) > most:
        problems[name] = f"at most {most} characters; these are {len(text)}"


def is_web_address(text: str) -> bool:
    """An absolute `https` address of a named host, without a password and without anything that browsers read otherwise."""
    if len(text) > 500 or not re.fullmatch(r"[!-\[\]-~]+", text):  # visible ASCII, no backslash
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    named = re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+", host)
    return parts.scheme == "https" and bool(named) and "@" not in parts.netloc and port != 0


_KEPT_CONTROLS = frozenset("\n\r\t")


def has_hidden(text: str) -> bool:
    """Zero-width characters, marks that turn the direction of writing, and control characters; joiners within emoji are fine."""
    return any(
        unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs") and char not in _KEPT_CONTROLS and char != "\u200d"
        for char in text
    )


def names_somebody(text: str) -> bool:
    """Whether a text holds an e-mail address or a telephone number, which have no place in a public rating."""
    return bool(_EMAIL.search(text) or _TELEPHONE.search(text))


def check_rating(stars: int, text: str) -> None:
    """One to five stars; words without a buyer's (or anybody's) address."""
    if not 1 <= stars <= 5:
        raise PiepowderError("store_rating_stars", "a rating has one to five stars")
    _check_words(text, RATING_MAX)


def check_reply(text: str) -> None:
    if not text.strip():
        raise PiepowderError("store_reply_empty", "a reply needs words")
    _check_words(text, REPLY_MAX)


def _check_words(text: str, most: int) -> None:
    if len(text) > most:
        raise PiepowderError("store_words_long", f"at most {most} characters; these are {len(text)}")
    if has_hidden(text):
        raise PiepowderError("store_words_hidden", "the text contains characters that nobody sees")
    if names_somebody(text):
        raise PiepowderError(
            "store_words_personal",
            "the text names an e-mail address or a telephone number",
            hint="leave it out: everybody can read this, and a buyer's data must not stand here",
        )


def stage_of(name: str) -> int:
    """0 to 99, always the same for one listing or seller: the staged share counts from there."""
    return blake2b(name.encode(), digest_size=8).digest()[0] * 100 // 256


def in_stage(listing_id: str, seller_id: str, percent: int, sellers: Collection[str]) -> bool:
    """Whether a seller sees a staged listing. Raising the percentage never takes it from anybody."""
    return seller_id in sellers or (stage_of(listing_id) + stage_of(seller_id)) % 100 < percent


def median(counts: Mapping[int, int]) -> float:
    """Of stars -> how many gave them; 0 where nobody did."""
    total = sum(counts.values())
    if not total:
        return 0.0
    low, high = _nth(counts, (total - 1) // 2), _nth(counts, total // 2)
    return (low + high) / 2


def _nth(counts: Mapping[int, int], place: int) -> int:
    for stars in sorted(counts):
        if place < counts[stars]:
            return stars
        place -= counts[stars]
    return 0
