"""`piepowder developer`: organisations that make apps."""

from cyclopts import App

from piepowder.cli.control import now, open_rooms, show, show_list
from piepowder.cli.options import Common
from piepowder.rooms.standing.rules import Standing

app = App(name="developer", help="Developers of apps.")


@app.command
def create(
    name: str, *, email: str, website: str = "", standing: Standing = Standing.PENDING, common: Common = Common()
) -> None:
    """Register a developer.

    Parameters
    ----------
    name
        The organisation's name.
    email
        Where it is written to.
    standing
        `pending` (nothing works yet) or `good`.
    """
    open_rooms(common)
    from piepowder.rooms.developers.actions import register_developer
    from piepowder.rooms.ground.actor import COMMAND_LINE

    developer = register_developer(
        name=name, contact_email=email, website=website, standing=standing, by=COMMAND_LINE, at=now()
    )
    show({**developer.described(), "standing": str(standing)}, common)


@app.command(name="list")
def list_all(*, common: Common = Common()) -> None:
    """All developers with their standing."""
    open_rooms(common)
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.standing.models import Subject

    developers = list(Developer.objects.order_by("id"))
    standings = Subject.objects.of(developer.id for developer in developers)
    rows = [{**developer.described(), "standing": standings.get(developer.id, "")} for developer in developers]
    show_list(rows, ("id", "name", "contact_email", "standing"), common)
