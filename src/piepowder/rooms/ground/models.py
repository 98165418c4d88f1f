"""The base of every table: a prefixed, sortable string id, made when the row is made."""

from typing import Any, ClassVar

from django.db import models

from piepowder.core.kernel.ids import new_id


class PrefixedModel(models.Model):
    """A row whose primary key is `<id_prefix>_` and 26 characters."""

    id_prefix: ClassVar[str]

    id = models.CharField(primary_key=True, max_length=64, editable=False)

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.id:
            self.id = new_id(self.id_prefix)
