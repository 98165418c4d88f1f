import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from piepowder.core.kernel.json import decode
from piepowder.rooms.developers import actions
from piepowder.rooms.developers.models import Developer, Identity, Invitation, Member, Review
from piepowder.rooms.evidence.models import Document
from piepowder.rooms.ground.actor import SYSTEM
from piepowder.rooms.people.actions import create_key, create_staff
from piepowder.rooms.people.rules import KeyRole
from tests.support.documents import SCRIPT, pdf
from tests.support.organisation import AT, PROFILE, account, acting, browser, ready, register, reviewer, submitted

pytestmark = pytest.mark.django_db
YES = {f"met_{point}": "yes" for point in ("existence", "address", "representative", "website", "contacts")}


def _text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_person_registers_their_organisation() -> None:
    """Signed in, they fill one form and stand on their home page; the same form sent twice is no second organisation."""
    person = account()
    page = browser(person)
    assert Browser().get("/developers/register/").status_code == 302
    assert page.get("/developer/").headers["Location"] == "/developers/register/"
    for _ in range(2):
        assert page.post("/developers/register/", PROFILE).headers["Location"] == "/developer/"
    assert Developer.objects.count() == 1
    home = _text(page.get("/developer/"))
    for words in ("Label works", "Show who you are", "Answer the assessment", "Register an app", "your turn"):
        assert words in home


def test_what_was_typed_is_there_after_a_refusal() -> None:
    """A name that is taken and a character that nobody sees are named at their field, and nothing typed is lost."""
    register(account())
    page = browser(account("eve@other.example"))
    taken = page.post("/developers/register/", {**PROFILE, "address": "5 Typed Street"})
    assert (taken.status_code, "There is a developer" in _text(taken), "5 Typed Street" in _text(taken)) == (
        422,
        True,
        True,
    )
    hidden = page.post("/developers/register/", {**PROFILE, "name": "gnp\u202eexe"})
    assert (hidden.status_code, "U+202E" in _text(hidden)) == (422, True)
    html = page.post("/developers/register/", {**PROFILE, "name": "<b>bold</b>"}, follow=True)
    assert "&lt;b&gt;bold&lt;/b&gt;" in _text(html)
    assert "<b>bold</b>" not in _text(html)


def test_an_account_chooses_among_its_organisations() -> None:
    """Pages show the chosen one; the menu lets them switch; another's id chooses nothing."""
    person = account()
    first, second = register(person), register(person, name="Second works", legal_name="Second GmbH")
    foreign = register(account("eve@other.example"), name="Foreign", legal_name="Foreign GmbH")
    page = browser(person)
    assert "<h1><bdi>Label works</bdi></h1>" in _text(page.get("/developer/"))
    page.post("/developer/switch", {"developer": second.id})
    assert "<h1><bdi>Second works</bdi></h1>" in _text(page.get("/developer/"))
    page.post("/developer/switch", {"developer": foreign.id})
    assert "<h1><bdi>Second works</bdi></h1>" in _text(page.get("/developer/"))
    actions.close_developer(second, by=acting(person), at=AT)
    assert "was closed on" in _text(page.get("/developer/"))
    assert first.id in _text(page.get("/developer/"))


def test_members_by_page() -> None:
    """An owner invites, the invited accept, roles change, a reader may only look, and the last owner stays."""
    owner, bob = account(), account("bob@labels.example")
    developer = register(owner)
    page, other = browser(owner), browser(bob)
    sent = page.post("/developer/members/", {"email": bob.email, "role": "reader"}, follow=True)
    assert "An invitation is on its way" in _text(sent)
    invitation = Invitation.objects.get()
    assert browser(account("eve@other.example")).get(f"/invitations/{invitation.id}/").status_code == 403
    assert "invites you" in _text(other.get(f"/invitations/{invitation.id}/"))
    assert other.post(f"/invitations/{invitation.id}/", {"answer": "accept"}).headers["Location"] == "/developer/"
    assert "You accepted this invitation" in _text(other.get(f"/invitations/{invitation.id}/"))
    member = Member.objects.get(account=bob)
    assert other.post(f"/developer/members/{member.id}/role", {"role": "owner"}).status_code == 403
    assert other.get("/developer/close/").status_code == 403
    assert other.get("/developer/members/").status_code == 200
    assert "the only owner" in _text(page.post("/developer/members/leave", follow=True))
    page.post(f"/developer/members/{member.id}/role", {"role": "owner"})
    assert page.post("/developer/members/leave").status_code == 302
    assert [one.account for one in Member.objects.of(developer)] == [bob]
    wrong = other.post("/developer/members/", {"email": "nonsense", "role": "reader"})
    assert (wrong.status_code, "nonsense" in _text(wrong)) == (422, True)


