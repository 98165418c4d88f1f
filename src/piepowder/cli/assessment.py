"""`piepowder assessment`: a developer's answers, and the reviews of them."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from piepowder.cli.assessment_documents import document
from piepowder.cli.assessment_review import Roles, review
from piepowder.cli.control import acting, now, open_rooms, show, show_list
from piepowder.cli.options import Common, print_json
from piepowder.core.kernel.errors import PiepowderError

if TYPE_CHECKING:
    from piepowder.rooms.assessments.models import Assessment
    from piepowder.rooms.ground.actor import Actor

app = App(name="assessment", help="Assessments of developers: answers, hand-in, review.")
questionnaire = App(name="questionnaire", help="Questionnaires, which are files.")
app.command(questionnaire)
app.command(review)
app.command(document)


@questionnaire.command
def check(file: Path, *, common: Common = Common()) -> int:
    """Look for everything that would make a questionnaire ask wrongly; exit status 1 if there is anything.

    Parameters
    ----------
    file
        YAML or JSON.
    """
    open_rooms_without_database(common)
    from piepowder.rooms.assessments.library import checked

    found, problems = checked(file.absolute())
    questions = sum(1 for _ in found.questions())
    values = {"id": found.id, "version": found.version, "sections": len(found.sections), "questions": questions}
    show({**values, "problems": problems or ([] if common.json else "none")}, common)
    return 1 if problems else 0


@questionnaire.command(name="show")
def show_questionnaire(*, common: Common = Common()) -> None:
    """The questionnaire that is in force: its questions, or all of it with `--json`."""
    open_rooms_without_database(common)
    from piepowder.rooms.assessments.library import current
    from piepowder.rooms.assessments.rules.questionnaire import body

    found = current(now().date())
    if common.json:
        print_json(body(found))
        return
    rows = [
        {"section": section.id, "question": one.id, "kind": one.kind, "clause": one.clause, "ask": one.ask}
        for section in found.sections
        for one in section.questions
    ]
    show_list(rows, ("section", "question", "kind", "clause", "ask"), common)


@app.command
def begin(developer: str, *, role: Roles, key_file: Path | None = None, common: Common = Common()) -> None:
    """Begin a draft, filled with the developer's last answers if there are any.

    Parameters
    ----------
    developer
        The developer (`dev_…`).
    role
        A role that is asked for; may be given several times.
    key_file
        File with the API key of whoever acts.
    """
    open_rooms(common)
    from piepowder.rooms.assessments import actions
    from piepowder.rooms.developers.models import Developer
    from piepowder.rooms.ground.caller import Permission

    found = Developer.objects.named(developer)
    by = acting(key_file, Permission.REGISTER, own=found.id)
    show(actions.begin(found, roles=role, by=by, at=now()).described(), common)


@app.command(name="list")
def list_assessments(*, developer: str = "", status: str = "", common: Common = Common()) -> None:
    """The newest assessments, at most 500.

    Parameters
    ----------
    developer
        Of this developer only (`dev_…`).
    status
        In this state only.
    """
    open_rooms(common)
    from piepowder.rooms.assessments.models import Assessment

    rows = Assessment.objects.of(developer) if developer else Assessment.objects.with_parts().order_by("-id")
    rows = rows.filter(status=status) if status else rows
    show_list(
        [one.described() for one in rows[:500]], ("id", "developer", "status", "due_at", "roles_approved"), common
    )


@app.command(name="show")
def show_assessment(assessment_id: str, *, common: Common = Common()) -> None:
    """An assessment with its score, open points, what the rules find, and its place in the queue."""
    open_rooms(common)
    from piepowder.rooms.assessments import cases

    found = _named(assessment_id)
    outlook = cases.outlook(cases.seen(found, now()))
    if common.json:
        print_json({**found.described(), **outlook})
        return
    shown = {name: outlook[name] for name in ("percent", "questions", "answered", "newer_version", "place")}
    show({**found.described(), **shown}, common)
    points = [{"question": gap["question"], "open": gap["kind"], "says": gap["says"]} for gap in outlook["gaps"]]
    points += [{"question": one["question"], "open": one["score"], "says": one["says"]} for one in outlook["findings"]]
    show_list(points, ("question", "open", "says"), common)


@app.command
def roles(assessment_id: str, *, role: Roles, key_file: Path | None = None, common: Common = Common()) -> None:
    """Ask for other roles."""
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.set_roles(found, role, by=by, at=now()).described(), common)


@app.command
def answer(
    assessment_id: str,
    question: str,
    value: str,
    *,
    note: str | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Answer one question.

    Parameters
    ----------
    question
        Its id, as `questionnaire show` lists it.
    value
        As JSON (`true`, `30`, `["shipping"]`, `null` to take it back), or a plain text.
    note
        A remark for the reviewer.
    """
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.answer(found, question, _value(value), note=note, by=by, at=now()).described(), common)


def _value(text: str) -> Any:
    """JSON where it is JSON; else the text itself, so that a word needs no quotes."""
    from piepowder.core.kernel.json import decode_strict

    try:
        return decode_strict(text.encode("utf-8", "replace"))
    except PiepowderError:
        return text


@app.command
def attach(
    assessment_id: str,
    question: str,
    file: Path,
    *,
    written_on: date | None = None,
    key_file: Path | None = None,
    common: Common = Common(),
) -> None:
    """Put a document behind an answer.

    Parameters
    ----------
    file
        The document.
    written_on
        Its date; without one it counts from today.
    """
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions

    kept = actions.upload(found, question, _content(file), name=file.name, written_on=written_on, by=by, at=now())
    show(kept.described(), common)


