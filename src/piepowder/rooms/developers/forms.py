"""Forms of organisations: what somebody typed stays where it was, and what is wrong is said at its field."""

from typing import Any

from django import forms

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.developers.countries import CHOICES
from piepowder.rooms.developers.models import Developer, Identity
from piepowder.rooms.developers.rules.identity import Point
from piepowder.rooms.developers.rules.organisation import KIND_WORDS, ROLE_WORDS, Role
from piepowder.rooms.evidence.forms import DocumentField
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.ground.names import clean_name


class ProfileForm(forms.Form):
    """What an organisation says about itself."""

    legal_name = forms.CharField(
        label="Legal name",
        max_length=200,
        help_text="As in the public register, with the legal form. For a private person: first and last name.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    name = forms.CharField(
        label="Name that sellers see",
        max_length=200,
        required=False,
        help_text="If it is another than the legal name, such as a brand.",
    )
    kind = forms.ChoiceField(label="Kind of organisation", choices=list(KIND_WORDS.items()))
    country = forms.ChoiceField(
        label="Country",
        choices=CHOICES,
        help_text="Where it is registered, or where the person lives.",
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    company_number = forms.CharField(
        label="Company number",
        max_length=100,
        required=False,
        help_text="With the register, such as “HRB 1234, Freiburg”. Sole traders, public bodies and persons may have none.",
    )
    address = forms.CharField(
        label="Address",
        max_length=500,
        help_text="Street, place and postcode, as on official letters.",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
    )
    website = forms.URLField(
        label="Website",
        max_length=500,
        assume_scheme="https",
        help_text="Its imprint or contact page should name the organisation.",
    )
    contact_email = forms.EmailField(
        label="E-mail address for letters",
        max_length=254,
        help_text="Every letter goes there, besides to owners and developers.",
    )
    privacy_email = forms.EmailField(
        label="Privacy contact",
        max_length=254,
        help_text="Answers questions of shoppers and authorities about their data.",
    )
    security_email = forms.EmailField(
        label="Security contact", max_length=254, help_text="Is reached when something leaks, day and night."
    )

    def clean_name(self) -> str:
        return _clean(self.cleaned_data["name"])

    def clean_legal_name(self) -> str:
        return _clean(self.cleaned_data["legal_name"])


class ChangeForm(ProfileForm):
    """The profile of an organisation that exists; `seen` is what the form was filled from."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    @staticmethod
    def initial_of(developer: Developer) -> dict[str, Any]:
        return {
            **developer.facts(),
            "name": developer.name,
            "contact_email": developer.contact_email,
            "seen": developer.revision(),
        }


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address", max_length=254, help_text="Only who has confirmed this very address can accept."
    )
    role = forms.ChoiceField(label="Role", choices=list(ROLE_WORDS.items()), initial=Role.DEVELOPER)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=500,
        required=False,
        help_text="Stands in the letter and on record.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CloseForm(ReasonForm):
    """Closing is typed out, so that nobody does it by a slip."""

    confirm = forms.CharField(label="Name of the organisation", max_length=200, help_text="Type it to confirm.")

    def __init__(self, *args: Any, developer: Developer, **given: Any) -> None:
        super().__init__(*args, **given)
        self.developer = developer

    def clean_confirm(self) -> str:
        typed: str = " ".join(self.cleaned_data["confirm"].split())
        if typed.casefold() != self.developer.name.casefold():
            raise forms.ValidationError(f"This is not the name “{self.developer.shown_name}”.", code="not_the_name")
        return typed


DOCUMENT_WORDS = {
    Point.EXISTENCE: "Extract, statutes or licence",
    Point.ADDRESS: "Letter, bill or statement",
    Point.REPRESENTATIVE: "Extract or authorisation",
}


class IdentityForm(forms.Form):
    """Who may sign, and a document for each point that wants one. All in one form, so that nothing typed is lost by adding a file."""

    representative = forms.CharField(
        label="Person who may sign for the organisation",
        max_length=200,
        required=False,
        help_text="First and last name, as in the register or the authorisation.",
    )
    representative_office = forms.CharField(
        label="Office", max_length=200, required=False, help_text="Such as managing director, partner, owner."
    )
    note = forms.CharField(
        label="Note for the reviewer",
        max_length=2000,
        required=False,
        help_text="Anything that saves a question: a change of name, a register without internet page.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    names_person = forms.BooleanField(label="It also names the person who may sign", required=False)

    def __init__(self, *args: Any, identity: Identity, **given: Any) -> None:
        names = ("representative", "representative_office", "note")
        kept = {name: getattr(identity, name) for name in names}
        given["initial"] = given.get("initial", {}) | {name: text for name, text in kept.items() if text}
        super().__init__(*args, **given)
        for point, words in DOCUMENT_WORDS.items():
            self.fields[f"file_{point}"] = DocumentField(label=words, required=False)
            self.fields[f"expires_{point}"] = forms.DateField(
                label=f"{words}: valid until",
                required=False,
                help_text="If a date is printed on it.",
                widget=forms.DateInput(attrs={"type": "date"}),
            )

    def clean_representative(self) -> str:
        return _clean(self.cleaned_data["representative"])

    def clean_representative_office(self) -> str:
        return _clean(self.cleaned_data["representative_office"])


class DecisionForm(forms.Form):
    """A reviewer's answer to every point; a no has a reason, which the developer reads."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="To the whole",
        required=False,
        max_length=2000,
        help_text="Stands in the letter below the points.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        for point in Point:
            self.fields[f"met_{point}"] = forms.ChoiceField(
                label="Answer",
                choices=[("yes", "Met"), ("no", "Not met")],
                widget=forms.RadioSelect,
            )
            self.fields[f"reason_{point}"] = forms.CharField(
                label="Reason, if not met",
                required=False,
                max_length=2000,
                help_text="What is wrong, and what would make it right.",
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for point in Point:
            if given.get(f"met_{point}") == "no" and not given.get(f"reason_{point}", "").strip():
                self.add_error(f"reason_{point}", "Say what would make it right: the developer reads it.")
        return given

    def answers(self) -> dict[str, tuple[bool, str]]:
        given = self.cleaned_data
        return {str(point): (given[f"met_{point}"] == "yes", given[f"reason_{point}"]) for point in Point}


def _clean(name: str) -> str:
    try:
        return clean_name(name)
    except PiepowderError as error:
        raise forms.ValidationError(sentence(error), code=error.code) from None