def test_the_identity_form_keeps_what_is_right() -> None:
    """One wrong file costs neither what was typed nor the other files; then it can be submitted."""
    owner = account()
    developer = register(owner)
    page = browser(owner)
    sent = {
        "representative": "Ada Maker",
        "do": "submit",
        "file_existence": SimpleUploadedFile("extract.pdf", pdf()),
        "file_address": SimpleUploadedFile("drawing.svg", b"<svg>" + SCRIPT + b"</svg>"),
        "file_representative": SimpleUploadedFile("power.pdf", pdf("power")),
    }
    wrong = page.post("/developer/identity/", sent)
    assert (wrong.status_code, "This is a web page, an SVG or XML" in _text(wrong), "Ada Maker" in _text(wrong)) == (
        422,
        True,
        True,
    )
    assert sorted(one.name for one in Document.objects.all()) == ["extract.pdf", "power.pdf"]
    early = page.post("/developer/identity/", {"representative": "Ada Maker", "do": "submit"})
    assert (early.status_code, "A document is missing" in _text(early)) == (422, True)
    bill = {"file_address": SimpleUploadedFile("bill.pdf", pdf("bill")), "expires_address": "2020-01-31"}
    assert "expired on 31 January 2020" in _text(
        page.post("/developer/identity/", {"representative": "Ada Maker", **bill})
    )
    right = {"file_address": SimpleUploadedFile("bill.pdf", pdf("bill"))}
    done = page.post("/developer/identity/", {"representative": "Ada Maker", "do": "submit", **right}, follow=True)
    assert "In review, promised by" in _text(done)
    assert Identity.objects.of(developer).status == "submitted"
    assert "Taken back" in _text(page.post("/developer/identity/take-back", follow=True))
    link = Identity.objects.of(developer).documents.get(point="address")
    page.post("/developer/identity/", {"representative": "Eve Maker", "remove": link.id})
    again = Identity.objects.of(developer)
    assert (again.representative, again.documents.count()) == ("Eve Maker", 2)


def test_a_reviewer_works_the_queue() -> None:
    """Taken on, looked at, returned with reasons, which the developer reads at the point."""
    owner, rita = account(), reviewer()
    developer = register(owner)
    identity, _ = submitted(developer, owner)
    page = browser(rita)
    assert "Label works" in _text(page.get("/reviews/identities/"))
    address = f"/reviews/identities/{identity.id}/"
    shown = _text(page.get(address))
    for words in (
        "Nobody is working on this",
        "HRB 1234, Freiburg",
        "existence.pdf",
        "The register says that it is active",
    ):
        assert words in shown
    page.post(f"{address}claim", {"number": "1"})
    assert "You are working on this" in _text(page.get(address))
    mute = page.post(address, {**YES, "number": "1", "met_address": "no", "reason": "typed words"})
    assert (mute.status_code, "Say what would make it right" in _text(mute), "typed words" in _text(mute)) == (
        422,
        True,
        True,
    )
    page.post(address, {**YES, "number": "1", "met_address": "no", "reason_address": "The bill is old."})
    assert Identity.objects.of(developer).status == "returned"
    assert "The bill is old." in _text(browser(owner).get("/developer/identity/"))
    stale = page.post(address, {**YES, "number": "1"})
    assert (stale.status_code, "no longer waiting" in _text(stale)) == (422, True)
    exported = decode(page.get("/reviews/identities/?state=returned&format=json").getvalue())
    assert [one["State"] for one in exported] == ["returned"]


