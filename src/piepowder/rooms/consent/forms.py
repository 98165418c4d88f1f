"""What is typed and ticked. A consent form has `purpose` for each purpose and `keep` for its categories, as `shipping=buyer.name`;
`version` is the one that the page was about.
"""

from dataclasses import dataclass

from django import forms
from django.http import QueryDict

from piepowder.rooms.consent.manifests import Asked
from piepowder.rooms.consent.rules import Choice, Left


@dataclass(frozen=True, slots=True)
class Ticks:
    """What was ticked, as the actions take it. A purpose without any tick below it keeps nothing."""

    purposes: list[str]
    narrowed: Left
    read: str | None  # the app's version that the page was about

    def choice(self, asked: Asked) -> Choice:
        """For showing the form again: what the manifest does not know is left out."""
        known = [purpose for purpose in self.purposes if purpose in asked.purposes]
        return Choice(tuple(known), {purpose: self.narrowed.get(purpose, ()) for purpose in known})


def read_ticks(sent: QueryDict) -> Ticks:
    purposes = sent.getlist("purpose")
    kept: dict[str, list[str]] = {purpose: [] for purpose in purposes}
    for each in sent.getlist("keep"):
        purpose, _, category = each.partition("=")
        if purpose in kept:
            kept[purpose].append(category)
    narrowed = {purpose: tuple(several) for purpose, several in kept.items()}
    return Ticks(purposes, narrowed, sent.get("version"))


class RedirectsForm(forms.Form):
    """Where sellers may be sent back to, one address in a line."""

    redirect_uris = forms.CharField(
        label="Return addresses",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="One in each line: https, or http on 127.0.0.1 or [::1]. A seller is sent back to exactly one of these, byte by byte.",
    )

    def addresses(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["redirect_uris"].splitlines() if line.strip()]


class ClientForm(RedirectsForm):
    """A further program of an app."""

    KINDS = (
        (
            "lasting",
            "A server, with Amazon's client libraries: a secret, and one refresh token for as long as the seller allows",
        ),
        (
            "confidential",
            "A server, with another OAuth library: a secret, PKCE, and a new refresh token at each refresh",
        ),
        ("public", "A program on somebody's own machine: no secret, PKCE, and a new refresh token at each refresh"),
    )

    kind = forms.ChoiceField(
        label="What kind of program is it?", choices=KINDS, widget=forms.RadioSelect, initial="lasting"
    )
    field_order = ("kind", "redirect_uris")
