"""Forms of sign-up and of the account, with our words at the fields."""

from typing import Any

from allauth.account import forms as allauth
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.core.validators import MaxLengthValidator

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.ground.forms import sentence
from piepowder.rooms.ground.names import clean_name
from piepowder.rooms.people.rules import KEY_DAYS

ADDRESS_MAX = 254  # RFC 5321 section 4.5.3.1.3


def _clean(name: str) -> str:
    try:
        return clean_name(name)
    except PiepowderError as error:
        raise forms.ValidationError(sentence(error), code=error.code) from None


class NameForm(forms.Form):
    name = forms.CharField(label="Your name", max_length=200, help_text="Those whom you work with see it.")

    def clean_name(self) -> str:
        return _clean(self.cleaned_data["name"])


class SignInForm(allauth.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail address"
        _without_placeholders(self)


class SignUpForm(allauth.SignupForm):  # type: ignore[misc]
    name = forms.CharField(
        label="Your name",
        max_length=200,
        help_text="Of a person. Your organisation comes next.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address"
        self.fields["email"].help_text = "At work. A link to confirm it is sent there."
        self.fields["password1"].help_text = "At least 12 characters; a few unrelated words are easy to remember."
        self.fields["email"].validators.append(MaxLengthValidator(ADDRESS_MAX))  # the library would cut it off
        _without_placeholders(self)

    def clean_name(self) -> str:
        return _clean(self.cleaned_data["name"])


class ChangeAddressForm(allauth.AddEmailForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "New e-mail address"
        self.fields[
            "email"
        ].help_text = "The present one counts until the new one is confirmed by the link that is sent to it."
        _without_placeholders(self)


class ActivateAppForm(ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code"
        self.fields["code"].help_text = "The six digits that the app shows now."
        _without_placeholders(self)


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Name of the key"
        self.fields["name"].help_text = "So that you know it again, such as the device that it is on."
        self.fields["name"].max_length = 100
        self.fields["passwordless"].label = "Sign in with this key alone, without a password"
        self.fields["passwordless"].initial = True

    def clean_name(self) -> str:
        return _clean(super().clean_name())[:100]


class KeyForm(forms.Form):
    """A new API key. The holder is known from the page, and not from the form."""

    name = forms.CharField(
        label="What is it for?", max_length=200, help_text="The program that will use it, such as “nightly import”."
    )
    days = forms.TypedChoiceField(
        label="Valid for",
        coerce=int,
        choices=[(days, words) for days, words in KEY_DAYS.items()],
        initial=365,
        help_text="A key that ends by itself cannot be forgotten somewhere.",
    )

    def clean_name(self) -> str:
        return _clean(self.cleaned_data["name"])


class StaffKeyForm(KeyForm):
    role = forms.ChoiceField(
        label="May do",
        choices=[
            ("auditor", "Read everything, change nothing"),
            ("reviewer", "Read and review"),
            ("provisioning", "Create sellers only"),
            ("operator", "Everything an operator may do"),
        ],
        initial="auditor",
    )


def _without_placeholders(form: forms.BaseForm) -> None:
    """A placeholder that repeats the label is gone when it would be needed."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
