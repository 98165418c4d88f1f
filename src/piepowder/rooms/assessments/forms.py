"""Forms made of questions: one small form for each, so that each can be saved by itself and keeps what was typed."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms

from piepowder.rooms.assessments.rules.answers import NOTE_MAX
from piepowder.rooms.assessments.rules.questionnaire import Column, Kind, Question, Questionnaire
from piepowder.rooms.developers.countries import CHOICES
from piepowder.rooms.evidence.forms import DocumentField

_SPARE_ROWS = 1
_ROWS_SHOWN_MAX = 200
_LONG_TEXT = 20000  # how long it may be is said by the rules, at the field, and not by cutting it off


class QuestionForm(forms.Form):
    """The fields of one question. Whether they make an answer is decided by the rules: `value()` is what was typed."""

    note = forms.CharField(
        label="Remark for the reviewer", required=False, widget=forms.Textarea(attrs={"rows": 2, "maxlength": NOTE_MAX})
    )
    revision = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(
        self,
        question: Question,
        *,
        purposes: Mapping[str, str],
        value: Any = None,
        note: str = "",
        revision: int = 0,
        data: Any = None,
        more_rows: int = 0,
    ) -> None:
        super().__init__(data, prefix=question.id, initial={"note": note, "revision": revision}, label_suffix="")
        self.question, self.purposes = question, purposes
        self.rows = self._row_count(value, data, more_rows) if question.kind is Kind.ROWS else 0
        for name, field in self._made(value).items():
            self.fields[name] = field
        self.order_fields([*(name for name in self.fields if name not in ("note", "revision")), "note", "revision"])

    def _row_count(self, value: Any, data: Any, more: int) -> int:
        kept = len(value) if isinstance(value, list) else 0
        try:
            sent = int(data.get(f"{self.prefix}-rows", 0)) if data else 0
        except ValueError:
            sent = 0
        return min(max(kept, sent) + (_SPARE_ROWS if not sent else 0) + more, _ROWS_SHOWN_MAX)

    def _made(self, value: Any) -> dict[str, forms.Field]:
        question = self.question
        if question.kind is Kind.ROWS:
            rows = value if isinstance(value, list) else []
            return {
                f"r{number}_{column.id}": _cell(
                    column, (rows[number] if number < len(rows) else {}).get(column.id, ""), number
                )
                for number in range(self.rows)
                for column in question.columns
            }
        if question.kind is Kind.PER_PURPOSE:
            given = value if isinstance(value, dict) else {}
            return {
                _field_of(purpose): _simple(question, question.each, given.get(purpose), label=words)
                for purpose, words in self.purposes.items()
            }
        return {"value": _simple(question, question.kind, value, label=question.ask)}

    def value(self, before: Any = None) -> Any:
        """What was typed, as the rules take it. Answers to purposes that are not shown are left as they were (`before`)."""
        typed, question = self.cleaned_data, self.question
        if question.kind is Kind.ROWS:
            return [
                {column.id: typed.get(f"r{number}_{column.id}", "") for column in question.columns}
                for number in range(self.rows)
            ]
        if question.kind is Kind.PER_PURPOSE:
            kept = dict(before) if isinstance(before, dict) else {}
            return {**kept, **{purpose: typed.get(_field_of(purpose)) for purpose in self.purposes}}
        return typed.get("value")

    def main_field(self) -> str:
        """Where an error of the whole answer stands."""
        return next(name for name in self.fields if name not in ("note", "revision"))

    def answer_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in ("note", "revision")]

    def table(self) -> list[list[forms.BoundField]]:
        """The fields of rows, row by row."""
        return [[self[f"r{number}_{column.id}"] for column in self.question.columns] for number in range(self.rows)]


def _field_of(purpose: str) -> str:
    return "p_" + purpose.replace(".", "__")


def _simple(question: Question, kind: Kind, value: Any, *, label: str) -> forms.Field:
    given: dict[str, Any] = {"label": label, "required": False, "initial": value}
    options = [(option.value, option.words) for option in question.options]
    if kind is Kind.YES_NO:
        chosen = None if value is None else "yes" if value else "no"
        return _Loose(choices=[("yes", "Yes"), ("no", "No")], widget=forms.RadioSelect, **{**given, "initial": chosen})
    if kind is Kind.ONE:
        widget = forms.Select if question.kind is Kind.PER_PURPOSE else forms.RadioSelect
        return _Loose(choices=[("", "Choose"), *options] if widget is forms.Select else options, widget=widget, **given)
    if kind is Kind.MANY:
        return _LooseMany(choices=options, widget=forms.CheckboxSelectMultiple, **{**given, "initial": value or []})
    if kind is Kind.DATE:
        return forms.CharField(max_length=40, widget=forms.DateInput(attrs={"type": "date"}), **given)
    if kind is Kind.NUMBER:
        return forms.CharField(
            max_length=40, widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 8}), **given
        )
    return forms.CharField(max_length=_LONG_TEXT, widget=forms.Textarea(attrs={"rows": 3}), **given)


class _Loose(forms.ChoiceField):
    """Takes any word: the rules say what is no choice, in the question's own words."""

    def valid_value(self, value: Any) -> bool:
        return True


