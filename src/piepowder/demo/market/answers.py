"""What developers answered in the assessment: a common ground, and what is different with each of them. Values only.

A date is written as days before the answers were handed in (`-40`), a text may name the organisation's domain (`{domain}`).
"""

from typing import Any

Answers = dict[str, Any]
PROVED = ("processing_contract", "incident_plan", "scans", "penetration_test")  # questions that may want a document
DATES = frozenset({"incident_rehearsed", "scans", "penetration_test", "training"})

_NOBODY_ELSE = "It arrives at our privacy address, is answered within ten days, and the seller hears of it the same "
"day, with everything it needs."

# Asked of everybody, answered as a careful small company would.
PLAIN: Answers = {
    "protection_contact": "Data protection officer, privacy@{domain}",
    "controller_or_processor": "none",
    "pooling": False,
    "firewall": True,
    "malware": ["endpoint", "integrity"],
    "own_accounts": True,
    "access_review": "quarterly",
    "leavers": 8,
    "second_factor": "everywhere",
    "password_length": 14,
    "in_transit": "everywhere",
    "key_store": "vault",
    "key_rotation": 180,
    "access_logs": True,
    "log_days": 120,
    "personal_data_in_logs": False,
    "alarms": ["failed_sign_ins", "unusual_volume"],
    "incident_plan": True,
    "incident_rehearsed": -75,
    "incident_hours": 24,
    "scans": -21,
    "patch_days": 5,
    "code_review": True,
    "stores_personal_data": False,
    "asset_list": True,
    "removable_media": False,
    "countries": [{"country": "DE", "what": "office and servers"}],
    "uses_sub_processors": True,
    "sub_processors": [
        {"name": "Cloudberry Hosting (made up)", "service": "servers", "country": "IE", "mechanism": "not_needed"}
    ],
    "sub_processor_contracts": True,
    "training": -110,
    "privacy_policy": "https://{domain}/privacy",
    "buyer_rights": _NOBODY_ELSE,
}

# Besides, of whoever asks for roles with buyers' data.
PERSONAL: Answers = {
    **PLAIN,
    "controller_or_processor": "processor",
    "processing_contract": True,
    "segmentation": True,
    "at_rest": "fields",
    "penetration_test": -160,
    "stores_personal_data": True,
    "deletion_hours": 24,
}


def asked(what: str, uses: dict[str, tuple[str, str]], **other: Any) -> Answers:
    """`uses`: purpose -> how the data is used, and its legal basis."""
    return {
        "what_the_apps_do": what,
        "purposes": list(uses),
        "use_of_data": {purpose: words for purpose, (words, _) in uses.items()},
        "legal_basis": {purpose: basis for purpose, (_, basis) in uses.items()},
        **other,
    }


LABELS: Answers = PERSONAL | asked(
    "Label printer prints the label of every order that waits to be shipped. A seller opens it in the morning, prints, and is done; name "
    "and address are needed at that one step.",
    {
        "shipping.labels": (
            "Name and address are put on the label when the seller prints it, and handed to the carrier.",
            "contract",
        ),
        "shipping": ("The telephone number goes to carriers who announce their delivery.", "contract"),
    },
    why_personal_data="A carrier delivers to a name at an address; a pseudonym on a parcel does not arrive.",
    retention_days={"shipping.labels": 7, "shipping": 7},
    substitutes=["relay_address", "label"],
    at_rest="fields",
    countries=[{"country": "DE", "what": "office"}, {"country": "NL", "what": "servers"}],
    patch_days=3,
)

FIGURES: Answers = PLAIN | asked(
    "Metrics monitor shows sellers how their shop is doing: orders, returns and turnover, by day and by product. It "
    "has no use for people.",
    {"metrics": ("Order totals and dates are added up by day; nothing else is kept.", "no_personal_data")},
    countries=[{"country": "SE", "what": "everything"}],
    sub_processors=[
        {"name": "Cloudberry Hosting (made up)", "service": "servers", "country": "SE", "mechanism": "not_needed"},
        {"name": "Pennant Mail (made up)", "service": "weekly reports", "country": "FI", "mechanism": "not_needed"},
    ],
    log_days=365,
)

AUDIENCES: Answers = PERSONAL | asked(
    "Ad audience uploads the buyers of a shop, hashed, to an ad network, which finds people who are like them and shows them the shop's "
    "advertisements. It also shows sellers how their campaigns did.",
    {
        "metrics": ("Order totals are put beside what a campaign cost.", "no_personal_data"),
        "advertising": (
            "E-mail addresses, names and postcodes are hashed and uploaded to the ad network as a seed audience.",
            "legitimate_interest",
        ),
    },
    interest_weighed="Sellers want to reach people who are like their buyers. Hashing hides the plain address. We "
    "admit that buyers do not "
    "expect it, and that the network can match a hash to somebody it knows.",
    why_personal_data="The ad network matches hashed e-mail addresses; without them it cannot find anybody.",
    retention_days={"metrics": 0, "advertising": 14},
    substitutes=["aggregates"],
    sub_processors=[
        {"name": "Example Ad Network (made up)", "service": "audiences", "country": "US", "mechanism": "scc"},
        {"name": "Cloudberry Hosting (made up)", "service": "servers", "country": "IE", "mechanism": "not_needed"},
    ],
)

