"""`piepowder case subject`: whom a case is about answers, and appeals."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from piepowder.cli.control import acting, now, open_rooms, show
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.enforcement.rules.cases import Stance

if TYPE_CHECKING:
    from piepowder.rooms.enforcement.models import Case
    from piepowder.rooms.ground.actor import Actor

app = App(name="subject", help="The subject's side: answers and appeals.")

KeyFile = Annotated[Path | None, Parameter(help="File with the API key of whoever acts.")]
Stances = Annotated[list[str], Parameter(name="--finding", negative="")]


@app.command
def answer(
    case_id: str,
    *,
    finding: Stances = [],  # noqa: B006 # cyclopts reads the default, nobody changes it
    text: str = "",
    key_file: KeyFile = None,
    common: Common = Common(),
) -> None:
    """Answer a notice.

    Parameters
    ----------
    finding
        `fnd_…=mended: we deleted them`, for each finding: `accepted`, `disputed` or `mended`, and your words.
    text
        Anything else.
    """
    case, by = _own(case_id, key_file, common)
    from piepowder.rooms.enforcement import actions

    row = actions.answer(case, dict(map(_stance, finding)), text=text, by=by, at=now())
    show({"id": row.id, "stances": row.stances, "text": row.text, "late": row.late}, common)


def _stance(text: str) -> tuple[str, tuple[Stance, str]]:
    key, _, rest = text.partition("=")
    stance, _, words = rest.partition(":")
    if stance not in set(Stance):
        hint = "`fnd_…=accepted`, `fnd_…=disputed: why` or `fnd_…=mended: how`"
        raise PiepowderError("cli_stance_wrong", f"`{text}` takes no stance", hint=hint)
    return key, (Stance(stance), words.strip())


@app.command
def appeal(case_id: str, text: str, *, key_file: KeyFile = None, common: Common = Common()) -> None:
    """Appeal against the decision. After the term it is recorded, and refused with the reason."""
    case, by = _own(case_id, key_file, common)
    from piepowder.rooms.enforcement import actions
    from piepowder.rooms.enforcement.described import appeal_line

    show(appeal_line(actions.appeal(case, text=text, by=by, at=now())), common)


def _own(case_id: str, key_file: Path | None, common: Common) -> "tuple[Case, Actor]":
    open_rooms(common)
    from piepowder.rooms.enforcement.models import Case
    from piepowder.rooms.ground.caller import Permission

    case = Case.objects.named(case_id)
    return case, acting(key_file, Permission.GOVERN, own=case.developer_id or case.subject)
