"""The form of the guided start: files, and how what they bring begins."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms

OBSERVE_DAYS = 90


class SeveralFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class SeveralFiles(forms.FileField):
    """One or more files."""

    widget = SeveralFilesInput(attrs={"multiple": True, "accept": ".csv,.json"})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        several = data if isinstance(data, list | tuple) else [data]
        return [super(SeveralFiles, self).clean(one, initial) for one in several]


class StartForm(forms.Form):
    several = SeveralFiles(
        label="Files",
        help_text="developers, sellers, apps, grants, tokens; each as .csv or .json. Any of them, in one go or later.",
    )
    observe_until = forms.DateField(
        label="Observe new apps until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=(
            "In observe mode an app gets what it got before, and what the policy would withhold is counted. It takes a second person to "
            "start, and ends by itself, at most 180 days ahead. Empty: the policy holds from the first call on."
        ),
    )
    register_by = forms.DateField(
        label="New developers register by",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="They get a letter with this date. Empty: no letter.",
    )

    @staticmethod
    def beginning(today: date) -> dict[str, date]:
        return {"observe_until": today + timedelta(days=OBSERVE_DAYS)}

    def observed_until(self) -> datetime | None:
        day = self.cleaned_data["observe_until"]
        return datetime.combine(day, time(), UTC) if day else None