@app.command
def detach(
    assessment_id: str, question: str, document: str, *, key_file: Path | None = None, common: Common = Common()
) -> None:
    """Take a document (`doc_…`) away from an answer."""
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.detach(found, question, document, by=by, at=now()).described(), common)


@app.command(name="export")
def export_answers(assessment_id: str, *, file: Path | None = None, common: Common = Common()) -> None:
    """All answers as YAML, or as JSON with `--json`.

    Parameters
    ----------
    file
        Write them there instead of to the screen.
    """
    open_rooms(common)
    from piepowder.core.kernel.json import pretty
    from piepowder.rooms.assessments import cases, library

    tree = cases.exported(_named(assessment_id), now())
    text = pretty(tree) + "\n" if common.json else library.written(tree).decode()
    if file is None:
        print(text, end="")
    else:
        file.write_text(text, encoding="utf-8")
        show({"file": str(file), "answers": len(tree["answers"])}, common)


@app.command(name="import")
def import_answers(assessment_id: str, file: Path, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Take answers in from a file, all of them or none.

    Parameters
    ----------
    file
        YAML or JSON, as `export` writes it.
    """
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions, library

    changed = actions.bring_in(found, library.read_tree(_content(file)), by=by, at=now())
    show({"assessment": found.id, "changed": changed}, common)


@app.command
def newest(assessment_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Go on with the questionnaire that is in force now; answers are kept."""
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.adopt_newest(found, by=by, at=now()).described(), common)


@app.command
def differences(
    assessment_id: str, *, read: bool = False, key_file: Path | None = None, common: Common = Common()
) -> None:
    """What another version of the questionnaire changed.

    Parameters
    ----------
    read
        They were read, and need not be shown any more.
    """
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions, cases

    several = cases.seen(found, now()).differences
    rows = [
        {"question": one.question, "change": one.change, "parts": list(one.parts), "fits": one.fits} for one in several
    ]
    show_list(rows, ("question", "change", "parts", "fits"), common)
    if read:
        actions.dismiss_differences(found, by=by, at=now())


@app.command
def submit(assessment_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Hand the answers in."""
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.submit(found, by=by, at=now()).described(), common)


@app.command
def withdraw(assessment_id: str, *, key_file: Path | None = None, common: Common = Common()) -> None:
    """Out of the queue; answers are kept."""
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.withdraw(found, by=by, at=now()).described(), common)


@app.command
def re_review(assessment_id: str, *, request: str, key_file: Path | None = None, common: Common = Common()) -> None:
    """Ask for another reviewer.

    Parameters
    ----------
    request
        What the first one got wrong.
    """
    found, by = _change(assessment_id, key_file, common)
    from piepowder.rooms.assessments import actions

    show(actions.ask_re_review(found, request=request, by=by, at=now()).described(), common)


@app.command
def decisions(assessment_id: str, *, common: Common = Common()) -> None:
    """Why: what the last review said of each answer that it did not accept, with clause and what makes it right."""
    open_rooms(common)
    found = _named(assessment_id).last_review()
    rows = [one.described() for one in found.decisions.exclude(word="ok").order_by("id")] if found else []
    show_list(rows, ("question", "word", "reason", "fix", "clause"), common)


@app.command
def messages(assessment_id: str, *, common: Common = Common()) -> None:
    """What the two sides wrote to each other."""
    open_rooms(common)
    rows = [one.described() for one in _named(assessment_id).messages.order_by("id")]
    show_list(rows, ("written_at", "side", "question", "body"), common)


@app.command
def write(
    assessment_id: str, body: str, *, question: str = "", key_file: Path | None = None, common: Common = Common()
) -> None:
    """Write to the other side: with a developer's key to the reviewer, else to the developer."""
    open_rooms(common)
    from piepowder.rooms.assessments import actions
    from piepowder.rooms.ground.caller import Permission

    found = _named(assessment_id)
    by = acting(key_file, Permission.REVIEW, own=found.developer_id)
    show(actions.write(found, body, question=question, by=by, at=now()).described(), common)


@app.command
def waits(*, common: Common = Common()) -> None:
    """How long decisions took in the last 180 days, in business days, and what is promised."""
    open_rooms(common)
    from piepowder.rooms.assessments.promises import published

    rows = [{"of": name, **values} for name, values in published(now()).items()]
    show_list(rows, ("of", "count", "median", "p90", "promised"), common)


@app.command
def approval(developer: str, *, common: Common = Common()) -> None:
    """The roles that are approved for a developer, and what it says of itself as law asks."""
    open_rooms(common)
    import msgspec

    from piepowder.rooms.assessments.models import Assessment
    from piepowder.rooms.developers.models import Developer

    found, at = Developer.objects.named(developer), now()
    facts = Assessment.objects.legal_facts(found.id, at)
    granted = sorted(Assessment.objects.approved_roles(found.id, at))
    show(
        {"developer": found.id, "roles": granted, "legal_facts": msgspec.to_builtins(facts) if facts else None}, common
    )


def open_rooms_without_database(common: Common) -> None:
    """Files can be read where nothing runs."""
    import os

    import django

    os.environ.update(common.settings().variables())
    os.environ["DJANGO_SETTINGS_MODULE"] = "piepowder.web.settings"
    django.setup()


def _named(assessment_id: str) -> "Assessment":
    from piepowder.rooms.assessments.models import Assessment

    return Assessment.objects.named(assessment_id)


def _change(assessment_id: str, key_file: Path | None, common: Common) -> "tuple[Assessment, Actor]":
    """An assessment and who acts: its developer, or somebody who may register."""
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission

    found = _named(assessment_id)
    return found, acting(key_file, Permission.REGISTER, own=found.developer_id)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PiepowderError(
            "cli_file_unreadable", f"cannot read `{file}`: {(error.strerror or str(error)).lower()}"
        ) from None
