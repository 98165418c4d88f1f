"""The developer's pages through Django's client: with and without JavaScript, by owner, reader and stranger."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from piepowder.core.kernel.json import encode
from piepowder.rooms.assessments import actions
from piepowder.rooms.assessments.models import Assessment, Submission
from piepowder.rooms.assessments.rules.status import Status, Word
from piepowder.rooms.developers.actions import add_member, register_developer
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.ground.actor import SYSTEM, Actor
from piepowder.rooms.people.models import Account
from tests.support.assessments import AT, PROVED, ROLES, answered, good_answers
from tests.support.pages import problems as problems_of

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
HX = {"HX-Request": "true"}


def _browser(account: Account) -> Client:
    browser = Client()
    browser.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def browser(member_account: Account) -> Client:
    return _browser(member_account)


@pytest.fixture
def fresh(developer: Developer, member: Actor) -> Assessment:
    """Answered today, by the machine's own clock: the pages look at it with that."""
    return answered(
        developer,
        member,
        at=NOW,
        scans=f"{NOW:%Y-%m-%d}",
        incident_rehearsed=f"{NOW:%Y-%m-%d}",
        training=f"{NOW:%Y-%m-%d}",
    )


def _read(browser: Client, address: str) -> str:
    answer = browser.get(address, follow=True)
    assert answer.status_code == 200, address
    page = answer.content.decode()
    assert problems_of(page) == []
    return page


def _section(assessment: Assessment, name: str) -> str:
    return f"/assessments/{assessment.id}/sections/{name}/"


def test_an_assessment_begins_with_roles(browser: Client) -> None:
    """The page says what is asked and how long it takes; without a role it says so at the field."""
    page = _read(browser, "/assessments/")
    assert "Begin your assessment" in page
    assert "within 10 business days" in page
    assert "Choose at least one role" in browser.post("/assessments/begin/", {}).content.decode()
    browser.post("/assessments/begin/", {"roles": ROLES})
    assert "open points" in _read(browser, "/assessments/")
    assert Assessment.objects.get().roles == ROLES


def test_every_page_stands_up(browser: Client, fresh: Assessment) -> None:
    """Overview, each section, hand-in, status, messages and documents: labelled, in order, without inline scripts."""
    for page in ("", "submit/", "status/", "messages/", "answers/incident_plan/evidence/"):
        _read(browser, f"/assessments/{fresh.id}/{page}")
    for section in fresh.asked.sections:
        assert section.title in _read(browser, _section(fresh, section.id))


def test_an_answer_is_saved_as_it_changes(browser: Client, fresh: Assessment) -> None:
    """The reply has the state of the question, the score, and the questions that the answer brings up."""
    address = f"/assessments/{fresh.id}/answers/retention_days/"
    revision = fresh.answers.get(question="retention_days").revision
    sent = {"retention_days-p_shipping__labels": "60", "retention_days-revision": str(revision)}
    reply = browser.post(address, sent, headers=HX).content.decode()
    assert "longer than the 30 days" in reply
    assert 'id="q-long_retention_only_tax" hx-swap-oob="true"' in reply
    assert f'value="{revision + 1}" hx-swap-oob="true"' in reply
    assert fresh.answers.get(question="retention_days").value == {"shipping.labels": 60}


def test_what_does_not_fit_is_told_at_the_question(browser: Client, fresh: Assessment) -> None:
    """Nothing is saved, and nothing that was typed is lost."""
    sent = {"leavers-value": "a week", "leavers-revision": "1"}
    reply = browser.post(f"/assessments/{fresh.id}/answers/leavers/", sent, headers=HX).content.decode()
    assert "whole number" in reply
    page = browser.post(_section(fresh, "access"), sent).content.decode()
    assert "whole number" in page
    assert 'value="a week"' in page
    assert fresh.answers.get(question="leavers").value == 12


