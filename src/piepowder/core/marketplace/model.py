"""What a catalogue says: operations, their parameters, and the tree of fields of their answers. Values only.

Built by `catalogue.compile_catalogue` from an OpenAPI 3 document and an Overlay whose marks are
`x-data-category`, `x-data-element`, and for operations `x-piepowder-operation` (see `docs/catalogue.md`).
"""

from enum import StrEnum
from typing import Literal

from msgspec import Struct


class OrderState(StrEnum):
    """The classes of an order's life that a policy can tell apart. `UNKNOWN` is decided as the strictest of all."""

    NONE = "none"  # the operation is not about single orders
    UNSHIPPED = "unshipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"  # delivered, at most 30 days ago
    CLOSED = "closed"  # delivered, longer ago
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


LeafType = Literal["string", "integer", "number", "boolean"]


class Node(Struct, frozen=True, kw_only=True, eq=False):
    """One place in an answer: an object (children), an array (item), a map whose keys are data, or a leaf."""

    kind: Literal["object", "array", "map", "leaf"]
    children: dict[str, "Node"] = {}
    required: frozenset[str] = frozenset()
    item: "Node | None" = None
    # leaves only
    leaf: LeafType = "string"
    enum: tuple[str, ...] = ()
    pattern: str | None = None  # searched with `re`, anchored by whoever wrote it
    max_length: int | None = None
    category: str | None = None  # None: unclassified, treated as unknown: never released
    element: str | None = None  # data element that a restricted token must list before this field goes out


class Parameter(Struct, frozen=True, kw_only=True):
    """A request parameter. `category` set to a personal one makes a call that uses it a read of that category."""

    name: str
    place: Literal["path", "query"]
    required: bool = False
    many: bool = False  # comma-joined list, a repeated key is accepted as well
    leaf: LeafType = "string"
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    max_length: int | None = 2048
    minimum: int | None = None
    maximum: int | None = None
    category: str | None = None
    max_items: int | None = None
    forward: bool = True  # False: read by the gateway only


class OrderBinding(Struct, frozen=True, kw_only=True):
    """How an answer is tied to orders and buyers. Paths are member names from the answer's root.

    `orders` leads to the array of orders, or is None where the answer as a whole is about one order; the other paths
    start at each order then (at the root, if None). `order_parameter` names the path parameter holding the order's id.
    """

    orders: tuple[str, ...] | None = None
    order_id: tuple[str, ...] | None = None
    order_parameter: str | None = None
    subject: tuple[str, ...] | None = None  # what tells one buyer from another, before it is hashed
    state: Literal["inline", "lookup"] = "inline"
    state_fields: dict[str, tuple[str, ...]] = {}  # name the dialect uses -> path; ("[]" steps into every element)
    lookup: str | None = None  # operation asked for the state of `order_parameter`


class Rate(Struct, frozen=True):
    per_second: float
    burst: int


class Paging(Struct, frozen=True, kw_only=True):
    parameter: str  # request parameter that holds the token
    token: tuple[str, ...]  # path of the token in the answer
    overrides: bool = False  # the token replaces all other filters


class Operation(Struct, frozen=True, kw_only=True, eq=False):
    """One guarded operation. `id` is stable (`orders.v0.getOrders`) and is what manifests, policies and records say."""

    id: str
    name: str  # operationId of the API's own document
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str  # template, `/orders/v0/orders/{orderId}`
    kind: Literal["read", "write", "restricted_token"] = "read"
    parameters: tuple[Parameter, ...] = ()
    body: Node | None = None  # of a write's request
    status: int = 200
    answer: Node | None = None  # None: an answer without a body
    binding: OrderBinding | None = None
    paging: Paging | None = None
    roles: frozenset[str] = frozenset()  # any one suffices; empty: none needed
    elements: frozenset[str] = frozenset()  # data elements a restricted token can unlock here
    element_required: bool = False  # a restricted token for this operation must name its elements
    unlocks_without_element: bool = False  # answers personal data by role, without a restricted token
    implied_elements: frozenset[str] = frozenset()  # unlocked by any restricted token listing this operation
    included_data: dict[str, tuple[str, ...]] = {}  # block parameter value -> members it unlocks ("BUYER": ("buyer",))
    state_needs: tuple[str, ...] = ()  # included_data values the gateway adds upstream to learn the order's state
    rate: Rate = Rate(1.0, 5)
    grantless: bool = False
    essential: frozenset[str] = (
        frozenset()
    )  # categories without which an answer about no order says nothing: then the call is refused
    categories: frozenset[str] = frozenset()  # every category found in `answer` and `parameters`


class Catalogue(Struct, frozen=True, kw_only=True, eq=False):
    """All guarded operations of one dialect. `digest` names the exact documents it was compiled from."""

    dialect: str
    digest: str
    operations: dict[str, Operation]
    unclassified: tuple[str, ...] = ()  # `operation: path.to.field`, for `piepowder catalogue check`
    unguarded: tuple[
        str, ...
    ] = ()  # `METHOD /path` of the document without `x-piepowder-operation`: refused at the gate
    unmatched: tuple[str, ...] = ()  # overlay targets that lead nowhere
