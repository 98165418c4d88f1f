"""Forms of the app store."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms

from piepowder.core.policy.taxonomy import ROLES
from piepowder.rooms.appstore.actions.details import NAME_LENGTH_MAX, Details
from piepowder.rooms.appstore.manifests import FILE_BYTES_MAX, purposes_left
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.appstore.rules.versions import Point, points_for

KINDS = (
    (AppKind.PUBLIC.value, "Public: any seller may use it, and it can be listed in the store"),
    (AppKind.OWN_USE.value, "Own use: for your own shops only, without a listing"),
)
DETAIL_FIELDS = {
    "appstore_manifest_unreadable": "manifest",
    "appstore_manifest_invalid": "manifest",
    "appstore_name_taken": "name",
    "appstore_name_missing": "name",
    "appstore_name_refused": "name",
    "ground_name_hidden": "name",
    "appstore_redirect_refused": "redirect_uris",
    "appstore_login_refused": "login_uri",
    "appstore_webhook_refused": "webhook_urls",
    "appstore_privacy_refused": "privacy_policy_url",
    "appstore_support_refused": "support_url",
    "appstore_email_refused": "support_email",
}
MANIFEST_FIELDS = {"appstore_manifest_unreadable": "file", "appstore_manifest_invalid": "file"}


_NOT_DETAILS = ("revision", "kind", "manifest")


class LinesField(forms.CharField):
    """One address on each line; shown as lines, kept as a tuple."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return tuple(line.strip() for line in (value or "").splitlines() if line.strip())