def test_without_javascript_a_button_saves_the_section(browser: Client, fresh: Assessment) -> None:
    """Everything on the page is saved, and the next section follows."""
    revisions = dict(fresh.answers.values_list("question", "revision"))
    sent = {
        "leavers-value": "10",
        "leavers-revision": str(revisions["leavers"]),
        "password_length-value": "20",
        "password_length-revision": str(revisions["password_length"]),
        "password_length-note": "Passkeys mostly.",
        "next": "encryption",
    }
    answer = browser.post(_section(fresh, "access"), sent)
    assert answer["Location"] == _section(fresh, "encryption")
    assert fresh.answers.get(question="leavers").value == 10
    assert fresh.answers.get(question="password_length").note == "Passkeys mostly."


def test_rows_can_be_added_and_emptied(browser: Client, fresh: Assessment) -> None:
    """More rows appear on demand; an empty row is dropped."""
    revision = fresh.answers.get(question="countries").revision
    sent = {
        "countries-rows": "2",
        "countries-r0_country": "",
        "countries-r0_what": "",
        "countries-r1_country": "FR",
        "countries-r1_what": "support",
        "countries-revision": str(revision),
        "more": "countries",
    }
    page = browser.post(_section(fresh, "others"), sent).content.decode()
    assert fresh.answers.get(question="countries").value == [{"country": "FR", "what": "support"}]
    assert 'name="countries-r4_country"' in page


def test_a_stale_page_shows_the_other_answer(browser: Client, fresh: Assessment, member: Actor) -> None:
    """Both are on the page; saving again is a choice."""
    stale = fresh.answers.get(question="leavers").revision
    actions.answer(fresh, "leavers", 8, by=member, at=NOW)
    sent = {"leavers-value": "20", "leavers-revision": str(stale)}
    reply = browser.post(f"/assessments/{fresh.id}/answers/leavers/", sent, headers=HX).content.decode()
    assert "somebody else changed this answer" in reply.lower()
    assert "8 hours" in reply
    again = {"leavers-value": "20", "leavers-revision": str(stale + 1)}
    browser.post(f"/assessments/{fresh.id}/answers/leavers/", again, headers=HX)
    assert fresh.answers.get(question="leavers").value == 20


def test_a_question_that_was_taken_out_meanwhile_is_told(browser: Client, fresh: Assessment) -> None:
    """A page of yesterday's questionnaire loses nothing and explains itself."""
    reply = browser.post(f"/assessments/{fresh.id}/answers/gone_question/", {}, headers=HX)
    assert "not in the questionnaire any more" in reply.content.decode()


def test_a_document_is_attached_and_taken_away(browser: Client, fresh: Assessment) -> None:
    """A good one stands behind the answer; a page with script is refused at the field."""
    address = f"/assessments/{fresh.id}/answers/scans/evidence/"
    bad = SimpleUploadedFile("scan.svg", b"<svg><script>alert(1)</script></svg>")
    assert "errorlist" in browser.post(address, {"document": bad}).content.decode()
    good = SimpleUploadedFile("second.txt", b"A second made-up summary.\n")
    assert browser.post(address, {"document": good, "written_on": "2999-01-01"}).status_code == 200
    good.seek(0)
    answer = browser.post(address, {"document": good, "written_on": f"{NOW:%Y-%m-%d}"})
    assert answer["Location"].endswith("#q-scans")
    proofs = fresh.answers.get(question="scans").evidence
    assert [one["name"] for one in proofs] == ["scans.txt", "second.txt"]
    browser.post(f"{address}{proofs[1]['id']}/remove/")
    assert len(fresh.answers.get(question="scans").evidence) == 1


def test_handing_in_shows_place_and_date(browser: Client, fresh: Assessment) -> None:
    """What is missing keeps one from it; after it the status page has the place in the queue and the promise."""
    page = _read(browser, f"/assessments/{fresh.id}/submit/")
    assert "The rules find nothing to mend" in page
    browser.post(f"/assessments/{fresh.id}/submit/")
    page = _read(browser, "/assessments/")
    assert "Place in the queue" in page
    submission = Submission.objects.get()
    assert f"{submission.promised_at:%-d %B %Y}" in page
    assert "Withdraw" in page


