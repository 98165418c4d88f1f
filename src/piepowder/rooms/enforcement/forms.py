"""Forms of the court. What they refuse stands at the field, and nothing that was typed is lost."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from secrets import token_urlsafe
from typing import Any

from django import forms

from piepowder.rooms.enforcement.actions.conduct import TEXT_MAX
from piepowder.rooms.enforcement.ladders import ladder
from piepowder.rooms.enforcement.models import Finding
from piepowder.rooms.enforcement.rules import findings
from piepowder.rooms.enforcement.rules.cases import AppealStatus, Severity, Stance
from piepowder.rooms.enforcement.rules.conditions import Condition, ConditionKind
from piepowder.rooms.enforcement.rules.findings import Evidence, SubjectKind
from piepowder.rooms.enforcement.rules.ladder import Measure, Proposal, may_be_emergency

EVIDENCE_LINES = 3
COUNT_MAX = 1_000_000_000
DAYS_MAX = 3_650


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


def _choice(label: str, choices: list[tuple[str, str]], missing: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, widget=forms.RadioSelect, error_messages={"required": missing}
    )


def _number(label: str, *, least: int, most: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=least, max_value=most, widget=forms.NumberInput(attrs={"size": 8})
    )


class ReasonForm(forms.Form):
    reason = _prose("Reason", "The subject of the case reads it.", missing="Say why.")


class AgreeForm(forms.Form):
    reason = _prose("Why", "It is kept beside the decision.", missing="Say why.")


class NoteForm(forms.Form):
    note = _prose("A word before the findings", "It stands in the notice.", required=False)


class MessageForm(forms.Form):
    text = _prose("Message", "The other side gets it as a letter.", missing="Write what you want to ask or tell.")


class AppealForm(forms.Form):
    text = _prose(
        "What is wrong with the decision",
        "Facts, weight, or the measure: in your own words. Somebody who had no part in the decision reads it.",
        rows=8,
        missing="Say what is wrong with the decision.",
    )


class ExtendForm(forms.Form):
    until = forms.DateField(
        label="Until the end of",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="At most 14 days after the present term, once.",
        error_messages={"required": "Name a day."},
    )
    reason = _prose("What the time is needed for", rows=3, missing="Say what the time is needed for.")

    def moment(self, due_at: datetime) -> datetime:
        """The hour of the term is kept, so that the last day that is possible lasts as long as it may."""
        day: date = self.cleaned_data["until"]
        return datetime.combine(day, due_at.timetz() if due_at.tzinfo else time(tzinfo=UTC))


class ReportForm(forms.Form):
    kind = forms.ChoiceField(
        label="Whom it is about",
        choices=[
            (SubjectKind.APP.value, "An app"),
            (SubjectKind.DEVELOPER.value, "A developer"),
            (SubjectKind.SELLER.value, "A seller"),
            (SubjectKind.STAFF.value, "A member of staff"),
        ],
    )
    subject = forms.CharField(
        label="Their id",
        max_length=64,
        help_text="app_…, dev_…, sel_… or acc_…: it stands on their page.",
        error_messages={"required": "Say whom it is about."},
    )
    severity = _choice(
        "Severity",
        [
            (Severity.CRITICAL.value, "Critical: buyers' data is misused or exposed now"),
            (Severity.HIGH.value, "High: it was, or easily could be"),
            (Severity.MEDIUM.value, "Medium: a rule is broken, buyers are not harmed"),
            (Severity.LOW.value, "Low: to be put in order"),
        ],
        "Choose a severity.",
    )
    says = _prose("What was found", "Facts that the subject can check.", missing="Say what was found.")
    clause = forms.CharField(
        label="Clause",
        max_length=findings.SHORT_MAX,
        help_text="Of the policy or agreement that it breaks.",
        error_messages={"required": "Name the clause that it breaks."},
    )
    innocent = _prose("Innocent explanations", "One on each line: what else it could be.", rows=2, required=False)
    clears = _prose(
        "What would clear it",
        "One on each line.",
        rows=2,
        missing="Say what would clear it: a finding needs a way out.",
    )
    frank = forms.BooleanField(
        label="They said it themselves", required=False, help_text="Openness counts in their favour."
    )
    confidential = forms.BooleanField(
        label="Keep who reported it hidden",
        required=False,
        help_text="From everybody who decides, and from the subject.",
    )
    once = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["once"].initial = f"page:{token_urlsafe(12)}"
        for number in range(1, EVIDENCE_LINES + 1):
            self._add_evidence(number)

    def _add_evidence(self, number: int) -> None:
        which = "Evidence" if number == 1 else f"More evidence ({number} of {EVIDENCE_LINES})"
        self.fields[f"says_{number}"] = forms.CharField(
            label=which,
            required=number == 1,
            max_length=findings.TEXT_MAX,
            help_text="What was counted, such as “orders whose buyers were uploaded”. No buyer's data."
            if number == 1
            else "",
            error_messages={"required": "A finding needs at least one piece of evidence."},
        )
        self.fields[f"count_{number}"] = _number("How many", least=0, most=COUNT_MAX)
        self.fields[f"of_{number}"] = _number("Among how many", least=0, most=COUNT_MAX)
        self.fields[f"records_{number}"] = forms.CharField(
            label="Records of the ledger",
            required=False,
            max_length=2_000,
            help_text="Ids (rec_…), with spaces between.",
        )

    def finding(self) -> findings.Finding:
        typed = self.cleaned_data
        return findings.Finding(
            rule="staff.report",
            subject_kind=SubjectKind(typed["kind"]),
            subject=typed["subject"].strip(),
            severity=Severity(typed["severity"]),
            clause=typed["clause"],
            says=typed["says"],
            evidence=tuple(self._evidence()),
            innocent=_lines(typed["innocent"]),
            clears=_lines(typed["clears"]),
            once=typed["once"],
        )

    def _evidence(self) -> Iterable[Evidence]:
        typed = self.cleaned_data
        for number in range(1, EVIDENCE_LINES + 1):
            if typed[f"says_{number}"]:
                count, of = typed[f"count_{number}"], typed[f"of_{number}"] or 0
                records = tuple(typed[f"records_{number}"].replace(",", " ").split())
                yield Evidence(
                    says=typed[f"says_{number}"], count=1 if count is None else count, of=of, records=records
                )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


class _ForEachFinding(forms.Form):
    """A choice and a text for each finding of a case."""

    def __init__(self, rows: Iterable[Finding], *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.rows = list(rows)
        for row in self.rows:
            self.fields[f"choice_{row.id}"] = self.choice(row)
            self.fields[f"words_{row.id}"] = self.words(row)
        self.order_fields([name for row in self.rows for name in (f"choice_{row.id}", f"words_{row.id}")])

    def choice(self, row: Finding) -> forms.Field:
        raise TypeError("each form of this kind has its own choice")

    def words(self, row: Finding) -> forms.Field:
        raise TypeError("each form of this kind has its own words")

    def lines(self) -> list[tuple[Finding, forms.BoundField, forms.BoundField]]:
        return [(row, self[f"choice_{row.id}"], self[f"words_{row.id}"]) for row in self.rows]

    def rest(self) -> list[forms.BoundField]:
        own = {f"{part}_{row.id}" for row in self.rows for part in ("choice", "words")}
        return [field for field in self if field.name not in own]

    def pairs(self) -> dict[str, tuple[str, str]]:
        typed = self.cleaned_data
        return {row.id: (typed[f"choice_{row.id}"], typed[f"words_{row.id}"]) for row in self.rows}


class AnswerForm(_ForEachFinding):
    text = _prose("Anything else", "Read together with your answers above.", required=False)

    def choice(self, row: Finding) -> forms.Field:
        return _choice(
            "Your answer",
            [
                (Stance.ACCEPTED.value, "We accept it: openness counts in your favour"),
                (Stance.MENDED.value, "We accept it, and have mended it or show below how we will: counts as well"),
                (Stance.DISPUTED.value, "We dispute it: that costs you nothing"),
            ],
            "Choose one for each finding.",
        )

    def words(self, row: Finding) -> forms.Field:
        return _prose("In your own words", rows=3, required=False)

    def stances(self) -> dict[str, tuple[Stance, str]]:
        return {key: (Stance(choice), words) for key, (choice, words) in self.pairs().items()}


class DecideForm(_ForEachFinding):
    """Without a measure of its own, the ladder's for what was upheld is taken."""

    measure = forms.ChoiceField(label="Measure", required=False, widget=forms.RadioSelect)
    departs = _prose(
        "Why another measure than the ladder's",
        "Needed where you choose another one. It stands in the decision.",
        rows=2,
        required=False,
    )
    because = _prose("Reasons for the decision", "The subject reads them.", missing="Say why you decide so.")
    conditions = forms.MultipleChoiceField(
        label="It ends as soon as",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (ConditionKind.CHANGED.value, "the required changes are confirmed"),
            (ConditionKind.DELETED.value, "a receipt of the deletion of what was read is handed in"),
            (ConditionKind.ASSESSED.value, "a new assessment is approved"),
            (ConditionKind.CLEAN.value, "nothing new was found for the days named below"),
        ],
        help_text="All that you tick have to be met. Warnings need none.",
    )
    clean_days = _number("Days without a new finding", least=1, most=DAYS_MAX)
    days = _number("It ends by itself after so many days", least=1, most=DAYS_MAX)

    def __init__(self, rows: Iterable[Finding], proposal: Proposal, *args: Any, **given: Any) -> None:
        lasts = proposal.measure.rung > Measure.WARNING.rung
        given["initial"] = {"measure": "", "conditions": [ConditionKind.CHANGED.value] if lasts else []}
        super().__init__(rows, *args, **given)
        proposed = f"As the ladder says; if all is upheld: {_measure_words(proposal.measure)}"
        own = [(one.value, f"{one.replace('_', ' ').capitalize()}: {_measure_words(one)}") for one in Measure]
        self.fields["measure"].choices = [("", proposed), *own]  # type: ignore[attr-defined]

    def choice(self, row: Finding) -> forms.Field:
        return _choice("Outcome", [("upheld", "Upheld"), ("dismissed", "Dismissed")], "Decide on each finding.")

    def words(self, row: Finding) -> forms.Field:
        return _prose("Why", "The subject reads it.", rows=3, missing="Say why.")

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if ConditionKind.CLEAN in typed.get("conditions", []) and not typed.get("clean_days"):
            self.add_error("clean_days", "Say for how many days.")
        return typed

    def decision(self) -> dict[str, Any]:
        """What `actions.decide` takes."""
        typed = self.cleaned_data
        kinds = [ConditionKind(one) for one in typed["conditions"]]
        return {
            "outcomes": self.pairs(),
            "because": typed["because"],
            "measure": Measure(typed["measure"]) if typed["measure"] else None,
            "departs": typed["departs"],
            "conditions": [
                Condition(kind=one, days=typed["clean_days"] if one == ConditionKind.CLEAN else 0) for one in kinds
            ],
            "days": typed["days"],
        }


