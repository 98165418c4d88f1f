"""The reads of Orders v0 about one order, and restricted data tokens for them."""

from collections.abc import Callable

from tests.wire.clients import RESTRICTED_DATA_TOKEN, Account, Wire

#: operation -> rest of its path below the order
OF_ORDER = {
    "orders.v0.getOrder": "",
    "orders.v0.getOrderItems": "/orderItems",
    "orders.v0.getOrderAddress": "/address",
    "orders.v0.getOrderBuyerInfo": "/buyerInfo",
    "orders.v0.getOrderItemsBuyerInfo": "/orderItems/buyerInfo",
    "orders.v0.getOrderRegulatedInfo": "/regulatedInfo",
}
#: operation -> data elements that can be asked for; those without are asked for by their path alone
ELEMENTS = {
    "orders.v0.getOrders": ("shippingAddress", "buyerInfo", "buyerTaxInformation"),
    "orders.v0.getOrder": ("shippingAddress", "buyerInfo", "buyerTaxInformation"),
    "orders.v0.getOrderItems": ("buyerInfo",),
}
IMPLIED = {
    "orders.v0.getOrderAddress": "shippingAddress",
    "orders.v0.getOrderBuyerInfo": "buyerInfo",
    "orders.v0.getOrderItemsBuyerInfo": "buyerInfo",
    "orders.v0.getOrderRegulatedInfo": "buyerInfo",
}


def resource(operation: str, *elements: str, order_id: str = "{orderId}") -> dict[str, object]:
    """One restricted resource: of every order, or of the one that is named."""
    path = "/orders/v0/orders" + ("" if operation == "orders.v0.getOrders" else f"/{order_id}{OF_ORDER[operation]}")
    return {"method": "GET", "path": path} | ({"dataElements": list(elements)} if elements else {})


def restricted_token(library: type[Wire], account: Account, *resources: dict[str, object]) -> str:
    """A restricted data token, asked for through the library."""
    answer = library(account).call(RESTRICTED_DATA_TOKEN, restrictedResources=list(resources))
    token: str = answer.json["restrictedDataToken"]
    return token


def settled(question: Callable[[], bool]) -> bool:
    """Whether the answer becomes yes and stays it, five times in a row: a change reaches both workers within half a second."""
    row = 0
    for _ in range(300):
        row = row + 1 if question() else 0
        if row == 5:
            return True
    return False


def everything(library: type[Wire], account: Account, operations: tuple[str, ...] = tuple(OF_ORDER)) -> str:
    """A token for all data elements of these operations on every order."""
    return restricted_token(library, account, *(resource(name, *ELEMENTS.get(name, ())) for name in operations))
