"""Forms of the review desk. A reviewer's words are never lost: a refusal shows the form again as it was typed."""

from typing import Any

from django import forms

from piepowder.rooms.assessments.actions.reviewing import REASON_MAX
from piepowder.rooms.assessments.desk import Desk, Row
from piepowder.rooms.assessments.rules.questionnaire import Questionnaire
from piepowder.rooms.assessments.rules.status import Status, Word

_OUTCOMES = {
    Status.APPROVED: "Approve all the roles asked for",
    Status.PARTLY_APPROVED: "Approve some of the roles",
    Status.RETURNED: "Return it: the developer corrects or answers",
    Status.REFUSED: "Refuse: none of the roles is approved",
}


class DecisionForm(forms.Form):
    """What one answer is worth. A prepared reason fills what is left empty."""

    word = forms.ChoiceField(
        label="Decision",
        choices=[(Word.OK.value, "Accept"), (Word.WRONG.value, "Not accepted"), (Word.ASK.value, "Ask the developer")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a decision."},
    )
    prepared = forms.ChoiceField(
        label="Prepared reason", required=False, help_text="Fills reason and mending where you leave them empty."
    )
    reason = forms.CharField(
        label="Reason, or your question",
        required=False,
        max_length=REASON_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The developer reads it with the clause.",
    )
    fix = forms.CharField(
        label="What makes it right", required=False, max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2})
    )
    clause = forms.ChoiceField(label="Clause", required=False)
    seen = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, questionnaire: Questionnaire, row: Row, data: Any = None) -> None:
        decision = row.line.decision
        initial = {
            "word": decision.word if decision else row.line.suggested,
            "reason": decision.reason if decision else "",
            "fix": decision.fix if decision else "",
            "clause": decision.clause if decision else row.question.clause,
            "seen": decision.stamp if decision else "",
        }
        super().__init__(data, initial=initial, prefix=row.question.id)
        self.row = row
        texts = [(one.key, one.says if len(one.says) <= 110 else one.says[:109] + "…") for one in row.prepared]
        clauses = [(name, f"{name} {clause.title}") for name, clause in questionnaire.clauses.items()]
        self.fields["prepared"].choices = [("", "None"), *texts]  # type: ignore[attr-defined]
        self.fields["clause"].choices = clauses  # type: ignore[attr-defined]
        if not texts:
            del self.fields["prepared"]

    def given(self) -> dict[str, str]:
        """Reason, fix and clause as they are decided."""
        typed = self.cleaned_data
        chosen = next((one for one in self.row.prepared if one.key == typed.get("prepared")), None)
        accepted = typed["word"] == Word.OK
        return {
            "reason": typed["reason"] or (chosen.says if chosen and not accepted else ""),
            "fix": typed["fix"] or (chosen.fix if chosen and not accepted else ""),
            "clause": typed["clause"] or self.row.question.clause,
            "seen": typed["seen"],
        }


class ConcludeForm(forms.Form):
    outcome = forms.ChoiceField(
        label="Outcome", widget=forms.RadioSelect, error_messages={"required": "Choose an outcome."}
    )
    roles = forms.MultipleChoiceField(
        label="Roles to approve",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="For an approval of some roles. Roles that a wrong answer stands in the way of are not listed.",
    )
    reason = forms.CharField(
        label="A sentence for the developer",
        required=False,
        max_length=REASON_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Each answer that is not accepted goes along with its own reason and clause.",
    )

    def __init__(self, desk: Desk, free: list[str], data: Any = None) -> None:
        super().__init__(data, initial={"outcome": desk.proposed, "roles": desk.roles})
        titles = desk.questionnaire.roles
        self.fields["outcome"].choices = [(one.value, words) for one, words in _OUTCOMES.items()]  # type: ignore[attr-defined]
        self.fields["roles"].choices = [(role, titles.get(role, role)) for role in free]  # type: ignore[attr-defined]


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label="Why not",
        max_length=REASON_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The first reviewer reads it, not the developer.",
        error_messages={"required": "Say why: the reviewer reads it."},
    )


class AssignForm(forms.Form):
    reviewer = forms.ChoiceField(label="Reviewer")

    def __init__(self, accounts: list[tuple[str, str]], *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["reviewer"].choices = accounts  # type: ignore[attr-defined]
