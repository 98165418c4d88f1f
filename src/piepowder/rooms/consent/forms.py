"""Reads the ticks of a consent form: `purpose` for each purpose, `keep` for each of its categories as `shipping=buyer.name`."""

from dataclasses import dataclass

from django.http import QueryDict

from piepowder.rooms.consent.manifests import Asked
from piepowder.rooms.consent.rules import Choice, Left


@dataclass(frozen=True, slots=True)
class Ticks:
    """What was ticked, as the actions take it. A purpose without any tick below it keeps nothing."""

    purposes: list[str]
    narrowed: Left

    def choice(self, asked: Asked) -> Choice:
        """For showing the form again: what the manifest does not know is left out."""
        known = [purpose for purpose in self.purposes if purpose in asked.purposes]
        return Choice(tuple(known), {purpose: self.narrowed.get(purpose, ()) for purpose in known})


def read_ticks(sent: QueryDict) -> Ticks:
    purposes = sent.getlist("purpose")
    kept: dict[str, list[str]] = {purpose: [] for purpose in purposes}
    for each in sent.getlist("keep"):
        purpose, _, category = each.partition("=")
        if purpose in kept:
            kept[purpose].append(category)
    return Ticks(purposes, {purpose: tuple(several) for purpose, several in kept.items()})