def _refuse(submission: Submission, reviewer: Actor) -> None:
    actions.take(submission, by=reviewer, at=NOW)
    actions.decide(submission, "pooling", Word.WRONG, by=reviewer, at=NOW)
    actions.accept_rest(submission, by=reviewer, at=NOW)
    actions.conclude(submission, outcome=Status.REFUSED, by=reviewer, at=NOW)


def test_why_it_was_refused_is_two_clicks_away(
    browser: Client, fresh: Assessment, member: Actor, reviewer: Actor
) -> None:
    """The menu's line leads to the reason, the clause, what makes it right and the way to correct it; the rest is settled."""
    actions.answer(fresh, "pooling", True, by=member, at=NOW)
    _refuse(actions.submit(fresh, by=member, at=NOW), reviewer)
    page = _read(browser, "/assessments/")
    assert "Why it was not approved" in page
    assert "sold or passed on" in page
    assert "Keep each seller" in page
    assert "Clause 2.3" in page
    assert "Correct this" in page
    section = _read(browser, _section(fresh, "purposes"))
    assert 'name="pooling-value"' in section
    assert 'name="purposes-value"' not in section
    browser.post(_section(fresh, "purposes"), {"purposes-value": ["metrics"], "purposes-revision": "1"})
    assert fresh.answers.get(question="purposes").value == ["shipping.labels"]
    assert "Say what another" in browser.post(f"/assessments/{fresh.id}/another-reviewer/", {}).content.decode()
    browser.post(f"/assessments/{fresh.id}/another-reviewer/", {"request": "Our own figures only."})
    assert Assessment.objects.get().state is Status.SUBMITTED


def test_a_decision_is_not_shown_before_it_is_whole(
    browser: Client, fresh: Assessment, member: Actor, reviewer: Actor
) -> None:
    """While a reviewer works, the developer sees that somebody reads, and no half of it."""
    submission = actions.take(actions.submit(fresh, by=member, at=NOW), by=reviewer, at=NOW)
    actions.decide(submission, "firewall", Word.WRONG, reason="Half a thought.", by=reviewer, at=NOW)
    page = _read(browser, "/assessments/")
    assert "A reviewer reads it" in page
    assert "Half a thought" not in page
    assert reviewer.id not in page


def test_a_late_decision_is_admitted(browser: Client, fresh: Assessment, member: Actor) -> None:
    """The page says that the promise was broken."""
    submission = actions.submit(fresh, by=member, at=NOW)
    actions.note_breaches(at=submission.promised_at + timedelta(seconds=1))
    assert "We are late" in _read(browser, "/assessments/")


def test_messages_go_both_ways(browser: Client, fresh: Assessment) -> None:
    """A message about a question says which; an empty one is refused at the field."""
    address = f"/assessments/{fresh.id}/messages/"
    assert "no text" in browser.post(address, {"body": " "}).content.decode()
    page = _read(browser, f"{address}?question=firewall")
    assert "About: Are systems" in page
    browser.post(f"{address}?question=firewall", {"body": "<b>Which</b> one?", "question": "firewall"})
    page = _read(browser, address)
    assert "&lt;b&gt;Which&lt;/b&gt; one?" in page
    assert "Answered by" in page


def test_answers_travel_as_a_file(browser: Client, fresh: Assessment) -> None:
    """Download, change, upload; a file that is none is refused in words."""
    content = browser.get(f"/assessments/{fresh.id}/answers/").content
    changed = SimpleUploadedFile("answers.yaml", content.replace(b"value: 12", b"value: 11", 1))
    page = browser.post(f"/assessments/{fresh.id}/answers/file/", {"file": changed}, follow=True).content.decode()
    assert "1 answer filled in" in page
    broken = SimpleUploadedFile("answers.yaml", b"a: [")
    page = browser.post(f"/assessments/{fresh.id}/answers/file/", {"file": broken}, follow=True).content.decode()
    assert "cannot be read" in page
    assert browser.get(f"/assessments/{fresh.id}/answers/?format=json").json()["assessment"] == fresh.id


