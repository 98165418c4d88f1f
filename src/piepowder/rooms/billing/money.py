"""Money: exact decimal amounts with a currency, in the steps that ISO 4217 gives each currency. Pure.

The one rounding rule of the room: to the currency's smallest unit, half a unit away from zero. Where an amount is split, only the
marketplace's part is rounded and the developer gets the rest, so parts always add up to the whole.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from piepowder.core.kernel.errors import PiepowderError

_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
AMOUNT_MAX = Decimal(10) ** 12
ZERO = Decimal(0)

_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK "
    "DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
    "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON "
    "RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG "
    "YER ZAR ZMW ZWG"
)
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMN TND"
DECIMALS: dict[str, int] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole smallest units of its currency; negative where money goes back."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{shown(self.amount, self.currency)} {self.currency}"


def check_currency(code: str) -> str:
    """The code in capitals; `billing_currency_unknown` for what is no currency of ISO 4217."""
    if code.upper() in DECIMALS:
        return code.upper()
    raise PiepowderError(
        "billing_currency_unknown", f"`{code}` is no currency", hint="three letters of ISO 4217, like `EUR`"
    )


def parsed(text: str, currency: str) -> Decimal:
    """An amount as people and programs write it: `9.99`. Nothing is rounded here: what has too many decimals is refused.

    Codes: `billing_amount_malformed`, `billing_amount_too_fine`, `billing_amount_too_large`.
    """
    decimals = DECIMALS[check_currency(currency)]
    written = text.strip()
    if not _PLAIN.fullmatch(written) or not written.isascii():
        raise PiepowderError(
            "billing_amount_malformed",
            f"`{text}` is no amount",
            hint="digits and, for parts, a point: `9.99`; no thousands separator",
        )
    amount = Decimal(written)
    if amount != rounded(amount, currency):
        raise PiepowderError(
            "billing_amount_too_fine",
            f"`{text}` has more decimals than {currency} has",
            hint=f"{currency} has {decimals or 'no'} decimal{'' if decimals == 1 else 's'}",
        )
    if abs(amount) >= AMOUNT_MAX:
        raise PiepowderError("billing_amount_too_large", f"`{text}` is too large", hint=f"less than {AMOUNT_MAX}")
    return rounded(amount, currency)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the currency's smallest unit, half a unit away from zero. Exact up to there: 60 digits are carried."""
    return amount.quantize(Decimal(1).scaleb(-DECIMALS[currency]), context=_EXACT)


def part(amount: Decimal, share: Decimal, whole: Decimal, currency: str) -> Decimal:
    """`amount * share / whole`, rounded once, at the end."""
    return rounded(_EXACT.divide(_EXACT.multiply(amount, share), whole), currency)


def shown(amount: Decimal, currency: str) -> str:
    """`1234.50`, with exactly the decimals of the currency; minus nothing is nothing."""
    value = rounded(amount, currency)
    return f"{value if value else abs(value):f}"
