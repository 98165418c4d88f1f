"""Documents made from approved answers: each statement with its source, and what is missing is said."""

import csv
import io
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from piepowder.core.facts.model import AppFact, ManifestFact
from piepowder.core.kernel import json
from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments import actions, export_files, exports
from piepowder.rooms.assessments.exports import Export, Statement
from piepowder.rooms.assessments.models import Assessment, Submission
from piepowder.rooms.assessments.rules.status import Word
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.people.actions import create_key
from piepowder.rooms.people.models import Account
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.publication.actions import publish
from tests.support.assessments import AT
from tests.support.pages import problems as problems_of

pytestmark = pytest.mark.django_db
_EVIL = (
    '=HYPERLINK("x") <script>alert(1)</script> # heading | cell [link](http://x.example) and so on, for long enough.'
)


@pytest.fixture
def approved(handed_in: Callable[..., Submission], reviewer: Actor) -> Assessment:
    return _approved(handed_in(), reviewer)


def _approved(submission: Submission, reviewer: Actor) -> Assessment:
    for question in actions.undecided(submission):
        actions.decide(submission, question, Word.OK, by=reviewer, at=AT)
    actions.conclude(submission, by=reviewer, at=AT)
    return Assessment.objects.named(submission.assessment_id)


def _all(export: Export) -> Iterator[Statement]:
    for part in export.parts:
        yield from part.statements


def _named(export: Export, name: str) -> Statement:
    return next(one for one in _all(export) if one.name == name)


def test_the_record_has_what_article_30_asks_for(approved: Assessment) -> None:
    """Who, which purpose, which data of whom, recipients, transfers, erasure, measures; a processor by its own paragraph."""
    record = exports.record_of_processing(approved, at=AT)
    articles = {part.article for part in record.parts}
    assert "Art. 30(2)(a)" in articles
    assert "Art. 30(2)(d)" in articles
    assert _named(record, "Purpose").text == "Print shipping labels"
    assert _named(record, "Legal basis").text == "Contract with the buyer"
    assert _named(record, "Erased after").text.startswith("14")
    assert "Ireland" in _named(record, "Example Hosting").text
    assert any(part.title.startswith("Measures: ") for part in record.parts)


def test_every_statement_says_where_it_came_from(approved: Assessment) -> None:
    """In both documents; and what has no text says what is missing, or was not needed."""
    for make in (exports.record_of_processing, exports.impact_assessment):
        export = make(approved, at=AT)
        assert all(one.source for one in _all(export))
        assert all(not one.missing for one in _all(export) if one.text and one.name != "Legal basis")
        assert export.missing
    assert "clause 2.2" in _named(exports.record_of_processing(approved, at=AT), "Legal basis").source


def test_data_categories_come_from_manifests(approved: Assessment, developer: Developer) -> None:
    """Missing without an app, and named with it once there is one."""
    assert _named(exports.record_of_processing(approved, at=AT), "Categories of personal data").missing
    manifest = ManifestFact(
        operations={"orders.v0.getOrders": ("shipping.labels",)}, categories={"shipping.labels": ("buyer.name",)}
    )
    publish("app", "app_1", AppFact(id="app_1", developer=developer.id, name="Labels", versions={"1": manifest}))
    found = _named(exports.record_of_processing(approved, at=AT), "Categories of personal data")
    assert (found.text, found.source, found.missing) == ("the buyer's name", "manifest of Labels", "")


def test_an_impact_assessment_leaves_judging_to_people(approved: Assessment) -> None:
    """Risks, proportion and advice are marked as missing; what the rules found stands among the risks."""
    draft = exports.impact_assessment(approved, at=AT)
    missing = {part for part, _ in draft.missing}
    assert {"Risks for buyers", "Advice and views", "Necessity and proportionality"} <= missing


def test_a_transfer_without_mechanism_is_missing(handed_in: Callable[..., Submission], reviewer: Actor) -> None:
    """A sub-processor in a country without equal protection, whose transfer rests on nothing."""
    rows = [{"name": "Far Hosting", "service": "servers", "country": "US", "mechanism": "none"}]
    approved = _approved(handed_in(sub_processors=rows), reviewer)
    statement = next(one for one in _all(exports.record_of_processing(approved, at=AT)) if "Far Hosting in" in one.name)
    assert "Art. 46" in statement.missing


def test_nothing_is_made_of_answers_that_nobody_approved(draft: Assessment) -> None:
    """A clear refusal, with what to do first."""
    with pytest.raises(PiepowderError) as refusal:
        exports.record_of_processing(draft, at=AT)
    assert refusal.value.code == "assessments_not_approved"


def test_what_people_wrote_stays_text(handed_in: Callable[..., Submission], reviewer: Actor) -> None:
    """No formula in the spreadsheet, no tag or heading in the Markdown."""
    approved = _approved(handed_in(use_of_data={"shipping.labels": _EVIL}), reviewer)
    record = exports.record_of_processing(approved, at=AT)
    rows = list(csv.reader(io.StringIO(export_files.as_csv(record))))
    assert len({len(row) for row in rows}) == 1
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    text = export_files.as_markdown(record)
    assert "<script" not in text
    assert "[link](" not in text
    assert "&lt;script&gt;" in text


def _browser(account: Account) -> Client:
    browser = Client()
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def test_pages_to_print_and_files(approved: Assessment, member_account: Account, reviewer: Actor) -> None:
    """For the organisation and for staff; a stranger finds nothing."""
    one = f"/assessments/{approved.id}"
    for browser in (_browser(member_account), _browser(Account.objects.get(pk=reviewer.id))):
        for name in ("processing-record", "impact-assessment"):
            page = browser.get(f"{one}/{name}/").content.decode()
            assert problems_of(page) == []
            assert "still missing" in page
    browser = _browser(member_account)
    assert browser.get(f"{one}/processing-record/?format=csv")["Content-Disposition"].endswith('.csv"')
    assert json.decode(browser.get(f"{one}/processing-record/?format=json").content)["parts"]
    assert browser.get(f"{one}/impact-assessment/?format=md").content.startswith(b"# Data protection")
    stranger = Account.objects.create_user("eve@other.example")
    assert _browser(stranger).get(f"{one}/processing-record/").status_code == 404


def test_a_draft_leads_back_with_a_reason(draft: Assessment, member_account: Account) -> None:
    """Asked for too early: the status page says what is needed."""
    page = _browser(member_account).get(f"/assessments/{draft.id}/processing-record/", follow=True).content.decode()
    assert "none were approved yet" in page


def test_documents_by_api(approved: Assessment, developer: Developer) -> None:
    """With a key of its own; to the key of another there is no such assessment."""
    for holder, status in ((developer.id, 200), ("dev_other", 404)):
        _, secret = create_key(developer=holder, name="own", role=KeyRole.DEVELOPER, by=SYSTEM, at=AT)
        api = Client(headers={"authorization": f"Bearer {secret}"})
        for name in ("processing-record", "impact-assessment"):
            answer = api.get(f"/api/assessments/{approved.id}/{name}")
            assert answer.status_code == status
