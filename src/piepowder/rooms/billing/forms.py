"""Forms of billing: what is typed becomes terms, rates and amounts; a refusal stands at its field."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django import forms

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import months, rules
from piepowder.rooms.billing.models import PlanVersion
from piepowder.rooms.billing.money import DECIMALS, check_currency, parsed, shown
from piepowder.rooms.billing.rules import FreePeriod, PlanKind, Terms
from piepowder.rooms.ground.forms import sentence

T = TypeVar("T")
KINDS = (
    (PlanKind.FREE.value, "Free"),
    (PlanKind.MONTHLY.value, "An amount each month"),
    (PlanKind.PER_ORDER.value, "An amount for each order"),
)
PERIODS = ((FreePeriod.YEAR.value, "in each calendar year"), (FreePeriod.LIFETIME.value, "once, ever"))
_CURRENCY = {"list": "currencies", "autocomplete": "off", "size": "5"}
FIELDS = {
    "billing_amount_not_fitting": "amount",
    "billing_trial_not_fitting": "trial_days",
    "billing_included_not_fitting": "included_orders",
    "billing_plan_name_taken": "name",
    "billing_plan_name_missing": "name",
    "ground_name_hidden": "name",
    "billing_plans_too_many": "name",
}


class AmountForm(forms.Form):
    """An amount with its currency."""

    currency = forms.CharField(
        max_length=3, help_text="Three letters, like EUR.", widget=forms.TextInput(attrs=_CURRENCY)
    )
    amount = forms.CharField(max_length=30, help_text="With a point before the decimals, like 9.90.")

    @property
    def currencies(self) -> list[str]:
        return sorted(DECIMALS)

    def clean_currency(self) -> str:
        return _tried(check_currency, self.cleaned_data["currency"].strip())

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("currency") and given.get("amount"):
            try:
                given["amount"] = parsed(given["amount"], given["currency"])
            except PiepowderError as error:
                self.add_error("amount", sentence(error))
        return given


class TermsForm(AmountForm):
    kind = forms.ChoiceField(label="What sellers pay", choices=KINDS, widget=forms.RadioSelect)
    trial_days = forms.IntegerField(
        label="Free days at the beginning",
        min_value=0,
        max_value=rules.TRIAL_DAYS_MAX,
        required=False,
        help_text="For somebody who tries the app for the first time.",
    )
    included_orders = forms.IntegerField(
        label="Free orders each month",
        min_value=0,
        max_value=rules.INCLUDED_ORDERS_MAX,
        required=False,
        help_text="Only for an amount for each order.",
    )
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    field_order = ("app", "name", "kind", "currency", "amount", "trial_days", "included_orders")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = False
        self.fields["amount"].help_text += " For a free plan leave it empty."

    def terms(self) -> Terms:
        given = self.cleaned_data
        return Terms(
            kind=PlanKind(given["kind"]),
            currency=given["currency"],
            amount=given["amount"] or Decimal(0),
            trial_days=given["trial_days"] or 0,
            included_orders=given["included_orders"] or 0,
        )


class PlanForm(TermsForm):
    """A new plan of one of the organisation's apps."""

    app = forms.ModelChoiceField(queryset=App.objects.none(), label="App", empty_label=None)
    name = forms.CharField(max_length=100, label="Name of the plan", help_text="Sellers see it, like “Small shops”.")

    def __init__(self, *args: Any, developer_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["app"].queryset = App.objects.filter(developer=developer_id).order_by("name")  # type: ignore[attr-defined]
        self.fields["kind"].initial = PlanKind.MONTHLY.value


def present(version: PlanVersion) -> dict[str, Any]:
    """A version's terms as the form begins with them."""
    free = version.kind == PlanKind.FREE
    return {
        "kind": version.kind,
        "currency": version.currency,
        "amount": "" if free else shown(version.amount, version.currency),
        "trial_days": version.trial_days,
        "included_orders": version.included_orders,
        "seen": version.number,
    }


class MonthField(forms.CharField):
    """A month as `2026-11`."""

    widget = forms.TextInput(attrs={"type": "month", "placeholder": "2026-11"})

    def clean(self, value: Any) -> date | None:
        text = str(super().clean(value)).strip()
        return _tried(months.parsed, text) if text else None


class RateForm(forms.Form):
    category = forms.CharField(
        label="Store category",
        max_length=40,
        required=False,
        help_text="Empty: every category without a rate of its own.",
    )
    percent = forms.CharField(
        label="Commission in percent", max_length=12, help_text="Of what the seller pays, like 15 or 2.5."
    )
    from_month = MonthField(label="From the month", help_text="Not one whose statements are out.")

    def clean_percent(self) -> Decimal:
        return _tried(rules.parsed_percent, self.cleaned_data["percent"])


class FreeForm(AmountForm):
    period = forms.ChoiceField(
        label="Counted", choices=PERIODS, widget=forms.RadioSelect, initial=FreePeriod.YEAR.value
    )
    from_month = MonthField(label="From the month", help_text="Not one whose statements are out.")


class CorrectionForm(forms.Form):
    amount = forms.CharField(label="Amount to give back", max_length=30)
    reason = forms.CharField(max_length=200, help_text="The seller and the developer read it.")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["amount"].help_text = f"In {currency}."

    def clean_amount(self) -> Decimal:
        return _tried(lambda text: parsed(text, self.currency), self.cleaned_data["amount"])


class ReferenceForm(forms.Form):
    reference = forms.CharField(
        max_length=200,
        help_text="Where the payment is found, like a booking number. Never the number of a card or an account.",
    )


def _tried(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except PiepowderError as error:
        raise forms.ValidationError(sentence(error), code=error.code) from None
