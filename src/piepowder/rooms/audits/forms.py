"""Forms of audits. What they refuse stands at the field, and nothing that was typed is lost."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from django import forms

from piepowder.rooms.audits.actions.conduct import TEXT_MAX
from piepowder.rooms.audits.models import Finding, Item
from piepowder.rooms.audits.rules import SAMPLE_MAX, Method, Severity, Stance, Verdict
from piepowder.rooms.evidence.forms import DocumentField
from piepowder.rooms.people.models import Account

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def end_of(day: date | None) -> datetime | None:
    """A day that is promised lasts to its end."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC) if day else None


def _prose(
    label: str, help_text: str = "", *, rows: int = 4, required: bool = True, missing: str = ""
) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": missing} if missing else None,
    )


class DrawForm(forms.Form):
    method = forms.ChoiceField(
        label="How to draw",
        choices=[
            (Method.SAMPLE.value, "By lot: everybody can be drawn, large and small in fair shares"),
            (Method.RISK.value, "By risk: the highest scores, explained factor by factor"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how to draw."},
    )
    size = forms.IntegerField(
        label="How many",
        min_value=1,
        max_value=SAMPLE_MAX,
        widget=forms.NumberInput(attrs={"size": 6}),
        error_messages={"required": "Say how many developers are drawn."},
    )
    seed = forms.CharField(
        label="Seed",
        required=False,
        max_length=100,
        help_text="Leave it empty: Piepowder then takes one that nobody could choose. A seed of your own, such as last night's "
        "public lottery numbers, is recorded as yours. With seed and pool anybody can draw again.",
    )


class AssignForm(forms.Form):
    assessor = forms.ChoiceField(
        label="Assessor",
        help_text="Who may review, does not act for this organisation, and had no part in approving its assessment.",
    )

    def __init__(self, accounts: Iterable[Account], *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["assessor"].choices = [(one.id, f"{one} ({one.email})") for one in accounts]  # type: ignore[attr-defined]


class RequestForm(forms.Form):
    """A box and a text for each line of the checklist, and room for something else: one letter asks for all of it."""

    other = _prose("Something else", "What no line of the checklist covers.", rows=2, required=False)
    due_on = forms.DateField(
        label="By when", required=False, widget=_DAY, help_text="At least a week ahead. Empty: three weeks from today."
    )

    def __init__(self, items: Iterable[Item], *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.items_asked = list(items)
        for item in self.items_asked:
            self.fields[f"ask_{item.key}"] = forms.BooleanField(label=f"Ask about: {item.question}", required=False)
            self.fields[f"words_{item.key}"] = forms.CharField(
                label=f"What you need for: {item.question}",
                required=False,
                initial=item.look_at,
                max_length=TEXT_MAX,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def lines(self) -> list[tuple[Item, forms.BoundField, forms.BoundField]]:
        return [(item, self[f"ask_{item.key}"], self[f"words_{item.key}"]) for item in self.items_asked]

    def wanted(self) -> list[tuple[str, str]]:
        typed = self.cleaned_data
        asked = [
            (item.key, typed[f"words_{item.key}"] or item.look_at)
            for item in self.items_asked
            if typed[f"ask_{item.key}"]
        ]
        return [*asked, ("", typed["other"])] if typed["other"].strip() else asked


class ReasonForm(forms.Form):
    reason = _prose("Reason", "The developer reads it.", missing="Say why.")


class SummaryForm(forms.Form):
    summary = _prose(
        "Summary",
        "What was looked at, and what came out. The developer reads it; how the audit ends follows from the findings.",
        missing="Sum up the audit.",
    )


class ExtendForm(forms.Form):
    until = forms.DateField(
        label="Until",
        widget=_DAY,
        help_text="At most four weeks more, once.",
        error_messages={"required": "Name a day."},
    )
    reason = _prose("Reason", "The developer reads it.", rows=3, missing="Say why.")


class JudgeForm(forms.Form):
    verdict = forms.ChoiceField(
        label="Verdict",
        choices=[
            (Verdict.MET.value, "Met"),
            (Verdict.PARTLY_MET.value, "Partly met"),
            (Verdict.NOT_MET.value, "Not met"),
            (Verdict.DOES_NOT_APPLY.value, "Does not apply"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a verdict."},
    )
    reason = _prose(
        "What it rests on", "The document and the place in it, or what you saw.", missing="Say what it rests on."
    )
    revision = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


class FindingForm(forms.Form):
    item = forms.ChoiceField(label="Line of the checklist", required=False)
    severity = forms.ChoiceField(
        label="Severity",
        choices=[
            (Severity.CRITICAL.value, "Critical: buyers' data is exposed or misused now"),
            (Severity.HIGH.value, "High: it easily could be"),
            (Severity.MEDIUM.value, "Medium: a safeguard is missing, others hold"),
            (Severity.LOW.value, "Low: to be put in order"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a severity."},
    )
    clause = forms.CharField(
        label="Clause", required=False, max_length=60, help_text="Empty: the clause of the line of the checklist."
    )
    what = _prose("What you found", "Facts that the developer can check.", missing="Say what you found.")
    to_do = _prose("What to do about it", "So that the developer knows when it is done.", missing="Say what to do.")
    fix_by = forms.DateField(
        label="Fixed by",
        required=False,
        widget=_DAY,
        help_text="Empty: a week for critical ones, four for high, eight for medium and thirteen for low, after the time to answer.",
    )

    def __init__(self, items: Iterable[Item], *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        lines = [(item.key, f"{item.clause} {item.question}"[:120]) for item in items]
        self.fields["item"].choices = [("", "None"), *lines]  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(finding: Finding) -> dict[str, Any]:
        names = ("severity", "clause", "what", "to_do", "fix_by")
        return {**{name: getattr(finding, name) for name in names}, "item": finding.item.key if finding.item else ""}


class SettleForm(forms.Form):
    outcome = forms.ChoiceField(
        label="What becomes of it",
        choices=[
            ("stands", "It stands: to be fixed by its date"),
            ("fixed", "It was true, and is fixed already"),
            ("withdrawn", "It was wrong, and is withdrawn"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what becomes of it."},
    )
    reason = _prose("Why", "The developer reads it beside their answer.", missing="Say why.")


class _WithDocuments(forms.Form):
    """Up to three documents at once."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["document"] = DocumentField(label="Document", required=False)
        for number in (2, 3):
            self.fields[f"document_{number}"] = DocumentField(
                label=f"Another document ({number} of 3)", required=False, help_text=""
            )
        self.order_fields(self.field_order)

    def uploads(self) -> list[tuple[str, bytes]]:
        names = ("document", "document_2", "document_3")
        return [(one.name, one.content) for name in names if (one := self.cleaned_data.get(name))]


class ProvideForm(_WithDocuments):
    answer = _prose(
        "In words", "If you have no such document, say so and explain how you work instead.", required=False
    )
    field_order = ("document", "document_2", "document_3", "answer")


class AnswerForm(_WithDocuments):
    stance = forms.ChoiceField(
        label="Your answer",
        choices=[
            (Stance.FIXED.value, "It is fixed already"),
            (Stance.WILL_FIX.value, "We will fix it by the date named"),
            (Stance.DISPUTED.value, "We dispute it"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one."},
    )
    answer = _prose("In words", "What you did, what you will do, or why it is not so.", missing="Write your answer.")
    field_order = ("stance", "answer", "document", "document_2", "document_3")
