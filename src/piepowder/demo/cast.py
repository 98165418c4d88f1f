"""Who plays in the demonstration: developers, their apps, and what each app's manifest asks for. Values only."""

from msgspec import Struct

from piepowder.core.facts.model import ManifestFact

_ORDERS = ("orders.v0.getOrders", "orders.v0.getOrder", "orders.v0.getOrderItems")
_RESTRICTED = ("orders.v0.getOrderAddress", "orders.v0.getOrderBuyerInfo", "orders.v0.getOrderItemsBuyerInfo")
_MORE = ("orders.v0.getOrderRegulatedInfo", "orders.2026-01-01.searchOrders", "orders.2026-01-01.getOrder")
_SHOP = ("sales.v1.getOrderMetrics", "sellers.v1.getMarketplaceParticipations", "sellers.v1.getAccount")
_TOKENS = ("tokens.2021-03-01.createRestrictedDataToken",)

_SHIPPING = (
    "buyer.name",
    "buyer.phone",
    "buyer.company",
    "buyer.email",
    "buyer.address",
    "buyer.delivery",
)
_TAX = ("buyer.name", "buyer.company", "buyer.tax_id", "buyer.purchase_order", "buyer.address", "buyer.email")
_ADVERTISING = ("buyer.name", "buyer.email", "buyer.phone", "buyer.address")


class Part(Struct, frozen=True, kw_only=True):
    """One app. `key` is its name in fixtures."""

    key: str
    name: str
    developer: str
    contact: str
    roles: tuple[str, ...]
    manifest: ManifestFact
    says: str  # for the app's page


def _manifest(purposes: tuple[str, ...], operations: tuple[str, ...], **categories: tuple[str, ...]) -> ManifestFact:
    return ManifestFact(operations=dict.fromkeys(operations, purposes), categories=dict(categories))


CAST: tuple[Part, ...] = (
    Part(
        key="label_printer",
        name="Label printer",
        developer="Example Labels",
        contact="labels@example.com",
        roles=("inventory_and_order_tracking", "direct_to_consumer_shipping"),
        manifest=_manifest(("shipping",), (*_ORDERS, *_RESTRICTED[:1], *_TOKENS), shipping=_SHIPPING),
        says="prints the label of every order that waits for shipping",
    ),
    Part(
        key="metrics",
        name="Metrics monitor",
        developer="Example Metrics",
        contact="metrics@example.com",
        roles=("inventory_and_order_tracking", "selling_partner_insights", "finance"),
        manifest=_manifest(("metrics",), (*_ORDERS, *_SHOP)),
        says="shows sellers how their shops are doing",
    ),
    Part(
        key="ad_audience",
        name="Ad audience",
        developer="Example Audiences",
        contact="audiences@example.com",
        roles=("inventory_and_order_tracking",),
        manifest=_manifest(("advertising",), (*_ORDERS, *_RESTRICTED[:2], *_TOKENS), advertising=_ADVERTISING),
        says="uploads a shop's buyers to an ad network as a seed for lookalikes, and says so",
    ),
    Part(
        key="full",
        name="Everything desk",
        developer="Example Desk",
        contact="desk@example.com",
        roles=(
            "inventory_and_order_tracking",
            "direct_to_consumer_shipping",
            "tax_invoicing",
            "tax_remittance",
            "finance",
            "selling_partner_insights",
        ),
        manifest=ManifestFact(
            operations={
                **dict.fromkeys((*_ORDERS, *_RESTRICTED, *_MORE, *_TOKENS), ("shipping", "tax")),
                **dict.fromkeys(_SHOP, ("metrics",)),
            },
            categories={"shipping": (*_SHIPPING, "buyer.regulated", "free_text"), "tax": (*_TAX, "free_text")},
        ),
        says="ships and invoices, with every role that this takes",
    ),
    Part(
        key="no_roles",
        name="Newcomer",
        developer="Example Newcomer",
        contact="newcomer@example.com",
        roles=(),
        manifest=_manifest(("shipping",), (*_ORDERS, *_RESTRICTED, *_SHOP, *_TOKENS), shipping=_SHIPPING),
        says="has applied for no role yet",
    ),
)
