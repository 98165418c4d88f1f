"""The data categories of orders. A category is a dotted word; a rule on `buyer.address` reaches everything below it."""

#: category -> the words a consent page uses for it
CATEGORIES: dict[str, str] = {
    "buyer.name": "the buyer's name",
    "buyer.email": "the buyer's e-mail address",
    "buyer.phone": "the buyer's telephone number",
    "buyer.company": "the buyer's company",
    "buyer.tax_id": "the buyer's tax registration",
    "buyer.purchase_order": "the buyer's own purchase order number",
    "buyer.address.street": "street, house number and the like of the delivery address",
    "buyer.address.postcode": "postcode of the delivery address",
    "buyer.address.type": "whether the address is a home or a business",
    "buyer.address.geo": "coordinates of the delivery address",
    "buyer.delivery": "the buyer's wishes for the delivery",
    "buyer.regulated": "what a buyer had to state for a regulated product",
    "free_text": "words a buyer wrote: gift messages, customisations, reasons",
    "order.reference": "order and item numbers",
    "order.status": "status of the order",
    "order.time": "dates of order, shipping and delivery",
    "order.money": "prices, taxes and totals",
    "order.payment": "how the order was paid",
    "order.item": "products and quantities",
    "order.fulfilment": "shipping service, packages, tracking",
    "order.place": "city, region and country of the delivery",
    "order.programme": "programmes and flags of the order",
    "order.tax": "tax model and invoicing preference",
    "seller.commercial": "the seller's sales figures",
    "seller.identity": "the seller's shop name and marketplaces",
    "seller.address": "the seller's own addresses",
    "seller.contact": "the seller's own contact person",
    "marketplace.reference": "marketplace ids, names and currencies",
    "paging": "the place where the next page starts",
}

#: words for groups of categories, which a manifest may name as a whole
GROUPS: dict[str, str] = {
    "buyer": "everything about the buyer",
    "buyer.address": "the whole delivery address",
    "order": "everything about the order",
    "seller": "everything about the seller",
}


def words_of(category: str) -> str | None:
    """The words for a category or a group of them; None for a category nobody has described."""
    return CATEGORIES.get(category) or GROUPS.get(category)


def is_personal(category: str) -> bool:
    """Whether a category is a shopper's personal data (not the seller's own, not order data)."""
    return category.split(".", 1)[0] in ("buyer", "free_text")


PERSONAL: frozenset[str] = frozenset(filter(is_personal, CATEGORIES))
