"""Who is on the market, and with which apps. Values only; names, addresses and numbers are made up."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from piepowder.core.facts.model import ManifestFact
from piepowder.demo.market import answers
from piepowder.demo.market.answers import Answers
from piepowder.demo.market.pictures import Kind

_ORDERS = ("orders.v0.getOrders", "orders.v0.getOrder", "orders.v0.getOrderItems")
_SHOP = ("sales.v1.getOrderMetrics",)
_TOKENS = ("tokens.2021-03-01.createRestrictedDataToken",)
_NEWER = ("orders.2026-01-01.searchOrders",)
_FIGURES = ("order.item", "order.money", "order.time")

TRACKING, SHIPPING = "inventory_and_order_tracking", "direct_to_consumer_shipping"
INVOICING, REMITTANCE = "tax_invoicing", "tax_remittance"
TALKING, FINANCE, INSIGHTS = "buyer_communication", "finance", "selling_partner_insights"


class Price(Struct, frozen=True):
    """A plan: `amount` in US dollars, for a month or an order."""

    name: str
    kind: Literal["free", "monthly", "per_order"]
    amount: Decimal = Decimal(0)
    trial_days: int = 0
    included_orders: int = 0


class Goods(Struct, frozen=True, kw_only=True):
    """An app as the store shows it. `words` stand in its screenshot. Without a manifest it is one of the cast (`cast.py`)."""

    name: str
    short: str
    long: str
    features: tuple[str, ...]
    shelves: tuple[str, ...]
    picture: Kind
    words: tuple[str, ...]
    colour: tuple[int, int, int]
    prices: tuple[Price, ...]
    languages: tuple[str, ...] = ("en",)
    roles: tuple[str, ...] = ()
    manifest: ManifestFact | None = None


class Stall(Struct, frozen=True, kw_only=True):
    """A developer. `came`: business days ago; `part`: its app in the cast; `roles` and `answers` are those of its assessment.

    Whoever was here before the rules (`early`) was brought in by the marketplace, apps and all.
    """

    name: str
    legal_name: str
    owner: str
    email: str
    domain: str
    country: str
    number: str
    address: str
    came: int
    answers: Answers = {}
    roles: tuple[str, ...] = ()
    apps: tuple[Goods, ...] = ()
    part: str = ""
    early: bool = False
    kind: str = "company"


def _manifest(purposes: dict[str, tuple[str, ...]], *operations: str) -> ManifestFact:
    """Every operation for every purpose: small apps are as simple as that."""
    categories = {purpose: words for purpose, words in purposes.items() if words}
    return ManifestFact(dict.fromkeys(operations, tuple(purposes)), categories)


_FREE = Price("Free", "free")

LABELS = Stall(
    name="Example Labels",
    legal_name="Example Labels GmbH (made up)",
    owner="Ada Etikett",
    email="labels@example.com",
    domain="labels.example",
    country="DE",
    number="HRB 00001, Exampleton",
    address="1 Made-up Street\n00001 Exampleton",
    came=75,
    answers=answers.LABELS,
    roles=(TRACKING, SHIPPING),
    part="label_printer",
    apps=(
        Goods(
            name="Label printer",
            short="Prints the label of every order that waits for shipping",
            long="Open it in the morning, press print, and every order that waits has its label: in the order of your shelves, with the "
            "carrier that you chose. Label printer reads names and addresses at that moment only and forgets them after seven days.\n\n"
            "It works with every label printer that understands PDF or ZPL, and with the office printer as well.",
            features=(
                "All labels of the day in one go",
                "PDF and ZPL, A4 and rolls",
                "Reads addresses only while an order waits",
                "Sorted as your shelves are",
            ),
            shelves=("shipping",),
            languages=("en", "de", "nl"),
            picture="rows",
            words=(
                "ORDER 4711  EXAMPLETON",
                "ORDER 4712  MADEUPHAM",
                "ORDER 4713  FIXTURE BAY",
                "ORDER 4714  SAMPLE HILL",
            ),
            colour=(178, 84, 48),
            prices=(
                Price("Few parcels", "per_order", Decimal("0.04"), included_orders=50),
                Price("Whole shop", "monthly", Decimal("19.00"), trial_days=14),
            ),
        ),
    ),
)

METRICS = Stall(
    name="Example Metrics",
    legal_name="Example Metrics AB (made up)",
    owner="Grace Siffra",
    email="metrics@example.com",
    domain="metrics.example",
    country="SE",
    number="556000-0002",
    address="2 Made-up Quay\n00002 Fixture Bay",
    came=73,
    answers=answers.FIGURES,
    roles=(TRACKING, FINANCE, INSIGHTS),
    part="metrics",
    apps=(
        Goods(
            name="Metrics monitor",
            short="Shows sellers how their shops are doing, without a single buyer",
            long="Orders, turnover and returns by day, week and product, with last year's line beside this year's. Metrics monitor "
            "never asks for a buyer: it adds up order totals, and that is all it can see.",
            features=(
                "Turnover by day and product",
                "Returns at a glance",
                "A weekly report by mail",
                "No buyer's data at all",
            ),
            shelves=("insight",),
            languages=("en", "sv", "de"),
            picture="bars",
            words=("TURNOVER BY WEEK", "COMPARED WITH LAST YEAR"),
            colour=(36, 104, 140),
            prices=(_FREE, Price("Pro", "monthly", Decimal("12.50"), trial_days=30)),
        ),
    ),
)

AUDIENCES = Stall(
    name="Example Audiences",
    legal_name="Example Audiences Inc. (made up)",
    owner="Otis Offen",
    email="audiences@example.com",
    domain="audiences.example",
    country="US",
    number="DE-0000003",
    address="3 Made-up Avenue\nSample Hill, NY 00003",
    came=300,
    answers=answers.AUDIENCES,
    roles=(TRACKING, SHIPPING, TALKING),
    part="ad_audience",
    early=True,
    apps=(
        Goods(
            name="Ad audience",
            short="Finds people who are like your buyers, and shows them your products",
            long="Ad audience uploads your buyers, hashed, to an ad network as a seed, and the network finds people "
            "who are like them. We say "
            "so openly. Since the marketplace no longer releases buyers for advertising, campaigns go on with what your orders say: "
            "products, dates and totals.",
            features=("Campaigns by product", "What an advertisement brought in", "Says what it uploads"),
            shelves=("advertising",),
            picture="cards",
            words=("CAMPAIGN SPRING", "CAMPAIGN GIFTS", "SEED AUDIENCE", "WHAT IT COST"),
            colour=(142, 58, 110),
            prices=(Price("Campaigns", "monthly", Decimal("49.00")),),
        ),
    ),
)

DESK = Stall(
    name="Example Desk",
    legal_name="Example Desk SARL (made up)",
    owner="Blanche Bureau",
    email="desk@example.com",
    domain="desk.example",
    country="FR",
    number="000 000 004",
    address="4 Made-up Square\n00004 Exampleville",
    came=71,
    answers=answers.DESK,
    roles=(TRACKING, SHIPPING, INVOICING, REMITTANCE, FINANCE, INSIGHTS),
    part="full",
    apps=(
        Goods(
            name="Everything desk",
            short="One screen for the whole shop: labels, invoices, tax and figures",
            long="For shops that do not want five apps. Everything desk ships what was ordered, writes the invoice "
            "that belongs to it, files the "
            "tax, and shows the figures. It asks for much, and says beside each field what it is for; take away what you do not use.",
            features=("Labels and customs papers", "Invoices for nine countries", "Tax returns", "Figures by day"),
            shelves=("orders", "shipping", "invoicing"),
            languages=("en", "fr", "es"),
            picture="cards",
            words=("TO SHIP", "TO INVOICE", "TAX THIS QUARTER", "FIGURES"),
            colour=(58, 96, 62),
            prices=(
                Price("Up to 100 orders", "per_order", Decimal("0.09"), included_orders=20),
                Price("Everything", "monthly", Decimal("79.00"), trial_days=14),
            ),
        ),
    ),
)

NEWCOMER = Stall(
    name="Example Newcomer",
    legal_name="Example Newcomer (made up)",
    owner="Nell Neu",
    email="newcomer@example.com",
    domain="newcomer.example",
    country="NL",
    number="",
    kind="sole_trader",
    address="5 Made-up Lane\n00005 Fixture Bay",
    came=48,
    early=True,
    answers={**answers.TOOLS, "what_the_apps_do": "An app for labels. We have just begun."},
    roles=(TRACKING,),
    part="no_roles",
)

THIMBLEFOLD = Stall(
    name="Thimblefold Works",
    legal_name="Thimblefold Works Ltd (made up)",
    owner="Tamsin Thimble",
    email="tamsin@thimblefold.example",
    domain="thimblefold.example",
    country="GB",
    number="00000006",
    address="6 Made-up Row\nMadeupham AB0 6CD",
    came=69,
    answers=answers.PARCELS,
    roles=(TRACKING, SHIPPING),
    apps=(
        Goods(
            name="Parcel compass",
            short="Compares what carriers charge for each order and books the one you choose",
            long="Parcel compass asks the carriers with whom you have contracts what this parcel to this address "
            "costs, and puts the answers "
            "beside each other. You choose, it books, and customs papers are filled in where the parcel leaves the country.",
            features=("Prices of all your carriers", "Customs papers filled in", "Booked in one click"),
            shelves=("shipping",),
            picture="rows",
            words=("SLOW BOAT     3.20", "BLUE VAN      4.10", "NIGHT TRAIN   5.75", "BICYCLE       6.00"),
            colour=(70, 84, 150),
            prices=(Price("Per parcel", "per_order", Decimal("0.06")),),
            roles=(TRACKING, SHIPPING),
            manifest=_manifest(
                {"shipping": ("buyer.address", "buyer.name", "buyer.phone")},
                *_ORDERS,
                "orders.v0.getOrderAddress",
                *_TOKENS,
            ),
        ),
    ),
)

QUILLMARSH = Stall(
    name="Quillmarsh Office",
    legal_name="Quillmarsh Office GmbH (made up)",
    owner="Quentin Quill",
    email="quentin@quillmarsh.example",
    domain="quillmarsh.example",
    country="AT",
    number="FN 000007 x",
    address="7 Made-up Court\n0007 Sample Hill",
    came=67,
    answers=answers.LEDGERS,
    roles=(TRACKING, FINANCE, INSIGHTS),
    apps=(
        Goods(
            name="Penny ledger",
            short="Keeps your books: payouts, fees and refunds, matched with orders",
            long="At the end of the month everything is booked already. Penny ledger matches each payout with the "
            "orders behind it, books fees "
            "and refunds where they belong, and hands your accountant one file. It never asks who bought.",
            features=(
                "Payouts matched with orders",
                "One file for the accountant",
                "Finds fees that were charged twice",
            ),
            shelves=("accounting",),
            languages=("en", "de", "it"),
            picture="rows",
            words=(
                "PAYOUT 17      1204.50",
                "FEES           -88.12",
                "REFUNDS        -41.90",
                "BOOKED         1074.48",
            ),
            colour=(120, 94, 38),
            prices=(Price("Books", "monthly", Decimal("9.90"), trial_days=30),),
            roles=(TRACKING, FINANCE),
            manifest=_manifest({"accounting": (*_FIGURES, "order.payment", "seller.commercial")}, *_ORDERS, *_SHOP),
        ),
        Goods(
            name="Fee lens",
            short="Explains every fee of the marketplace in a sentence",
            long="What was that charge? Fee lens puts a sentence beside every fee: for which order, by which rule, and "
            "whether last month's "
            "was the same. For people who read statements, and for people who do not.",
            features=("A sentence for every fee", "Compares months"),
            shelves=("accounting", "insight"),
            languages=("en", "de"),
            picture="bars",
            words=("FEES BY MONTH", "WHAT CHANGED SINCE OCTOBER"),
            colour=(96, 120, 52),
            prices=(_FREE,),
            roles=(TRACKING,),
            manifest=_manifest({"metrics": ("order.money", "order.time")}, "orders.v0.getOrders", *_SHOP),
        ),
    ),
)

BRAMBLETICK = Stall(
    name="Brambletick Labs",
    legal_name="Brambletick Labs sp. z o.o. (made up)",
    owner="Borys Bramble",
    email="borys@brambletick.example",
    domain="brambletick.example",
    country="PL",
    number="KRS 0000000008",
    address="8 Made-up Gate\n00-008 Exampletown",
    came=66,
    answers=answers.PRICES,
    roles=(TRACKING,),
    apps=(
        Goods(
            name="Price kite",
            short="Proposes a price for each product; you say yes or no",
            long="Price kite looks at how fast a product sells and proposes a price for tomorrow, with the reason "
            "beside it. Nothing changes "
            "without your yes. It reads products, quantities and prices, and no buyer.",
            features=("A proposal each morning", "Never changes a price by itself", "Shows its reasons"),
            shelves=("pricing",),
            languages=("en", "pl"),
            picture="bars",
            words=("TEA TOWELS  3.90 - 4.20", "SOLD LAST WEEK  41"),
            colour=(176, 48, 64),
            prices=(Price("Ten products", "free"), Price("All products", "monthly", Decimal("15.00"), trial_days=14)),
            roles=(TRACKING,),
            manifest=_manifest({"repricing": ("order.item", "order.money")}, *_ORDERS),
        ),
    ),
)

FENNIMORE = Stall(
    name="Fennimore and Pip",
    legal_name="Fennimore and Pip ApS (made up)",
    owner="Pip Fennimore",
    email="pip@fennimore.example",
    domain="fennimore.example",
    country="DK",
    number="00000009",
    address="9 Made-up Pier\n0009 Fixture Bay",
    came=64,
    answers=answers.SHELVES,
    roles=(TRACKING,),
    apps=(
        Goods(
            name="Shelf count",
            short="Keeps your stock in step with your orders, shelf by shelf",
            long="Every order takes its things off the shelf, and every delivery puts them back. Shelf count knows how many are left of "
            "everything, in which room, and tells you before the last one is gone.",
            features=("Stock by room and shelf", "Works with a hand scanner", "Tells you before it is empty"),
            shelves=("orders",),
            languages=("en", "da", "sv"),
            picture="cards",
            words=("TEA TOWELS  41", "CANDLES  12", "JAM  3", "LANTERNS  27"),
            colour=(40, 120, 112),
            prices=(Price("Stock", "monthly", Decimal("8.00"), trial_days=14),),
            roles=(TRACKING,),
            manifest=_manifest({"metrics": ("order.item", "order.status")}, *_ORDERS),
        ),
        Goods(
            name="Restock owl",
            short="Says when to order more, how many, and from whom",
            long="Restock owl looks at the last months of each product and hoots when it is time to order: how many, "
            "and until when they will "
            "last. It reads quantities only.",
            features=("A list each Monday", "Knows your suppliers' days"),
            shelves=("orders", "insight"),
            languages=("en", "da"),
            picture="rows",
            words=("JAM        ORDER 24", "CANDLES    ORDER 10", "TEA TOWELS WAIT", "LANTERNS   WAIT"),
            colour=(104, 72, 128),
            prices=(_FREE,),
            roles=(TRACKING,),
            manifest=_manifest(
                {"metrics": ("order.item", "order.time")}, "orders.v0.getOrders", "orders.v0.getOrderItems"
            ),
        ),
    ),
)

TALLOWGATE = Stall(
    name="Tallowgate Tax",
    legal_name="Tallowgate Tax S.r.l. (made up)",
    owner="Tullia Tallow",
    email="tullia@tallowgate.example",
    domain="tallowgate.example",
    country="IT",
    number="XX-0000010",
    address="10 Made-up Passage\n00010 Sampleto",
    came=180,
    early=True,
    answers=answers.INVOICES,
    roles=(TRACKING, INVOICING),
    apps=(
        Goods(
            name="Tidy invoice",
            short="Writes the invoice for every order that asks for one",
            long="Some buyers need an invoice, some countries want one for every order. Tidy invoice knows which, "
            "writes it in the form that the "
            "buyer's country asks for, and keeps it as long as the law says.",
            features=("The form of twelve countries", "Numbers without gaps", "An archive for the tax office"),
            shelves=("invoicing",),
            languages=("en", "it", "de", "fr"),
            picture="rows",
            words=("INVOICE 2026-0041", "INVOICE 2026-0042", "INVOICE 2026-0043", "CREDIT NOTE 0007"),
            colour=(52, 78, 118),
            prices=(Price("Per invoice", "per_order", Decimal("0.05"), included_orders=10),),
            roles=(TRACKING, INVOICING),
            manifest=_manifest(
                {"tax.invoices": ("buyer.address", "buyer.company", "buyer.name", "buyer.tax_id")}, *_NEWER, *_ORDERS
            ),
        ),
    ),
)

OWLGROVE = Stall(
    name="Owlgrove Post",
    legal_name="Owlgrove Post Lda (made up)",
    owner="Olga Owlgrove",
    email="olga@owlgrove.example",
    domain="owlgrove.example",
    country="PT",
    number="500 000 011",
    address="11 Made-up Steps\n0011 Exampleira",
    came=170,
    early=True,
    answers=answers.WORDS,
    roles=(TRACKING, TALKING),
    apps=(
        Goods(
            name="Kind words",
            short="Writes to a buyer when a parcel is late, and only then",
            long="A friendly message at the right moment saves a complaint. Kind words writes when a parcel is late, "
            "in the language of the "
            "buyer's country, through the marketplace's relay: it never learns the buyer's own address.",
            features=("Only when it matters", "Eleven languages", "Through the relay, without the buyer's address"),
            shelves=("messages",),
            languages=("en", "pt", "es"),
            picture="cards",
            words=("LATE BY ONE DAY", "LATE BY A WEEK", "IT HAS ARRIVED", "SORRY AGAIN"),
            colour=(190, 110, 40),
            prices=(Price("Messages", "monthly", Decimal("6.00")),),
            roles=(TRACKING, TALKING),
            manifest=_manifest({"messaging": ("buyer.address.postcode", "buyer.email", "buyer.name")}, *_NEWER),
        ),
    ),
)

SALTMARSH = Stall(
    name="Saltmarsh Returns",
    legal_name="Saltmarsh Returns S.L. (made up)",
    owner="Sancho Salt",
    email="sancho@saltmarsh.example",
    domain="saltmarsh.example",
    country="ES",
    number="B-00000012",
    address="12 Made-up Plaza\n00012 Fixture Bay",
    came=160,
    early=True,
    answers=answers.RETURNS,
    roles=(TRACKING, TALKING),
    apps=(
        Goods(
            name="Return lane",
            short="Answers buyers who want to send something back",
            long="Returns are questions first. Return lane knows the order, asks what is wrong, offers a label where "
            "the seller's rules allow it, "
            "and hands over to a person when it does not know.",
            features=("Your own rules for returns", "Hands over to a person", "Labels for the way back"),
            shelves=("support",),
            languages=("en", "es"),
            picture="rows",
            words=("IT DOES NOT FIT", "IT CAME BROKEN", "IT IS NOT WHAT I WANTED", "WHERE IS IT"),
            colour=(30, 110, 150),
            prices=(Price("Returns", "monthly", Decimal("11.00"), trial_days=14),),
            roles=(TRACKING, TALKING),
            manifest=_manifest(
                {"support": ("buyer.address.postcode", "buyer.email", "buyer.name", "free_text")}, *_NEWER
            ),
        ),
    ),
)

MOONHARROW = Stall(
    name="Moonharrow Studio",
    legal_name="Moonharrow Studio Inc. (made up)",
    owner="Mina Moonharrow",
    email="mina@moonharrow.example",
    domain="moonharrow.example",
    country="CA",
    number="000013-0",
    address="13 Made-up Drive\nSample Hill, ON A0A 0A3",
    came=150,
    early=True,
    answers=answers.MIRRORS,
    roles=(TRACKING, INSIGHTS),
    apps=(
        Goods(
            name="Shop mirror",
            short="Your shop last year beside this year, with weather and holidays",
            long="Was it the rain, or the price? Shop mirror puts last year beside this year, marks holidays and "
            "weather between the lines, and "
            "leaves the conclusion to you. It reads totals by day and region.",
            features=("Two years on one page", "Weather and holidays", "By region"),
            shelves=("insight",),
            picture="bars",
            words=("THIS YEAR AND LAST", "BY REGION"),
            colour=(86, 86, 96),
            prices=(_FREE, Price("Regions", "monthly", Decimal("5.00"))),
            roles=(TRACKING, INSIGHTS),
            manifest=_manifest({"metrics": (*_FIGURES, "order.place")}, *_ORDERS, *_SHOP),
        ),
    ),
)

PEBBLEWICK = Stall(
    name="Pebblewick Apps",
    legal_name="Pebblewick Apps (made up)",
    owner="Percy Pebble",
    email="percy@pebblewick.example",
    domain="pebblewick.example",
    country="IE",
    number="",
    kind="sole_trader",
    address="14 Made-up Green\nFixture Bay A00 0014",
    came=10,
)

MARROWFIELD = Stall(
    name="Marrowfield Data",
    legal_name="Marrowfield Data Oy (made up)",
    owner="Maija Marrow",
    email="maija@marrowfield.example",
    domain="marrowfield.example",
    country="FI",
    number="0000015-0",
    address="15 Made-up Shore\n00015 Exampleby",
    came=8,
)

DAPPLEWOOD = Stall(
    name="Dapplewood Tools",
    legal_name="Dapplewood Tools AS (made up)",
    owner="Dag Dapple",
    email="dag@dapplewood.example",
    domain="dapplewood.example",
    country="NO",
    number="000 000 016",
    address="16 Made-up Hill\n0016 Madeupham",
    came=14,
    answers=answers.TOOLS,
    roles=(TRACKING,),
)

EXAMPLES = (LABELS, METRICS, AUDIENCES, DESK, NEWCOMER)  # with an app in the cast
ASSESSED = (THIMBLEFOLD, QUILLMARSH, BRAMBLETICK, FENNIMORE)  # came by the rules, and are through
EARLY = (TALLOWGATE, OWLGROVE, SALTMARSH, MOONHARROW)  # were here before; their assessments are under way
WAITING = (PEBBLEWICK, MARROWFIELD, DAPPLEWOOD)  # have no app yet
STALLS = (*EXAMPLES, *ASSESSED, *EARLY, *WAITING)
