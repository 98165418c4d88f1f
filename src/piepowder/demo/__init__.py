"""The demonstration: an example marketplace on real orders with made-up buyers, example apps, and the story they play."""

from importlib.resources import files
from pathlib import Path

from piepowder.core.kernel.errors import ErrorKind, PiepowderError


def examples_path(name: str = "") -> Path:
    """Where an example program lies, e.g. `apps/label_printer.py`: in an installed wheel, else in the checkout.

    Raises `demo_example_missing` if neither place has it.
    """
    package = Path(str(files("piepowder.demo")))
    places = (package / "examples", package.parents[2] / "examples")
    for place in places:
        if (place / name).exists():
            return place / name
    raise PiepowderError("demo_example_missing", f"there is no example `{name}`", kind=ErrorKind.NOT_FOUND, name=name)
