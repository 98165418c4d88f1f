"""Purposes and roles: the words that questions, manifests, packs and consent pages share.

Purposes form a tree by dots: a rule, a grant or a declaration of `shipping` reaches `shipping.labels` below it. Data categories
come from `core/marketplace/taxonomy.py`. A marketplace may use roles and purposes that are not listed here; packs then name
them, and `piepowder policy check` lists them as unknown so that a slip of the pen is noticed.
"""

from collections.abc import Collection, Iterator

#: purpose -> the words a consent page uses, after "to …"
PURPOSES: dict[str, str] = {
    "shipping": "deliver what was bought",
    "shipping.labels": "print shipping labels",
    "shipping.customs": "fill in customs papers",
    "tax": "issue invoices and pay taxes",
    "tax.invoices": "issue tax invoices",
    "tax.returns": "file tax returns",
    "messaging": "write to buyers about their orders",
    "metrics": "show the seller how the shop is doing",
    "repricing": "set the seller's prices",
    "advertising": "advertise to people",
    "support": "answer buyers' questions and complaints",
    "accounting": "keep the seller's books",
}

#: what stands in a question's place when no purpose could be established; no app may claim it
NO_PURPOSE = "none"

#: role -> its title
ROLES: dict[str, str] = {
    "inventory_and_order_tracking": "Inventory and Order Tracking",
    "direct_to_consumer_shipping": "Direct-to-Consumer Shipping",
    "tax_invoicing": "Tax Invoicing",
    "tax_remittance": "Tax Remittance",
    "buyer_communication": "Buyer Communication",
    "finance": "Finance and Accounting",
    "brand_analytics": "Brand Analytics",
    "selling_partner_insights": "Selling Partner Insights",
}

#: group -> the roles in it, so that a policy can say `principal in RoleGroup::"orders"`
ROLE_GROUPS: dict[str, tuple[str, ...]] = {
    "orders": (
        "inventory_and_order_tracking",
        "direct_to_consumer_shipping",
        "tax_invoicing",
        "tax_remittance",
        "buyer_communication",
        "finance",
    ),
    "tax": ("tax_invoicing", "tax_remittance"),
}

#: substitute -> (how strict it is: higher gives away less, categories it can stand for: None for any)
SUBSTITUTES: dict[str, tuple[int, tuple[str, ...] | None]] = {
    "outward": (1, ("buyer.address.postcode",)),
    "alias": (2, ("buyer.email",)),
    "pseudonym": (3, None),
    "mask": (4, None),
}

#: substitute -> the words a consent page uses for it
SUBSTITUTE_WORDS: dict[str, str] = {
    "outward": "shortened to the district",
    "alias": "a relay address in its place",
    "pseudonym": "a pseudonym in its place",
    "mask": "masked",
}


def lineage(word: str) -> Iterator[str]:
    """A dotted word and everything above it: `a.b.c` -> `a.b.c`, `a.b`, `a`."""
    while word:
        yield word
        word = word.rpartition(".")[0]


def covers(words: Collection[str], word: str) -> bool:
    """Whether a word or one above it is in the collection."""
    return word in words or any(above in words for above in lineage(word))


def purpose_words(purpose: str) -> str:
    """The words of a purpose; a child nobody described borrows its parent's; an unknown purpose is quoted."""
    return next((PURPOSES[name] for name in lineage(purpose) if name in PURPOSES), f"`{purpose}`")


def fits(substitute: str, category: str) -> bool:
    """Whether a substitute can stand for a category."""
    if substitute not in SUBSTITUTES:
        return False
    categories = SUBSTITUTES[substitute][1]
    return categories is None or covers(categories, category)


def strictness(substitute: str | None) -> int:
    """How little a substitute gives away; an unknown one is the strictest."""
    return SUBSTITUTES[substitute][0] if substitute in SUBSTITUTES else len(SUBSTITUTES) + 1
