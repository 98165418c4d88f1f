"""Forms of the store."""

from datetime import UTC, datetime
from typing import Any

from django import forms

from piepowder.rooms.store import rules
from piepowder.rooms.store.categories import categories
from piepowder.rooms.store.models import Listing
from piepowder.rooms.store.rules import LANGUAGES, Texts

SORTS = (
    ("", "Best match"),
    ("used", "Most used"),
    ("rating", "Best rated"),
    ("data", "Least personal data"),
    ("new", "Newest"),
    ("name", "Name"),
)


class BrowseForm(forms.Form):
    """What is looked for. A value that makes no sense narrows nothing."""

    q = forms.CharField(required=False, max_length=200, label="Search the store")
    shelf = forms.ChoiceField(required=False, label="Shelf")
    sort = forms.ChoiceField(required=False, choices=SORTS, label="Order")
    private = forms.BooleanField(required=False, label="No personal data of buyers")
    price = forms.ChoiceField(required=False, choices=[("", "Any price"), ("free", "Has a free plan")], label="Price")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shelf = self.fields["shelf"]
        assert isinstance(shelf, forms.ChoiceField)
        shelf.choices = [("", "All shelves"), *((one.id, one.name) for one in categories().values())]

    def value(self, name: str) -> Any:
        """As it was given and understood, else empty."""
        self.is_valid()
        return self.cleaned_data.get(name) or ""


class LinesField(forms.CharField):
    """One thing on each line; shown as lines, kept as a tuple."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return tuple(line.strip() for line in (value or "").splitlines() if line.strip())


class ListingForm(forms.Form):
    """All texts of a listing; a draft may leave out any of them, and the checks say which are needed.

    `since` tells whether somebody else changed it meanwhile.
    """

    since = forms.CharField(required=False, widget=forms.HiddenInput)
    short = forms.CharField(  # type: ignore[call-arg]  # `template_name` is not in the stubs yet
        required=False,
        template_name="store/field.html",
        max_length=rules.SHORT_MAX,
        label="In one sentence",
        help_text="What does it do for a shop? This stands on the shelf, under the name.",
    )
    long = forms.CharField(  # type: ignore[call-arg]  # `template_name` is not in the stubs yet
        required=False,
        template_name="store/field.html",
        max_length=rules.LONG_MAX,
        strip=True,
        label="Description",
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="Markdown: <code>**bold**</code>, <code>*italic*</code>, <code>## heading</code>, <code>- list</code>, "
        "<code>[words](https://…)</code>. HTML is shown as it is written.",
    )
    features = LinesField(  # type: ignore[call-arg]  # `template_name` is not in the stubs yet
        required=False,
        template_name="store/field.html",
        label="Features",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=f"One on each line, at most {rules.FEATURES_MAX}.",
    )
    categories = forms.MultipleChoiceField(  # type: ignore[call-arg]  # `template_name` is not in the stubs yet
        required=False,
        template_name="store/boxes.html",
        label="Shelves",
        widget=forms.CheckboxSelectMultiple,
        help_text=f"At most {rules.CATEGORIES_MAX}. Your data label is compared with the median of the first one.",
    )
    languages = forms.MultipleChoiceField(  # type: ignore[call-arg]  # `template_name` is not in the stubs yet
        required=False,
        template_name="store/boxes.html",
        label="Languages",
        widget=forms.CheckboxSelectMultiple,
        choices=list(LANGUAGES.items()),
    )
    support_email = forms.EmailField(  # type: ignore[call-arg]  # `template_name` is not in the stubs yet
        required=False,
        template_name="store/field.html",
        label="Support by e-mail",
        help_text="Sellers see it. An address or a page is needed.",
    )
    support_url = forms.CharField(required=False, max_length=500, label="Support page")
    privacy_url = forms.CharField(  # type: ignore[call-arg]  # `template_name` is not in the stubs yet
        required=False,
        template_name="store/field.html",
        max_length=500,
        label="Privacy policy",
        help_text="Where sellers and buyers can read it, <code>https://…</code>.",
    )
    website = forms.CharField(required=False, max_length=500, label="Website")
    start_url = forms.CharField(
        required=False,
        max_length=500,
        label="Where a seller begins",
        help_text="The page of yours that sends a seller to authorise. Left empty, the button leads to this marketplace's own page.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shelves = self.fields["categories"]
        assert isinstance(shelves, forms.MultipleChoiceField)
        shelves.choices = [(one.id, f"{one.name}: {one.about.lower()}") for one in categories().values()]

    @classmethod
    def of(cls, listing: Listing) -> "ListingForm":
        names = [name for name in cls.base_fields if name != "since"]
        return cls(
            initial={"since": listing.changed_at.isoformat(), **{name: getattr(listing, name) for name in names}}
        )

    def clean(self) -> dict[str, Any]:
        """Every fault at its field."""
        cleaned = super().clean() or {}
        for field, words in rules.check_texts(self.texts(), categories()).items():
            if field not in self.errors:
                self.add_error(field, f"{words[:1].upper()}{words[1:]}.")
        return cleaned

    def seen(self) -> datetime | None:
        """The state of the listing that the writer started from."""
        try:
            return datetime.fromisoformat(self.cleaned_data["since"]).astimezone(UTC)
        except ValueError:
            return None

    def texts(self) -> Texts:
        names = [name for name in self.base_fields if name != "since"]
        given: dict[str, Any] = {name: self.cleaned_data.get(name) or "" for name in names}
        for name in ("features", "categories", "languages"):
            given[name] = tuple(given[name] or ())
        return Texts.of({**given, "long": given["long"].replace("\r\n", "\n")})


class ScreenshotForm(forms.Form):
    picture = forms.FileField(
        label="Picture",
        help_text="PNG or JPEG, 320 to 4,096 pixels a side, at most 2 MB. Comments and places in the file are taken out. "
        "Show made-up buyers, never real ones.",
        widget=forms.ClearableFileInput(attrs={"accept": "image/png,image/jpeg"}),
    )
    words = forms.CharField(max_length=200, label="What it shows", help_text="Read out to those who do not see it.")


class StageForm(forms.Form):
    percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Share of sellers, in percent",
        help_text="Raise it step by step: whoever has seen it keeps seeing it. 100 is everybody.",
    )
    sellers = LinesField(
        required=False,
        label="Sellers who see it in any case",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One id on each line: the marketplace's or ours.",
    )


class RatingForm(forms.Form):
    stars = forms.TypedChoiceField(
        coerce=int,
        choices=[(5, "5 stars"), (4, "4 stars"), (3, "3 stars"), (2, "2 stars"), (1, "1 star")],
        widget=forms.RadioSelect,
        label="Your stars",
    )
    words = forms.CharField(
        required=False,
        max_length=rules.RATING_MAX,
        label="In your words",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Everybody can read it. Your shop's name is not shown. Leave out addresses, telephone numbers and anything about buyers.",
    )


class ReplyForm(forms.Form):
    words = forms.CharField(max_length=rules.REPLY_MAX, label="Your answer", widget=forms.Textarea(attrs={"rows": 3}))


class ReportForm(forms.Form):
    words = forms.CharField(max_length=500, label="What is wrong with it?", widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=2000,
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The developer reads it: say what to change.",
    )
