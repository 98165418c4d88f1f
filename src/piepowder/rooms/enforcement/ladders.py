"""Reads the ladder that a marketplace has chosen: a shipped one by name, or a file of its own."""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec
import yaml
from django.conf import settings

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.enforcement.rules.ladder import Ladder, Measure

SHIPPED = files("piepowder.rooms.enforcement").joinpath("ladders")


def ladder() -> Ladder:
    return read(settings.PIEPOWDER.ladder)


@lru_cache(maxsize=4)
def read(name: str) -> Ladder:
    """`default`, or the path of a file; `enforcement_ladder_malformed` for one that is none."""
    try:
        text = (
            SHIPPED.joinpath(f"{name}.yaml").read_text("utf-8")
            if name.isidentifier()
            else Path(name).read_text("utf-8")
        )
        found = msgspec.convert(yaml.safe_load(text), Ladder)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise PiepowderError(
            "enforcement_ladder_malformed", f"`{name}` is no ladder: {error}", hint="see docs/court.md"
        ) from error
    lacking = set(Measure) - {Measure.NONE} - set(found.measures)
    if lacking:
        raise PiepowderError(
            "enforcement_ladder_malformed", f"ladder `{found.name}` lacks {', '.join(sorted(lacking))}"
        )
    return found
