"""Names for the ids in records, read once for a page."""

from collections.abc import Iterable

from piepowder.core.ledger.model import Record
from piepowder.rooms.appstore.models import App
from piepowder.rooms.developers.rules.names import escaped
from piepowder.rooms.people.models import Seller


class Names:
    """`names.apps[id]` and `names.sellers[id]`; an id that is not known stands for itself."""

    def __init__(self, records: Iterable[Record]) -> None:
        seen = list(records)
        apps = App.objects.filter(pk__in={record.app for record in seen}).values_list("pk", "name")
        self.apps = {app: escaped(name) for app, name in apps}
        self.sellers = dict(Seller.objects.filter(pk__in={record.seller for record in seen}).values_list("pk", "name"))

    def app(self, app_id: str) -> str:
        return self.apps.get(app_id, app_id)

    def seller(self, seller_id: str) -> str:
        return self.sellers.get(seller_id, seller_id)
