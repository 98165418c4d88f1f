"""States, scores and decisions in words that a developer reads."""

from django import template
from django.forms import BoundField

from piepowder.rooms.assessments.forms import QuestionForm
from piepowder.rooms.assessments.rules.questionnaire import Clause, Kind, Question, Questionnaire
from piepowder.rooms.assessments.rules.score import Finding

register = template.Library()

STATUS = {
    "draft": "Draft",
    "submitted": "In the queue",
    "in_review": "A reviewer reads it",
    "returned": "Came back: correct or answer",
    "approved": "Approved",
    "partly_approved": "Approved in part",
    "refused": "Not approved",
    "expired": "Ended",
    "withdrawn": "Withdrawn",
}
LOOKS = {
    "approved": "good",
    "partly_approved": "warn",
    "returned": "warn",
    "refused": "bad",
    "in_review": "gap",
    "submitted": "gap",
}
SCORES = {"full": ("good", "Full marks"), "partial": ("warn", "Part of the marks"), "none": ("bad", "No marks")}
WORDS = {"ok": ("good", "Accepted"), "wrong": ("bad", "Not accepted"), "ask": ("warn", "Question to you")}
OCCASIONS = {
    "first": "First time",
    "correction": "Corrected",
    "re_review": "To another reviewer",
    "renewal": "Renewal",
}


@register.filter
def status_words(status: str) -> str:
    return STATUS.get(status, status)


@register.filter
def status_look(status: str) -> str:
    return LOOKS.get(status, "")


@register.filter
def score_words(score: str) -> str:
    return SCORES.get(score, ("", ""))[1]


@register.filter
def score_look(score: str) -> str:
    return SCORES.get(score, ("", ""))[0]


@register.filter
def decision_words(word: str) -> str:
    return WORDS.get(word, ("", word))[1]


@register.filter
def decision_look(word: str) -> str:
    return WORDS.get(word, ("", ""))[0]


@register.filter
def occasion_words(occasion: str) -> str:
    return OCCASIONS.get(occasion, occasion)


@register.filter
def role_title(role: str, questionnaire: Questionnaire) -> str:
    return questionnaire.roles.get(role, role)


@register.filter
def blocked_titles(finding: Finding, questionnaire: Questionnaire) -> str:
    return ", ".join(title for role, title in questionnaire.roles.items() if role in finding.blocks)


@register.filter
def question_ask(question_id: str, questionnaire: Questionnaire) -> str:
    question = questionnaire.find(question_id)
    return question.ask if question else question_id


@register.filter
def section_id(question_id: str, questionnaire: Questionnaire) -> str:
    """The section in which a question stands, for its address."""
    return questionnaire.section_of(question_id).id


@register.filter
def layout(question: Question) -> str:
    """`one` label and field, a `group` of buttons or boxes, a `table` of rows, or `several` fields."""
    if question.kind in (Kind.YES_NO, Kind.ONE, Kind.MANY):
        return "group"
    return {Kind.ROWS: "table", Kind.PER_PURPOSE: "several"}.get(question.kind, "one")


@register.filter
def value_field(form: QuestionForm) -> BoundField:
    return form["value"]


@register.filter
def choice_help(question: Question) -> list[tuple[str, str]]:
    """Choices that have an explanation, with it."""
    return [(option.words, option.help) for option in question.options if option.help]


@register.filter
def column_help(question: Question) -> list[tuple[str, str]]:
    return [(column.words, column.help) for column in question.columns if column.help]


@register.filter
def get_clause(clauses: dict[str, Clause], name: str) -> Clause | None:
    return clauses.get(name)