def test_reviews_are_for_reviewers() -> None:
    """Auditors and developers do not see the queue; a reviewer of their own organisation sees no decision form."""
    owner, member = account(), reviewer()
    developer = register(owner)
    identity, _ = submitted(developer, owner)
    auditor = create_staff(email="otto@market.example", role=KeyRole.AUDITOR, by=SYSTEM, at=AT)
    for person in (owner, auditor):
        assert browser(person).get("/reviews/identities/").status_code == 403
    actions.add_member(developer, member, by=SYSTEM, at=AT)
    page, address = browser(member), f"/reviews/identities/{identity.id}/"
    assert "You act for this organisation yourself" in _text(page.get(address))
    assert "Decide</button>" not in _text(page.get(address))
    assert page.post(address, {**YES, "number": "1"}).status_code == 422
    assert Review.objects.get().outcome == ""


def test_staff_see_everything_about_an_organisation() -> None:
    """The list filters by look-alikes and exports; the page of one has people, standing and the ledger's lines."""
    owner = account()
    developer = register(owner)
    page = browser(create_staff(email="olga@market.example", by=SYSTEM, at=AT))
    assert developer.id in _text(page.get("/developers/?q=LabeI+vvorks"))
    assert developer.id not in _text(page.get("/developers/?q=Somebody"))
    assert [one["Organisation"] for one in decode(page.get("/developers/?format=json").getvalue())] == ["Label works"]
    one = _text(page.get(f"/developers/{developer.id}/"))
    for words in (owner.email, "HRB 1234", "A developer was registered", "Whose turn it is"):
        assert words in one
    page.post(f"/developers/{developer.id}/standing", {"do": "good", "reason": "checked by hand"})
    assert "checked by hand" in _text(page.get(f"/developers/{developer.id}/"))
    page.post(f"/developers/{developer.id}/standing", {"do": "close", "reason": "asked for"})
    assert not Developer.objects.named(developer.id).is_open
    assert page.get("/developers/dev_none/").status_code == 404
    assert browser(owner).get("/developers/").status_code == 403


def test_a_profile_that_changed_meanwhile() -> None:
    """The words of the stale form are kept, the present ones shown beside them, and saving again is possible."""
    owner = account()
    developer = register(owner)
    page = browser(owner)
    seen = developer.revision()
    actions.change_profile(developer, website="https://present.example", by=SYSTEM, at=AT)
    stale = page.post("/developer/profile/", {**PROFILE, "website": "https://typed.example", "seen": seen})
    for words in ("Somebody else changed the profile", "https://typed.example", "https://present.example"):
        assert words in _text(stale)
    fresh = re.search(r'name="seen" value="(\w+)"', _text(stale))
    assert fresh
    page.post("/developer/profile/", {**PROFILE, "website": "https://typed.example", "seen": fresh[1]})
    assert Developer.objects.named(developer.id).website == "https://typed.example"


def test_closing_is_typed_out() -> None:
    """Another name closes nothing; the right one does, and the page says what that means."""
    owner = account()
    developer = register(owner)
    page = browser(owner)
    assert "cannot call any more" in _text(page.get("/developer/close/"))
    assert page.post("/developer/close/", {"confirm": "Something"}).status_code == 422
    assert page.post("/developer/close/", {"confirm": "label works"}).headers["Location"] == "/developer/"
    assert not Developer.objects.named(developer.id).is_open
    assert page.post("/developer/identity/", {"representative": "Ada"}).status_code == 422


