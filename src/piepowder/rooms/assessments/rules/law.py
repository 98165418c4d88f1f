"""What law asks of a developer, as typed data that policies, exports and pages may read. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from piepowder.rooms.assessments.rules.conditions import Case, is_visible
from piepowder.rooms.assessments.rules.questionnaire import Meaning
from piepowder.rooms.developers.countries import COUNTRIES


class SubProcessor(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who handles buyers' data for the developer."""

    name: str
    service: str = ""
    country: str = ""  # two letters
    mechanism: str = ""  # of the transfer, as the questionnaire words it

    @property
    def country_name(self) -> str:
        return COUNTRIES.get(self.country, self.country)


class LegalFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Empty parts were not asked or not answered. `retention_days` may differ by purpose; the key `""` is for all."""

    controller_or_processor: str = ""
    purposes: tuple[str, ...] = ()
    legal_basis: Mapping[str, str] = {}  # purpose -> basis
    sub_processors: tuple[SubProcessor, ...] = ()
    countries: tuple[str, ...] = ()  # where data is kept or seen: the developer's own and the sub-processors'
    retention_days: Mapping[str, int] = {}

    def outside(self, countries: frozenset[str]) -> tuple[str, ...]:
        return tuple(country for country in self.countries if country not in countries)

    @property
    def longest_retention_days(self) -> int | None:
        return max(self.retention_days.values(), default=None)


def legal_facts(case: Case) -> LegalFacts:
    """Read from the answers by their meaning, in whichever questionnaire they stand."""
    sub_processors = tuple(map(_sub_processor, _value(case, Meaning.SUB_PROCESSORS) or ()))
    own = _value(case, Meaning.COUNTRIES) or ()
    countries = [row["country"] for row in own if "country" in row] + [
        one.country for one in sub_processors if one.country
    ]
    purposes = case.purposes
    return LegalFacts(
        controller_or_processor=_value(case, Meaning.CONTROLLER_OR_PROCESSOR) or "",
        purposes=tuple(purposes),
        legal_basis=_for(purposes, _value(case, Meaning.LEGAL_BASIS)),
        sub_processors=sub_processors,
        countries=tuple(sorted(set(countries))),
        retention_days=_retention(purposes, _value(case, Meaning.RETENTION_DAYS)),
    )


def _value(case: Case, meaning: Meaning) -> Any:
    question = case.questionnaire.meaning(meaning)
    return case.given(question.id).value if question and is_visible(case, question) else None


def _sub_processor(row: Mapping[str, str]) -> SubProcessor:
    return SubProcessor(
        name=row.get("name", ""),
        service=row.get("service", ""),
        country=row.get("country", ""),
        mechanism=row.get("mechanism", ""),
    )


def _for(purposes: list[str], value: Any) -> dict[str, Any]:
    answers = value if isinstance(value, dict) else {}
    return {purpose: answers[purpose] for purpose in purposes if purpose in answers}


def _retention(purposes: list[str], value: Any) -> dict[str, int]:
    return _for(purposes, value) if isinstance(value, dict) else {} if value is None else {"": int(value)}
