"""Sellers: which apps they authorised, what they say of them, what they pay."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from piepowder.demo.market.days import Days
from piepowder.rooms.appstore.models import App
from piepowder.rooms.billing import actions as billing
from piepowder.rooms.billing import months
from piepowder.rooms.billing.models import Plan, Settlement
from piepowder.rooms.billing.rules import FreePeriod, SettlementStatus
from piepowder.rooms.billing.zone import zone
from piepowder.rooms.consent import actions as consent
from piepowder.rooms.consent import provisioning
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people.models import Seller
from piepowder.rooms.store import actions as store
from piepowder.rooms.store.models import Rating

CLIENT_SECRETS_MADE = 30  # business days ago


@dataclass(frozen=True, kw_only=True)
class Custom:
    """Who uses an app: `sellers` by their place among the largest; `since`, of the first of them, in business days."""

    app: str
    sellers: tuple[int, ...]
    since: int
    ratings: tuple[tuple[int, int, str], ...] = ()  # seller, stars, words
    plans: tuple[int, ...] = ()  # of those sellers, which price each pays; fewer: the rest pay the last


CUSTOMS = (
    Custom(
        app="Label printer",
        sellers=(3, 4, 5, 6, 7),
        since=50,
        ratings=(
            (0, 5, "Half an hour a day saved. It asks for addresses and says what for."),
            (1, 4, "Works. I would like to sort by weight as well."),
            (3, 5, ""),
            (5, 4, "Rolls were fiddly at first, their help desk was quick."),
        ),
        plans=(1, 1, 0),
    ),
    Custom(
        app="Metrics monitor",
        sellers=(3, 4, 6),
        since=49,
        ratings=(
            (0, 5, "The Monday report is what I read first."),
            (2, 4, "Simple, and it knows nothing about my buyers."),
            (4, 3, ""),
        ),
        plans=(0, 1),
    ),
    Custom(
        app="Ad audience",
        sellers=(),
        since=40,
        ratings=(
            (1, 2, "Campaigns were better when it still had names. But I understand."),
            (2, 3, "Honest about what it does."),
        ),
    ),
    Custom(
        app="Everything desk",
        sellers=(5, 8),
        since=46,
        ratings=((1, 4, "One screen, and it really is everything."),),
        plans=(1,),
    ),
    Custom(
        app="Parcel compass",
        sellers=(0, 1, 3, 5),
        since=47,
        ratings=((0, 4, "Found me a cheaper carrier for the islands."), (3, 5, "Customs papers without tears.")),
        plans=(0,),
    ),
    Custom(
        app="Penny ledger",
        sellers=(0, 2, 4, 6),
        since=47,
        ratings=(
            (0, 5, "My accountant asked what had happened."),
            (2, 5, ""),
            (4, 4, "It found a fee that I had paid twice."),
        ),
        plans=(0,),
    ),
    Custom(app="Fee lens", sellers=(1, 2, 7), since=40, ratings=((1, 4, "Short sentences. I like that."),)),
    Custom(
        app="Price kite",
        sellers=(1, 4, 5, 7),
        since=46,
        ratings=(
            (1, 1, "Rubbish, they only want your money, ask anybody in the forum!"),
            (4, 4, "Proposes, and does not decide. As promised."),
            (5, 3, "Good for fast sellers, shrugs at slow ones."),
        ),
        plans=(1, 1, 0),
    ),
    Custom(
        app="Shelf count",
        sellers=(0, 1, 3, 6),
        since=45,
        ratings=((0, 4, "Never ran out of jam again."), (3, 5, "The scanner just worked.")),
        plans=(0,),
    ),
    Custom(
        app="Tidy invoice",
        sellers=(2, 4, 5, 8),
        since=90,
        ratings=((4, 5, "Twelve countries, no questions."),),
        plans=(0,),
    ),
    Custom(
        app="Kind words",
        sellers=(1, 3, 6),
        since=85,
        ratings=((3, 5, "Fewer complaints since then."), (6, 4, "")),
        plans=(0,),
    ),
    Custom(app="Return lane", sellers=(2, 3, 7), since=80, ratings=((3, 3, "Polite, a little slow."),), plans=(0,)),
    Custom(app="Shop mirror", sellers=(4, 5, 6, 8), since=75, ratings=((5, 4, "It was the rain."),), plans=(0, 1)),
)
SELLERS = 1 + max(place for custom in CUSTOMS for place in custom.sellers)
REPORTED = (
    "Price kite",
    1,
    "This says nothing about the app and calls us names. We never had a question from this seller.",
)
REPLIED = {
    "Label printer": "Thank you. Sorting by weight comes with the next version.",
    "Return lane": "We are at it: answers are twice as fast now.",
}


@dataclass(frozen=True, slots=True)
class Pass:
    """What an app's program needs to call for one seller."""

    app: str
    client_id: str
    client_secret: str
    refresh_token: str
    seller: str


def _seller(one: Seller) -> Actor:
    return Actor(ActorKind.SELLER, one.id)