def _address(label: str, help_text: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(required=False, max_length=2000, label=label, help_text=help_text, widget=widget)


class DetailsForm(forms.Form):
    """What is said of an app beside its manifest. `revision` tells whether somebody else changed it meanwhile."""

    name = forms.CharField(max_length=NAME_LENGTH_MAX, help_text="Sellers see it when they authorise the app.")
    description = forms.CharField(
        required=False,
        max_length=2000,
        label="What it does",
        help_text="In plain words: what a seller gets from it, and what it needs orders or buyers for.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    redirect_uris = LinesField(
        required=False,
        max_length=20_000,
        label="Return addresses",
        help_text="Where a seller is sent after authorising, one on each line: <code>https://…</code>, or "
        "<code>http://127.0.0.1:…</code> while you develop. They are compared letter by letter.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    login_uri = _address(
        "Sign-in address", "The page of yours where an authorisation that a seller begins here goes on."
    )
    webhook_urls = LinesField(
        required=False,
        max_length=20_000,
        label="Webhook addresses",
        help_text="Where events may be sent, one on each line: <code>https://…</code>, reachable from outside.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    privacy_policy_url = _address("Privacy policy", "The page where everybody can read it, without signing in.")
    support_email = forms.CharField(
        required=False, max_length=254, label="Support by e-mail", widget=forms.TextInput(attrs={"inputmode": "email"})
    )
    support_url = _address("Support page", "An address or a page is needed before a version can be handed in.")
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, app: App) -> "DetailsForm":
        return cls(initial={**Details.of(app).columns(), "revision": app.revision})

    def details(self) -> Details:
        return Details(**{name: value for name, value in self.cleaned_data.items() if name not in _NOT_DETAILS})


class NewAppForm(DetailsForm):
    """Registration: the same, and for whom it is."""

    kind = forms.ChoiceField(choices=KINDS, widget=forms.RadioSelect, initial=AppKind.PUBLIC.value, label="For whom")
    manifest = forms.FileField(
        required=False,
        label="Manifest file",
        help_text="JSON or YAML: what its first version calls and reads. Without it, you tick that later.",
    )
    field_order = ("name", "kind", "description")

    def manifest_sent(self) -> bytes:
        file = self.cleaned_data["manifest"]
        return bytes(file.read(FILE_BYTES_MAX + 1)) if file else b""


class _Beside(forms.Form):
    """One of several forms on a page: the ids of its fields are its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"{type(self).__name__.lower()}_%s", **kwargs})


class VersionForm(_Beside):
    """What a version asks for beside its manifest."""

    roles = forms.MultipleChoiceField(
        required=False,
        choices=list(ROLES.items()),
        widget=forms.CheckboxSelectMultiple,
        label="Roles",
        help_text="Operations need roles, and policy releases data by them. Your assessment has to cover each.",
    )
    substitutes_everywhere = forms.BooleanField(
        required=False,
        label="Give substitutes even where the API itself would leave a field out",
        help_text="For apps that would rather have a relay address than nothing.",
    )
    notes = forms.CharField(
        required=False,
        max_length=2000,
        label="What is new",
        help_text="For the reviewer, and for sellers who are asked again.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, version: AppVersion) -> "VersionForm":
        return cls(
            initial={
                "roles": version.roles,
                "notes": version.notes,
                "substitutes_everywhere": version.manifest.substitutes_everywhere,
                "revision": version.revision,
            }
        )


class PurposeForm(_Beside):
    """Which purpose to add; sent by GET, for only the boxes that follow are saved."""

    purpose = forms.ChoiceField(label="Another purpose")

    def __init__(self, *args: Any, version: AppVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = {*version.manifest.categories, *(one for ones in version.manifest.operations.values() for one in ones)}
        field = self.fields["purpose"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = purposes_left(taken)


class ManifestForm(_Beside):
    """A whole manifest as a file, or pasted."""

    file = forms.FileField(
        required=False,
        label="Manifest file",
        help_text=f"JSON or YAML, at most {FILE_BYTES_MAX // 1024} KiB. It replaces the whole manifest of this version.",
    )
    text = forms.CharField(
        required=False,
        max_length=FILE_BYTES_MAX,
        label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "mono"}),
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("file") and not given.get("text") and not self.errors:
            self.add_error("file", "Choose a file, or paste a manifest.")
        return given

    def data_sent(self) -> bytes:
        """The bytes that were sent; no more of a file than may be looked at."""
        file = self.cleaned_data.get("file")
        if file:
            return bytes(file.read(FILE_BYTES_MAX + 1))
        return str(self.cleaned_data["text"]).encode()


class RolloutForm(forms.Form):
    percent = forms.IntegerField(
        min_value=1,
        max_value=100,
        label="Share of sellers, in per cent",
        help_text="100 is everybody. With less, the others go on with the present version and are not asked.",
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(required=False, max_length=2000, label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


class ReviewForm(forms.Form):
    """The checklist: for each point fine or not, and a reason where not."""

    reason = forms.CharField(
        required=False,
        max_length=2000,
        label="Words to the developer",
        help_text="Beside the reasons above. They read it word by word.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, version: AppVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.points = points_for(bool(version.personal))
        for point in self.points:
            self._add(point)
        self.order_fields([*(name for point in self.points for name in _names(point.key)), "reason"])

    def _add(self, point: Point) -> None:
        fine, said = _names(point.key)
        self.fields[fine] = forms.ChoiceField(
            label=point.words,
            help_text=f"{point.help} ({point.clause})",
            choices=[("yes", "Fine"), ("no", "Not yet")],
            widget=forms.RadioSelect,
        )
        self.fields[said] = forms.CharField(
            required=False,
            max_length=2000,
            label="What has to change",
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for point in self.points:
            fine, said = _names(point.key)
            if given.get(fine) == "no" and not given.get(said):
                self.add_error(said, "Say what has to change: the developer corrects by it.")
        return given

    def answers(self) -> dict[str, tuple[bool, str]]:
        given = self.cleaned_data
        return {point.key: (given[_names(point.key)[0]] == "yes", given[_names(point.key)[1]]) for point in self.points}


def _names(key: str) -> tuple[str, str]:
    return f"{key}_fine", f"{key}_reason"


class DeadlineForm(ReasonForm):
    """The last day on which an app may be approved; left empty, there is no deadline any more."""

    day = forms.DateField(
        required=False,
        label="Last day",
        help_text="To the end of that day, UTC. Left empty: there is no deadline.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    field_order = ("day", "reason")

    def due_at(self) -> datetime | None:
        day = self.cleaned_data["day"]
        return datetime.combine(day, time(23, 59, 59), tzinfo=UTC) if day else None
