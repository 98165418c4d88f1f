"""`piepowder audit answer`: the audited developer provides evidence and answers findings."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from piepowder.cli.control import acting, now, open_rooms, show
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.audits.rules import Stance

answers = App(name="answer", help="The developer's side: evidence and answers.")

KeyFile = Annotated[Path | None, Parameter(help="File with the API key of whoever acts.")]
Files = Annotated[list[Path], Parameter(name="--file", negative="", help="A document; may be given several times.")]


@answers.command
def provide(
    request_id: str,
    *,
    answer: str = "",
    file: Files = [],  # noqa: B006 # cyclopts reads the default, nobody changes it
    key_file: KeyFile = None,
    common: Common = Common(),
) -> None:
    """Provide what a request (`evr_…`) asks for: documents, words or both.

    Parameters
    ----------
    answer
        In words.
    """
    open_rooms(common)
    from piepowder.rooms.audits import actions
    from piepowder.rooms.audits.models import EvidenceRequest
    from piepowder.rooms.ground.caller import Permission

    found = EvidenceRequest.objects.named(request_id)
    by = acting(key_file, Permission.GOVERN, own=found.audit.developer_id)
    files = [_content(one) for one in file]
    show(actions.provide_evidence(found, answer=answer, files=files, by=by, at=now()).described(), common)


@answers.command
def finding(
    finding_id: str,
    stance: Stance,
    answer: str,
    *,
    file: Files = [],  # noqa: B006 # cyclopts reads the default, nobody changes it
    key_file: KeyFile = None,
    common: Common = Common(),
) -> None:
    """Answer a finding (`auf_…`): `fixed`, `will_fix` or `disputed`, and why."""
    open_rooms(common)
    from piepowder.rooms.audits import actions
    from piepowder.rooms.audits.models import Finding
    from piepowder.rooms.ground.caller import Permission

    found = Finding.objects.named(finding_id)
    by = acting(key_file, Permission.GOVERN, own=found.audit.developer_id)
    files = [_content(one) for one in file]
    show(actions.answer_finding(found, stance, answer=answer, files=files, by=by, at=now()).described(), common)


def _content(path: Path) -> tuple[str, bytes]:
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise PiepowderError(
            "cli_file_unreadable", f"cannot read `{path}`: {(error.strerror or str(error)).lower()}"
        ) from None
