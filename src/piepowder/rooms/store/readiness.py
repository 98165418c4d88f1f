"""What the list before submission says about a listing, and names that look like its app's."""

from piepowder.rooms.appstore.models import App
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import Capability
from piepowder.rooms.store.models import Listing
from piepowder.rooms.store.rules import Check, Situation, Texts, checks


def situation_of(listing: Listing) -> Situation:
    app = listing.app
    return Situation(
        public=app.kind == AppKind.PUBLIC,
        live_version=bool(app.current_version),
        permitted=may_be_authorised(app),
        screenshots=listing.screenshots.count(),
    )


def may_be_authorised(app: App) -> bool:
    """Whether standing permits new authorisations, of the app and of its developer, which is not closed."""
    return app.developer.is_open and Capability.NEW_AUTHORISATIONS in Subject.objects.capabilities(
        app.id, app.developer_id
    )


def checks_of(listing: Listing, texts: Texts | None = None) -> list[Check]:
    """For the texts as they are stored, or as somebody is just writing them."""
    return checks(texts or listing.texts, situation_of(listing))


def lookalikes_of(app: App) -> list[App]:
    """Other developers' apps whose names a seller could take for this one's (`developers.rules.names`)."""
    if not app.likeness:
        return []
    others = App.objects.filter(likeness=app.likeness).exclude(developer=app.developer_id)
    return list(others.select_related("developer").order_by("id")[:5])