def test_identities_by_api(api: Browser, auditor_api: Browser) -> None:
    """An organisation's key prepares, adds, submits; a reviewer's decides; strangers see the points and the published figures."""
    owner = account()
    developer = register(owner)
    _, secret = create_key(name="own", role=KeyRole.DEVELOPER, developer=developer.id, by=acting(owner), at=AT)
    own, json = Browser(headers={"authorization": f"Bearer {secret}"}), "application/json"
    at = f"/api/identities/{developer.id}"
    assert [one["point"] for one in Browser().get("/api/identities/points").json()][:2] == ["existence", "address"]
    assert own.put(at, {"representative": "Ada Maker"}, content_type=json).json()["representative"] == "Ada Maker"
    assert own.post(f"{at}/submit").json()["code"] == "developers_identity_incomplete"
    for point in ("existence", "address", "representative"):
        file = SimpleUploadedFile(f"{point}.pdf", pdf(point))
        assert own.post(f"{at}/documents", {"point": point, "file": file}).status_code == 201
    assert own.post(f"{at}/submit").json()["status"] == "submitted"
    assert own.get("/api/identities").status_code == 403
    assert auditor_api.get("/api/identities").status_code == 403
    assert [one["developer"] for one in api.get("/api/identities").json()] == [developer.id]
    assert api.post(f"{at}/claim", {"number": 1}, content_type=json).status_code == 200
    answers = {point.removeprefix("met_"): {"met": True} for point in YES}
    assert own.post(f"{at}/decide", {"number": 1, "answers": answers}, content_type=json).status_code == 403
    decided = api.post(f"{at}/decide", {"number": 1, "answers": answers}, content_type=json)
    assert (decided.status_code, decided.json()["status"]) == (200, "verified")
    assert Browser().get("/api/identities/published").json()["waiting"] == 0
    other = register(account("eve@other.example"), name="Other", legal_name="Other GmbH")
    assert own.get(f"/api/identities/{other.id}").status_code == 404


def test_members_by_api(api: Browser) -> None:
    """Staff and the organisation's own key change the profile, invite, withdraw, and close."""
    owner = account()
    developer, json = register(owner), "application/json"
    at = f"/api/developers/{developer.id}"
    changed = api.patch(at, {"website": "https://new.example"}, content_type=json)
    assert (changed.json()["website"], changed.json()["identity"]) == ("https://new.example", "draft")
    invited = api.post(f"{at}/invitations", {"email": "bob@labels.example"}, content_type=json)
    assert (invited.status_code, len(api.get(f"{at}/invitations").json())) == (201, 1)
    assert api.post(f"{at}/invitations/{invited.json()['id']}/withdraw").json()["status"] == "withdrawn"
    member = api.get(f"{at}/members").json()[0]
    assert (
        api.put(f"{at}/members/{member['id']}", {"role": "reader"}, content_type=json).json()["code"]
        == "developers_last_owner"
    )
    assert api.delete(f"{at}/members/{member['id']}").json()["code"] == "developers_last_owner"
    due = api.put(f"{at}/identity-due", {"due_on": "2027-01-31"}, content_type=json)
    assert due.json()["identity_due_on"] == "2027-01-31"
    assert api.post(f"{at}/close", {"reason": "asked"}, content_type=json).json()["status"] == "closed"
    assert api.post(f"{at}/reopen", {}, content_type=json).json()["status"] == "open"
    assert ready(Developer.objects.named(developer.id), owner).status == "draft"


def test_one_document_shows_that_it_exists_and_who_may_sign() -> None:
    """An extract of the register that names the person is handed in once; whoever fills the form in is named until somebody else is."""
    owner = account()
    developer = register(owner)
    page = browser(owner)
    assert f'value="{owner.name}"' in page.get("/developer/identity/").content.decode()
    sent = {"representative": "Ada Maker", "names_person": "on", "do": "save"}
    page.post("/developer/identity/", {**sent, "file_existence": SimpleUploadedFile("extract.pdf", pdf())})
    links = Identity.objects.of(developer).documents.order_by("point")
    assert [(one.point, one.document.name) for one in links] == [
        ("existence", "extract.pdf"),
        ("representative", "extract.pdf"),
    ]
