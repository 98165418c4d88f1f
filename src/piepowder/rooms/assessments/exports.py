"""What an approved assessment says as a record of processing activities (GDPR Art. 30) and as a draft impact assessment (Art. 35).

Every statement names the answer it came from, and what is missing is said, not left out. A draft: nobody is relieved of judging.
Answers are found by their meaning in whichever questionnaire they stand; sections without a meaning hold the measures.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from piepowder.core.facts.model import AppFact
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import decode_as
from piepowder.core.marketplace.taxonomy import is_personal, words_of
from piepowder.core.policy.taxonomy import lineage, purpose_words
from piepowder.rooms.assessments.models import Assessment, Submission
from piepowder.rooms.assessments.rules.answers import NOTHING, words
from piepowder.rooms.assessments.rules.conditions import Case
from piepowder.rooms.assessments.rules.law import LegalFacts, legal_facts
from piepowder.rooms.assessments.rules.questionnaire import Kind, Meaning, Option, Question, Section
from piepowder.rooms.assessments.rules.score import Result
from piepowder.rooms.assessments.rules.status import Status
from piepowder.rooms.developers.countries import COUNTRIES
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.publication.models import Fact

_NO_MECHANISM = ("none", "not_needed")  # as the questionnaire words it; neither carries a transfer abroad
SUBJECTS = "Buyers of the sellers who authorised the apps"


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that is said. `source`: the answer or place it came from; without a text, `missing` says what has to be added."""

    name: str
    text: str
    source: str
    missing: str = ""

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@dataclass(frozen=True, slots=True)
class Part:
    """Statements under a heading, with the article that asks for them."""

    title: str
    article: str
    statements: list[Statement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A whole document."""

    title: str
    developer: str
    assessment: str
    questionnaire: str
    approved_at: datetime
    made_at: datetime
    parts: list[Part] = field(default_factory=list)

    @property
    def missing(self) -> list[tuple[str, Statement]]:
        return [(part.title, one) for part in self.parts for one in part.statements if one.missing]


@dataclass(frozen=True, slots=True)
class _Said:
    """What the documents are made of."""

    submission: Submission
    case: Case
    result: Result
    facts: LegalFacts
    developer: Developer

    def asked(self, meaning: Meaning) -> Question | None:
        question = self.case.questionnaire.meaning(meaning)
        return question if question and question in self.result.questions else None

    def answer(self, question: Question) -> str:
        given = self.case.given(question.id) or NOTHING
        return "\n".join(words(question, given.value, self.case.questionnaire.purposes))

    def source(self, question: Question | None) -> str:
        return (
            f"answer to “{question.ask}” (clause {question.clause})"
            if question
            else "the questionnaire does not ask for it"
        )

    def statement(self, question: Question, missing: str = "") -> Statement:
        text = self.answer(question)
        needed = missing or "This question was not answered."
        return Statement(question.ask, text, self.source(question), "" if text or not question.required else needed)

    def purpose_name(self, purpose: str) -> str:
        return self.case.questionnaire.purposes.get(purpose) or purpose_words(purpose)


def approved_submission(assessment: Assessment) -> Submission:
    """The newest answers that were approved; `assessments_not_approved` if none were."""
    rows = assessment.submissions.filter(outcome__in=(Status.APPROVED, Status.PARTLY_APPROVED))
    if submission := rows.order_by("-number").first():
        return submission
    raise PiepowderError(
        "assessments_not_approved",
        "these documents are made from approved answers, and none were approved yet",
        hint="hand the assessment in first",
        kind=ErrorKind.CONFLICT,
    )


def record_of_processing(assessment: Assessment, *, at: datetime) -> Export:
    """Art. 30: who, for which purposes, which data, who receives it, where it goes, how long it stays, how it is kept safe."""
    said = _said(assessment)
    as_processor = said.facts.controller_or_processor == "processor"
    parts = [Part("Who is responsible", "Art. 30(2)(a)" if as_processor else "Art. 30(1)(a)", _who(said))]
    parts += [_activity(said, purpose) for purpose in said.facts.purposes]
    if not said.facts.purposes:
        missing = Statement("Purposes", "", said.source(said.asked(Meaning.PURPOSES)), "Name at least one purpose.")
        parts.append(Part("Processing activities", "Art. 30(1)(b)", [missing]))
    parts.append(Part("Recipients", "Art. 30(1)(d)", _recipients(said)))
    parts.append(
        Part("Transfers to other countries", "Art. 30(2)(c)" if as_processor else "Art. 30(1)(e)", _transfers(said))
    )
    article = "Art. 30(2)(d)" if as_processor else "Art. 30(1)(g)"
    parts += [Part(f"Measures: {section.title}", article, several) for section, several in _measures(said)]
    return _export("Record of processing activities", said, parts, at)


def impact_assessment(assessment: Assessment, *, at: datetime) -> Export:
    """Art. 35(7): description, necessity and proportionality, risks, measures. What only people can judge is marked as missing."""
    said = _said(assessment)
    parts = [Part("Who is responsible", "Art. 35(1)", _who(said))]
    parts += [
        Part(f"Description: {part.title}", "Art. 35(7)(a)", part.statements)
        for part in (_activity(said, purpose) for purpose in said.facts.purposes)
    ]
    parts.append(Part("Recipients and places", "Art. 35(7)(a)", _recipients(said) + _transfers(said)))
    parts.append(Part("Necessity and proportionality", "Art. 35(7)(b)", _necessity(said)))
    parts.append(Part("Risks for buyers", "Art. 35(7)(c)", _risks(said)))
    parts += [Part(f"Measures: {section.title}", "Art. 35(7)(d)", several) for section, several in _measures(said)]
    parts.append(Part("Advice and views", "Art. 35(2) and (9)", _advice(said)))
    return _export("Data protection impact assessment (draft)", said, parts, at)


def _said(assessment: Assessment) -> _Said:
    submission = approved_submission(assessment)
    case = submission.case()
    return _Said(submission, case, submission.result(), legal_facts(case), assessment.developer)


def _export(title: str, said: _Said, parts: list[Part], at: datetime) -> Export:
    return Export(
        title=title,
        developer=said.developer.shown_name,
        assessment=said.submission.assessment_id,
        questionnaire=f"{said.case.questionnaire.title}, {said.case.questionnaire.version}",
        approved_at=said.submission.concluded_at or at,
        made_at=at,
        parts=parts,
    )


def _who(said: _Said) -> list[Statement]:
    developer, profile = said.developer, "profile of the organisation"
    address = "\n".join(filter(None, (developer.address, COUNTRIES.get(developer.country, developer.country))))
    capacity = said.asked(Meaning.CONTROLLER_OR_PROCESSOR)
    several = [
        Statement("Name", developer.legal_name or developer.name, profile),
        Statement("Address", address, profile, "" if address else "Add the address to the profile."),
        Statement("Contact", developer.contact_email, profile),
        Statement(
            "Contact for data protection",
            developer.privacy_email,
            profile,
            "" if developer.privacy_email else "Name the data protection officer or whoever answers for it.",
        ),
    ]
    if capacity:
        several.append(said.statement(capacity, "Say whether you act as controller or processor."))
    if said.facts.controller_or_processor in ("processor", "joint"):
        text = "The sellers who authorised the apps; the marketplace's console lists them."
        several.append(Statement("On whose behalf, or jointly with", text, said.source(capacity)))
    return several


def _activity(said: _Said, purpose: str) -> Part:
    """One purpose: what for, how, on which basis, which data of whom, how long."""
    several = [Statement("Purpose", said.purpose_name(purpose), said.source(said.asked(Meaning.PURPOSES)))]
    several += [_for_purpose(said, question, purpose) for question in _told_per_purpose(said)]
    several += [_of_basis(said, purpose), Statement("People whose data it is", SUBJECTS, "the marketplace's catalogue")]
    several += [_of_categories(said, purpose), _of_retention(said, purpose)]
    article = "Art. 30(2)(b)" if said.facts.controller_or_processor == "processor" else "Art. 30(1)(b), (c) and (f)"
    return Part(said.purpose_name(purpose), article, several)


def _told_per_purpose(said: _Said) -> list[Question]:
    return [one for one in said.result.questions if one.kind is Kind.PER_PURPOSE and one.meaning is None]


def _for_purpose(said: _Said, question: Question, purpose: str) -> Statement:
    given = said.case.given(question.id).value
    text = str(given.get(purpose, "")) if isinstance(given, dict) else ""
    return Statement(question.ask, text, said.source(question), "" if text else "Say it for this purpose.")


def _of_basis(said: _Said, purpose: str) -> Statement:
    question, value = said.asked(Meaning.LEGAL_BASIS), said.facts.legal_basis.get(purpose, "")
    options = {one.value: one.words for one in question.options} if question else {}
    settled = value and value != "unknown"
    return Statement(
        "Legal basis",
        options.get(value, value),
        said.source(question),
        "" if settled else "Name the legal basis of this purpose.",
    )


def _of_categories(said: _Said, purpose: str) -> Statement:
    """From the manifests of the developer's apps, as the gateway holds them to it."""
    found, apps = set[str](), set[str]()
    for app in _apps(said.developer.id):
        manifest = app.versions.get(app.current_version)
        for declared, categories in manifest.categories.items() if manifest else ():
            if purpose in lineage(declared) or declared in lineage(purpose):
                found |= set(categories)
                apps.add(app.name)
    text = "\n".join(words_of(one) or one for one in sorted(found))
    personal = any(is_personal(one) for one in found)
    source = f"manifest of {', '.join(sorted(apps))}" if apps else "manifests of the apps"
    missing = "" if found else "No app declares data for this purpose yet: name the categories, or register the app."
    return Statement(
        "Categories of personal data" if personal or not found else "Data (none of it personal)", text, source, missing
    )


def _apps(developer: str) -> Iterator[AppFact]:
    for body in Fact.objects.filter(kind="app", body__contains=developer).values_list("body", flat=True):
        app = decode_as(body or "", AppFact)
        if app.developer == developer:
            yield app


def _of_retention(said: _Said, purpose: str) -> Statement:
    question, days = said.asked(Meaning.RETENTION_DAYS), said.facts.retention_days
    value = days.get(purpose, days.get(""))
    text = f"{value} {question.unit if question and question.unit else 'days'}" if value is not None else ""
    return Statement("Erased after", text, said.source(question), "" if text else "Say when this data is erased.")


def _recipients(said: _Said) -> list[Statement]:
    question = said.asked(Meaning.SUB_PROCESSORS)
    several = [
        Statement(
            one.name or "Unnamed",
            f"{one.service or 'service not named'}, {one.country_name or 'country not named'}",
            said.source(question),
        )
        for one in said.facts.sub_processors
    ]
    return several or [Statement("Sub-processors", "None", said.source(question))]


def _transfers(said: _Said) -> list[Statement]:
    equal = frozenset(said.case.questionnaire.groups.get("adequate", ()))
    question = said.asked(Meaning.SUB_PROCESSORS)
    several = [
        Statement(
            "Countries",
            ", ".join(COUNTRIES.get(one, one) for one in said.facts.countries),
            said.source(said.asked(Meaning.COUNTRIES)),
        )
    ]
    mechanisms = {one.value: one.words for one in _column_options(question, "mechanism")}
    for one in said.facts.sub_processors:
        if one.country and one.country not in equal:
            text = mechanisms.get(one.mechanism, one.mechanism)
            missing = (
                "" if text and one.mechanism not in _NO_MECHANISM else "Name the mechanism of this transfer (Art. 46)."
            )
            several.append(Statement(f"{one.name} in {one.country_name}", text, said.source(question), missing))
    return several


def _column_options(question: Question | None, column: str) -> list[Option]:
    return [option for one in (question.columns if question else ()) if one.id == column for option in one.options]


def _measures(said: _Said) -> list[tuple[Section, list[Statement]]]:
    """Answers of the sections in which nothing has a meaning of its own."""
    shown = {question.id for question in said.result.questions}
    sections = [
        one for one in said.case.questionnaire.sections if not any(question.meaning for question in one.questions)
    ]
    found = [
        (one, [said.statement(question) for question in one.questions if question.id in shown]) for one in sections
    ]
    return [(section, several) for section, several in found if several]


def _necessity(said: _Said) -> list[Statement]:
    """What the sections about purposes, retention and others say beyond their meaning."""
    meant = [one for one in said.case.questionnaire.sections if any(question.meaning for question in one.questions)]
    own = [
        question
        for section in meant
        for question in section.questions
        if question.meaning is None and question.kind is not Kind.PER_PURPOSE and question in said.result.questions
    ]
    judged = Statement(
        "Is it proportionate?", "", "nobody but you can say", "Weigh the purposes against what they mean for buyers."
    )
    return [said.statement(question) for question in own] + [judged]


def _risks(said: _Said) -> list[Statement]:
    """What the rules found, and the risks that every such app has: how likely and how grave each is, people judge."""
    found = []
    for finding in said.result.findings:
        question = said.case.questionnaire.question(finding.question)
        found.append(Statement(question.ask, f"{finding.says}\nTo mend it: {finding.fix}", said.source(question)))
    usual = (
        ("Somebody without need sees names or addresses", "access"),
        ("Data is used for something else than agreed", "purpose"),
        ("Data is kept longer than needed", "retention"),
        ("Data leaks from the app or a sub-processor", "security"),
    )
    return found + [
        Statement(risk, "", f"usual risk of {kind}", "Judge how likely and how grave it is, with the measures below.")
        for risk, kind in usual
    ]


def _advice(said: _Said) -> list[Statement]:
    return [
        Statement(
            "Advice of the data protection officer", "", "outside the assessment", "Add the advice and its date."
        ),
        Statement(
            "Views of buyers or their representatives",
            "",
            "outside the assessment",
            "Add them, or why they were not sought.",
        ),
        Statement(
            "Decision and date of the next look",
            "",
            "outside the assessment",
            "Add who decided what, and when it is looked at again.",
        ),
    ]