DESK: Answers = PERSONAL | asked(
    "Everything desk is one screen for a whole shop: it ships, writes invoices and files tax returns, with figures beside it.",
    {
        "shipping": ("Address and name go on the label; the carrier's answer is kept with the order.", "contract"),
        "tax.invoices": (
            "Name, address and tax number go on the invoice, which is sent with the parcel.",
            "legal_obligation",
        ),
        "tax.returns": (
            "Invoices are added up by country; the archive keeps what the law asks for.",
            "legal_obligation",
        ),
        "metrics": ("Totals by day and product, without people.", "no_personal_data"),
        "accounting": ("Payouts and fees are matched with orders.", "no_personal_data"),
    },
    why_personal_data="An invoice names the buyer by law, and a parcel needs an address; neither works with a substitute.",
    retention_days={"shipping": 14, "tax.invoices": 3650, "tax.returns": 3650, "metrics": 0, "accounting": 0},
    long_retention_only_tax=True,
    countries=[{"country": "FR", "what": "office, support"}, {"country": "IE", "what": "servers, archive"}],
    malware=["endpoint", "intrusion", "integrity"],
    log_days=400,
    patch_days=2,
)

PARCELS: Answers = PERSONAL | asked(
    "Parcel compass compares what carriers charge for an order and books the one that the seller chooses. Customs papers are filled in "
    "where the parcel leaves the country.",
    {
        "shipping": (
            "The address is sent to the carriers that the seller has contracts with, to ask for a price.",
            "contract",
        ),
        "shipping.customs": ("Name and address are put on the customs declaration.", "contract"),
    },
    why_personal_data="Carriers price by street and district, and customs refuse papers without the receiver's name.",
    retention_days={"shipping": 21, "shipping.customs": 30},
    at_rest="disks",
    countries=[{"country": "GB", "what": "everything"}],
    access_review="yearly",
    sub_processors=[
        {
            "name": "Harbourline Carriers (made up)",
            "service": "prices and labels",
            "country": "GB",
            "mechanism": "not_needed",
        },
        {"name": "Longwave Errors (made up)", "service": "error reports", "country": "US", "mechanism": "framework"},
    ],
)

LEDGERS: Answers = PLAIN | asked(
    "Penny ledger keeps a seller's books: payouts, fees and refunds, matched with orders. Fee lens explains each fee in a sentence.",
    {
        "accounting": ("Totals and fees of orders are booked; a buyer's name is never asked for.", "no_personal_data"),
        "metrics": ("Fees are compared month by month.", "no_personal_data"),
    },
    countries=[{"country": "AT", "what": "office"}, {"country": "DE", "what": "servers"}],
    key_store="settings",
    training=-200,
)

PRICES: Answers = PLAIN | asked(
    "Price kite looks at how fast a product sells and proposes a price; the seller says yes or no. It reads orders as numbers.",
    {"repricing": ("Products, quantities and prices of the last orders go into a forecast.", "no_personal_data")},
    countries=[{"country": "PL", "what": "everything"}],
    patch_days=10,
    password_length=16,
)

SHELVES: Answers = PLAIN | asked(
    "Shelf count keeps stock in step with orders, and Restock owl says when to order more. Both read products and quantities.",
    {"metrics": ("Quantities sold are taken from the stock; nothing about buyers is read.", "no_personal_data")},
    countries=[{"country": "DK", "what": "office and servers"}],
    incident_rehearsed=-30,
)

INVOICES: Answers = PERSONAL | asked(
    "Tidy invoice writes an invoice for every order that asks for one, in the form that the buyer's country wants.",
    {
        "tax.invoices": (
            "Name, address and tax number are printed on the invoice and archived with it.",
            "legal_obligation",
        )
    },
    why_personal_data="The law asks for the buyer's name and address on an invoice; a pseudonym makes it void.",
    retention_days={"tax.invoices": 3650},
    long_retention_only_tax=True,
    countries=[{"country": "IT", "what": "office"}, {"country": "IE", "what": "servers, archive"}],
)

WORDS: Answers = PERSONAL | asked(
    "Kind words sends a friendly message when a parcel is late, in the buyer's language, and only then.",
    {"messaging": ("The message goes through the marketplace's relay; we keep its number and its date.", "contract")},
    why_personal_data="A relay address is enough for the message; we ask for the district to write in the right language.",
    retention_days={"messaging": 10},
    substitutes=["relay_address", "pseudonym", "district"],
    alarms=["failed_sign_ins"],
    countries=[{"country": "PT", "what": "office"}],
)

RETURNS: Answers = PERSONAL | asked(
    "Return lane answers buyers who want to send something back: it knows the order, offers a label, and tells the seller.",
    {"support": ("The order and the buyer's words are shown to the person who answers.", "contract")},
    why_personal_data="Whoever answers has to recognise the same buyer again; a pseudonym does for that, and the district for the label.",
    retention_days={"support": 60},
    long_retention_only_tax=False,
    substitutes=["relay_address", "pseudonym", "district"],
    countries=[{"country": "ES", "what": "support team"}],
)

MIRRORS: Answers = PLAIN | asked(
    "Shop mirror shows a seller the shop as last year beside this year, with the weather and holidays between the lines.",
    {"metrics": ("Totals by day and region are compared; no buyer is read.", "no_personal_data")},
    second_factor="administrators",
    countries=[{"country": "CA", "what": "everything"}],
)

TOOLS: Answers = PLAIN | asked(
    "Gift counter tells a seller how many orders are presents, so that there is enough paper in the house.",
    {"metrics": ("Orders with the gift flag are counted by week.", "no_personal_data")},
    countries=[{"country": "NO", "what": "everything"}],
)