class _LooseMany(forms.MultipleChoiceField):
    def valid_value(self, value: Any) -> bool:
        return True


def _cell(column: Column, text: str, number: int) -> forms.Field:
    label = f"{column.words}, row {number + 1}"
    given: dict[str, Any] = {"label": label, "required": False, "initial": text}
    if column.kind == "country":
        return _Loose(choices=CHOICES, widget=forms.Select, **given)
    if column.kind == "one":
        options = [(option.value, option.words) for option in column.options]
        return _Loose(choices=[("", "Choose"), *options], widget=forms.Select, **given)
    if column.kind == "date":
        return forms.CharField(max_length=40, widget=forms.DateInput(attrs={"type": "date"}), **given)
    return forms.CharField(max_length=1000, widget=forms.TextInput, **given)


class RolesForm(forms.Form):
    """The roles that are asked for."""

    roles = forms.MultipleChoiceField(
        label="Roles you ask for",
        widget=forms.CheckboxSelectMultiple,
        help_text="A role opens operations of the marketplace's API. Ask for what your apps need today; more can be asked for later.",
        error_messages={"required": "Choose at least one role."},
    )

    def __init__(
        self, questionnaire: Questionnaire, *args: Any, only: Iterable[str] | None = None, **given: Any
    ) -> None:
        super().__init__(*args, **given)
        shown = set(questionnaire.roles) if only is None else set(only)
        self.fields["roles"].choices = [(role, title) for role, title in questionnaire.roles.items() if role in shown]  # type: ignore[attr-defined]


class EvidenceForm(forms.Form):
    """A document behind an answer. `question`: one of several on a page, so it is named by what is asked for."""

    document = DocumentField(label="Document")
    written_on = forms.DateField(
        label="Date of the document",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="As it stands on it. Without a date it counts from today.",
    )

    def __init__(self, *args: Any, today: date | None = None, question: Question | None = None, **given: Any) -> None:
        super().__init__(*args, **{"prefix": question.id if question else None, **given})
        if question and question.evidence:
            words = question.evidence.words
            self.fields["document"].label = words[:1].upper() + words[1:]
            self.fields["document"].required = bool(args)
            self.fields["written_on"].label = f"Date of {words}"
        if today:
            self.fields["written_on"].widget.attrs["max"] = today.isoformat()


class AnswersFileForm(forms.Form):
    """Answers from a file."""

    file = forms.FileField(
        label="File with answers",
        help_text="YAML or JSON, as “Download as YAML” writes it, with the roles that you ask for. All of it is filled in, or nothing.",
    )


class ReReviewForm(forms.Form):
    request = forms.CharField(
        label="What should another reviewer look at?",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Say what you think the first reviewer got wrong. Your answers stay as they were handed in.",
        error_messages={"required": "Say what another reviewer should look at."},
    )


class MessageForm(forms.Form):
    body = forms.CharField(
        label="Message",
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "There is no text in this message."},
    )
    question = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)