def authorise(custom: Custom, sellers: list[Seller], days: Days) -> list[Pass]:
    """Grants, one after another; the passes of apps that have no client of the cast."""
    app = App.objects.select_related("developer").get(name=custom.app)
    passes: list[Pass] = []
    secret = ""
    if not Client.objects.filter(app=app).exists():
        returns = tuple(app.redirect_uris)
        _, secret = consent.register_client(
            app, redirect_uris=returns, lasting=True, by=SYSTEM, at=days.ago(CLIENT_SECRETS_MADE)
        )
    for number, place in enumerate(custom.sellers):
        at = days.ago(max(custom.since - 2 * number, 8), f"{8 + place:02}:{7 * number + 4:02}")
        made = provisioning.create(app.id, sellers[place].id, by=_seller(sellers[place]), at=at)
        if secret:
            passes.append(Pass(app.name, str(made["client_id"]), secret, str(made["refresh_token"]), sellers[place].id))
    return passes


def narrow(sellers: list[Seller], days: Days) -> None:
    """One seller took the telephone number away from an app."""
    row = Grant.objects.get(app__name="Parcel compass", seller=sellers[0])
    left = {"shipping": ("buyer.address", "buyer.name")}
    consent.narrow(row, narrowed=left, by=_seller(sellers[0]), at=days.ago(21, "18:40"))


def answer_questions(sellers: list[Seller], days: Days) -> None:
    """Shelf count asked its sellers for more: one said yes, one no, the others have not answered yet."""
    consent.follow_versions(at=days.ago(6, "18:00"))
    yes, no = (Grant.objects.get(app__name="Shelf count", seller=sellers[place]) for place in (3, 6))
    consent.choose(yes, purposes=None, narrowed=None, by=_seller(sellers[3]), at=days.ago(5, "19:10"))
    consent.refuse_request(no, by=_seller(sellers[6]), at=days.ago(4, "20:15"))


def rate(custom: Custom, sellers: list[Seller], days: Days) -> None:
    """A few weeks after they began; here and there the developer answers."""
    app = App.objects.select_related("developer").get(name=custom.app)
    for number, (place, stars, words) in enumerate(custom.ratings):
        at = days.ago(max(custom.since - 15 - 4 * number, 3), f"{19 + number % 3}:{10 + number:02}")
        row = store.rate(app.id, sellers[place].id, stars=stars, words=words, by=_seller(sellers[place]), at=at)
        if number == len(custom.ratings) - 1 or custom.app not in REPLIED:
            continue
        if stars == 4:
            store.change_reply(row.id, words=REPLIED[custom.app], by=_owner(app), at=at + timedelta(hours=15))
    if custom.app == REPORTED[0]:
        reported = Rating.objects.get(app=app, seller=sellers[REPORTED[1]])
        store.report_rating(reported.id, words=REPORTED[2], by=_owner(app), at=days.ago(2, "09:15"))


def _owner(app: App) -> Actor:
    member = app.developer.members.order_by("id").first()
    assert member is not None
    return Actor(ActorKind.DEVELOPER, member.account_id)


def pay(sellers: list[Seller], days: Days, *, by: Actor) -> None:
    """Commission, subscriptions, and the statements of every month that is over."""
    began = days.ago(95)
    month = months.month_of(began, zone())
    billing.set_commission("", Decimal(12), from_month=month, by=by, at=began)
    billing.set_commission("advertising", Decimal(20), from_month=month, by=by, at=began)
    billing.set_free_amount(Decimal(20), "USD", period=FreePeriod.YEAR, from_month=month, by=by, at=began)
    for custom in CUSTOMS:
        _subscribe(custom, sellers, days)
    while (turn := billing.next_month()) is not None and billing.is_over(turn, days.now):
        _run(turn, days, by=by)


def _subscribe(custom: Custom, sellers: list[Seller], days: Days) -> None:
    plans = list(Plan.objects.filter(app__name=custom.app).order_by("id"))
    for number, place in enumerate(custom.sellers if custom.plans else ()):
        plan = plans[custom.plans[min(number, len(custom.plans) - 1)]]
        at = days.ago(max(custom.since - 2 * number, 8) - 1, f"{9 + place:02}:{5 * number + 3:02}")
        billing.subscribe(plan, sellers[place], by=_seller(sellers[place]), at=at)


def _run(month: date, days: Days, *, by: Actor) -> None:
    """Statements on the morning of the first; a week later what was owed is settled by hand, but for two parties."""
    over = months.bounds(month, zone())[1]
    billing.follow_time(at=over)
    billing.run_month(month, by=SYSTEM, at=min(over + timedelta(hours=3), days.now))
    settled_at = over + timedelta(days=7, hours=9)
    if settled_at > days.now:
        return
    due = Settlement.objects.filter(month=month, status=SettlementStatus.DUE).order_by("id")
    for row in list(due)[:-2]:
        billing.settle_by_hand(row, reference=f"made-up booking {month:%y%m}-{row.pk[-4:]}", by=by, at=settled_at)