def test_a_reader_reads_and_changes_nothing(fresh: Assessment, developer: Developer) -> None:
    """The role reader sees everything, and has no form."""
    account = Account.objects.create_user("reader@labels.example")
    add_member(developer, account, by=SYSTEM, at=AT, role="reader")
    browser = _browser(account)
    assert 'name="firewall-value"' not in _read(browser, _section(fresh, "network"))
    for page in ("submit/", "withdraw/", "sections/network/", "answers/firewall/", "roles/"):
        assert browser.post(f"/assessments/{fresh.id}/{page}", {"firewall-value": "no"}).status_code == 403, page
    assert Assessment.objects.get().state is Status.DRAFT


def test_another_organisation_finds_nothing(fresh: Assessment) -> None:
    """Its pages and answers are as good as none."""
    account = Account.objects.create_user("eve@invoices.example")
    other = register_developer(name="Invoice works", contact_email="o@invoices.example", by=SYSTEM, at=AT)
    add_member(other, account, by=SYSTEM, at=AT, role="owner")
    browser = _browser(account)
    for page in ("", "status/", "answers/", "sections/network/"):
        assert browser.get(f"/assessments/{fresh.id}/{page}").status_code == 404
    assert browser.post(f"/assessments/{fresh.id}/withdraw/").status_code == 404


def test_roles_are_changed_in_a_draft(browser: Client, fresh: Assessment) -> None:
    """The score follows; without any role nothing changes."""
    browser.post(f"/assessments/{fresh.id}/roles/", {"roles": ROLES[:1]})
    assert Assessment.objects.get().roles == ROLES[:1]
    page = browser.post(f"/assessments/{fresh.id}/roles/", {}, follow=True).content.decode()
    assert "Choose at least one role" in page


def test_a_file_begins_an_assessment_and_one_page_asks_the_rest(browser: Client, developer: Developer) -> None:
    """Roles and answers come from the file; what it leaves open, documents among it, is asked on one page that leads to handing in."""
    left = {name: value for name, value in good_answers().items() if name not in ("training", "log_days")}
    answers = {**left, "scans": f"{NOW:%Y-%m-%d}", "incident_rehearsed": f"{NOW:%Y-%m-%d}"}
    file = SimpleUploadedFile("answers.json", encode({"roles": ROLES, "answers": answers}))
    page = browser.post("/assessments/begin/file/", {"file": file}, follow=True).content.decode()
    begun = Assessment.objects.get(developer=developer)
    address = f"/assessments/{begun.id}/missing/"
    assert begun.roles == ROLES
    assert problems_of(page) == []
    assert all(words in page for words in ("For how many days are logs kept?", "The incident plan", "Save and go on"))
    sent = {f"{one}-revision": "0" for one in ("training", "log_days")} | {"log_days-value": "many"}
    sent |= {"training-value": f"{NOW:%Y-%m-%d}"}
    drawing = SimpleUploadedFile("plan.svg", b"<svg></svg>")
    wrong = browser.post(address, {**sent, "incident_plan-document": drawing}, follow=True).content.decode()
    assert all(words in wrong for words in ("Not saved yet", "This is a web page, an SVG or XML"))
    assert Assessment.objects.get().given()["training"].value == f"{NOW:%Y-%m-%d}"
    plans = {f"{one}-document": SimpleUploadedFile(f"{one}.txt", one.encode()) for one in PROVED}
    done = browser.post(address, {"log_days-revision": "0", "log_days-value": "180", **plans})
    assert done["Location"] == f"/assessments/{begun.id}/submit/"
    assert "Nothing: every question is answered" in _read(browser, address)


def test_a_file_that_does_not_fit_begins_nothing(browser: Client, developer: Developer) -> None:
    """It is said why, and there is no half-filled draft."""
    for content in (b'{"answers": {"log_days": "many"}, "roles": ["finance"]}', b'{"answers": {}}', b"", b"- a list"):
        file = SimpleUploadedFile("answers.json", content)
        page = browser.post("/assessments/begin/file/", {"file": file}, follow=True).content.decode()
        assert any(words in page for words in ("Nothing was changed", "No file was chosen"))
    assert not Assessment.objects.filter(developer=developer).exists()
