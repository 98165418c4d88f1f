"""`piepowder seller`: the shops of the marketplace."""

from cyclopts import App

from piepowder.cli.control import now, open_rooms, show, show_list
from piepowder.cli.options import Common

app = App(name="seller", help="Sellers of the marketplace.")


@app.command
def create(
    marketplace_id: str, name: str, *, subject: str | None = None, active: bool = True, common: Common = Common()
) -> None:
    """Create a seller, or bring it up to date; safe to repeat.

    Parameters
    ----------
    marketplace_id
        The marketplace's own id of the seller, as its API says it.
    subject
        What the marketplace's sign-in calls the seller.
    """
    open_rooms(common)
    from piepowder.rooms.ground.actor import COMMAND_LINE
    from piepowder.rooms.people.actions import provision_seller

    seller = provision_seller(
        marketplace_id=marketplace_id, name=name, oidc_subject=subject, active=active, by=COMMAND_LINE, at=now()
    )
    show(seller.described(), common)


@app.command(name="show")
def show_one(seller: str, *, common: Common = Common()) -> None:
    """One seller.

    Parameters
    ----------
    seller
        Piepowder's id (`sel_…`) or the marketplace's own.
    """
    open_rooms(common)
    from piepowder.rooms.people.models import Seller

    show(Seller.objects.named(seller).described(), common)


@app.command(name="list")
def list_all(*, limit: int = 1000, common: Common = Common()) -> None:
    """Sellers, the oldest first."""
    open_rooms(common)
    from piepowder.rooms.people.models import Seller

    rows = [seller.described() for seller in Seller.objects.order_by("id")[:limit]]
    show_list(rows, ("id", "marketplace_id", "name", "active"), common)
