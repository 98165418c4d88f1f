"""What sellers and developers are told about money. Plain words; the page that answers is one click away."""

from datetime import date, datetime

from piepowder.rooms.billing import months
from piepowder.rooms.billing.models import Settlement, Statement, Subscription, TermsOffer
from piepowder.rooms.billing.money import Money
from piepowder.rooms.notices.actions import tell
from piepowder.rooms.people.models import Seller

MINE = "/my/subscriptions/"


def subscribed(row: Subscription, *, at: datetime) -> None:
    """To the developer: somebody new."""
    tell(
        recipient=row.app.developer_id,
        kind="billing.subscribed",
        subject=f"{row.seller.name} subscribed to {row.app.name}",
        body=f"{row.seller.name} chose “{row.version.plan.name}”: {row.version.words}.",
        at=at,
    )


def cancelled(row: Subscription, *, at: datetime) -> None:
    """To the developer: until when it still goes on."""
    until = f"goes on until {row.ends_at:%-d %B %Y}" if row.ends_at and row.ends_at > at else "is over"
    tell(
        recipient=row.app.developer_id,
        kind="billing.cancelled",
        subject=f"{row.seller.name} cancelled {row.app.name}",
        body=f"The subscription {row.id} {until}. What the app may read is decided by the seller's authorisation, not by this.",
        at=at,
    )


def trial_ends(row: Subscription, *, at: datetime) -> None:
    """To the seller: from when it costs something."""
    assert row.trial_ends_at is not None
    tell(
        recipient=row.seller_id,
        kind="billing.trial_ends",
        subject=f"The free days of {row.app.name} end on {row.trial_ends_at:%-d %B %Y}",
        body=(
            f"After that it costs {row.version.words.split(', first')[0]}. If you want it to go on, you need not do anything. If you "
            "cancel before, you pay nothing."
        ),
        link=MINE,
        at=at,
        once=f"billing.trial_ends/{row.id}",
    )


def new_terms(offer: TermsOffer, *, at: datetime) -> None:
    """To the seller: new terms, which hold only if they say yes."""
    row = offer.subscription
    tell(
        recipient=row.seller_id,
        kind="billing.new_terms",
        subject=f"{row.app.name} offers new terms",
        body=(
            f"The plan “{offer.version.plan.name}” now says: {offer.version.words}. You have: {row.version.words}. You keep yours until "
            "you accept the new ones, and if you do not want them you need not do anything."
        ),
        link=MINE,
        at=at,
        once=f"billing.new_terms/{offer.id}",
    )


def statement(row: Statement, *, at: datetime) -> None:
    """To the developer: what a month came to."""
    assert row.developer is not None
    tell(
        recipient=row.developer.id,
        kind="billing.statement",
        subject=f"Your statement of {months.words(row.month)}: {Money(row.share, row.currency)}",
        body=(
            f"Your apps were charged {Money(row.gross, row.currency)} to sellers. The marketplace's commission is "
            f"{Money(row.commission, row.currency)}; {Money(row.share, row.currency)} is yours."
        ),
        link=f"/billing/statements/{row.id}/",
        mail_to=[row.developer.contact_email],
        at=at,
    )


def charges(seller: Seller, month: date, amounts: list[Money], *, at: datetime) -> None:
    """To the seller: what apps cost in a month."""
    total = " and ".join(map(str, amounts))
    tell(
        recipient=seller.id,
        kind="billing.charges",
        subject=f"Your apps in {months.words(month)}: {total}",
        body="The page shows each app, its plan and how the amount came about.",
        link=f"{MINE}charges/",
        at=at,
    )


def payment_failed(row: Settlement, *, at: datetime) -> None:
    """To whoever pays or is paid."""
    tell(
        recipient=row.party,
        kind="billing.payment_failed",
        subject=f"The payment for {months.words(row.month)} did not go through",
        body=(
            f"{Money(abs(row.amount), row.currency)} could not be {'collected' if row.amount > 0 else 'sent'}. Look at your details "
            "with the payment provider; the marketplace tries again."
        ),
        at=at,
    )