def _measure_words(measure: Measure) -> str:
    return "nothing changes" if measure == Measure.NONE else ladder().measures[measure].words


class AtOnceForm(forms.Form):
    measure = _choice("Measure", [], "Choose a measure.")
    reason = _prose("What cannot wait", "The subject reads it at once.", missing="Say what cannot wait.")

    def __init__(self, severity: Severity, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        allowed = [one for one in Measure if may_be_emergency(ladder(), severity, one)]
        words = [(one.value, f"{one.replace('_', ' ').capitalize()}: {_measure_words(one)}") for one in allowed]
        self.fields["measure"].choices = words  # type: ignore[attr-defined]


class LiftForm(forms.Form):
    condition = _choice("What is met", [], "Choose the condition that is met.")
    reason = _prose("How you know", "The subject reads it.", missing="Say how you know that it is met.")

    def __init__(self, open_conditions: Mapping[str, str], *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["condition"].choices = list(open_conditions.items())  # type: ignore[attr-defined]


class HearForm(forms.Form):
    outcome = _choice(
        "What becomes of the decision",
        [
            (AppealStatus.UPHELD.value, "It stands"),
            (AppealStatus.GRANTED.value, "It falls: the appeal is granted, and nothing remains"),
            (AppealStatus.CHANGED.value, "A lighter measure takes its place"),
        ],
        "Choose what becomes of the decision.",
    )
    measure = forms.ChoiceField(label="The lighter measure", required=False)
    reason = _prose("Why", "The subject reads it.", missing="Say why.")

    def __init__(self, than: Measure, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        lighter = [one for one in Measure if Measure.NONE.rung < one.rung < than.rung]
        words = [(one.value, f"{one.replace('_', ' ').capitalize()}: {_measure_words(one)}") for one in lighter]
        self.fields["measure"].choices = [("", "None"), *words]  # type: ignore[attr-defined]

    def chosen(self) -> Measure | None:
        return Measure(self.cleaned_data["measure"]) if self.cleaned_data["measure"] else None
