"""`piepowder assessment document`: what approved answers say as documents that law asks for."""

from pathlib import Path
from typing import Literal

from cyclopts import App

from piepowder.cli.control import now, open_rooms, show
from piepowder.cli.options import Common
from piepowder.core.kernel.errors import PiepowderError

document = App(name="document", help="Documents made from approved answers.")


@document.command
def processing_record(
    assessment_id: str,
    *,
    format: Literal["csv", "json", "md"] = "csv",
    file: Path | None = None,
    common: Common = Common(),
) -> None:
    """The record of processing activities (GDPR Art. 30).

    Parameters
    ----------
    format
        `csv`, `json` or `md`.
    file
        Write it there instead of to the screen.
    """
    _made("record_of_processing", assessment_id, format, file, common)


@document.command
def impact_assessment(
    assessment_id: str,
    *,
    format: Literal["csv", "json", "md"] = "md",
    file: Path | None = None,
    common: Common = Common(),
) -> None:
    """The draft of a data protection impact assessment (GDPR Art. 35).

    Parameters
    ----------
    format
        `csv`, `json` or `md`.
    file
        Write it there instead of to the screen.
    """
    _made("impact_assessment", assessment_id, format, file, common)


def _made(which: str, assessment_id: str, kind: str, file: Path | None, common: Common) -> None:
    open_rooms(common)
    from piepowder.core.kernel.json import pretty
    from piepowder.rooms.assessments import export_files, exports
    from piepowder.rooms.assessments.models import Assessment

    make = exports.record_of_processing if which == "record_of_processing" else exports.impact_assessment
    export = make(Assessment.objects.named(assessment_id), at=now())
    writers = {"csv": export_files.as_csv, "md": export_files.as_markdown}
    text = pretty(export_files.as_tree(export)) if common.json or kind == "json" else writers[kind](export)
    if file is None:
        print(text)
        return
    _write(file, text)
    show({"file": str(file), "missing": len(export.missing)}, common)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PiepowderError(
            "cli_file_unwritable", f"cannot write `{file}`: {(error.strerror or str(error)).lower()}"
        ) from None
