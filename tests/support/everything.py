"""A marketplace in which everything is under way, each thing in a state that most can be done with. Names and documents are made up.

build()    makes it in the present database; a key of each role
known()    parameter of the API -> what may be named there
"""

from datetime import UTC, date, datetime, timedelta

from django.apps import apps

from piepowder.core.policy.model import Mode
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.models import App
from piepowder.rooms.assessments import actions as assessments
from piepowder.rooms.assessments.library import current
from piepowder.rooms.audits import actions as audits
from piepowder.rooms.audits.models import Audit
from piepowder.rooms.audits.rules import Method, Severity, Verdict
from piepowder.rooms.billing import actions as billing
from piepowder.rooms.consent import provisioning
from piepowder.rooms.developers import actions as developers
from piepowder.rooms.developers.models import Developer
from piepowder.rooms.enforcement import actions as court
from piepowder.rooms.enforcement.models import Case, Finding
from piepowder.rooms.enforcement.rules import cases as court_rules
from piepowder.rooms.enforcement.rules.conditions import Condition, ConditionKind
from piepowder.rooms.enforcement.rules.findings import Evidence, SubjectKind
from piepowder.rooms.enforcement.rules.findings import Finding as Found
from piepowder.rooms.enforcement.rules.ladder import Measure
from piepowder.rooms.evidence import actions as evidence
from piepowder.rooms.ground.actor import COMMAND_LINE, SYSTEM, Actor, ActorKind
from piepowder.rooms.imports import actions as imports
from piepowder.rooms.people.actions import account_for_seller, create_key, create_staff_key
from piepowder.rooms.people.models import Seller
from piepowder.rooms.people.rules import KeyRole
from piepowder.rooms.store import actions as store
from tests.support import appstore as made_app
from tests.support import assessments as made_assessment
from tests.support import consent as made_consent
from tests.support import storefront
from tests.support.billing import make_plan, monthly, per_order
from tests.support.documents import pdf
from tests.support.imports import a_market
from tests.support.organisation import account, register, submitted

# Parameter -> the table whose ids it takes.
TABLES = {
    "account": "people.Account",
    "app": "appstore.App",
    "app_id": "appstore.App",
    "appeal_id": "enforcement.Appeal",
    "assessment_id": "assessments.Assessment",
    "audit_id": "audits.Audit",
    "case_id": "enforcement.Case",
    "change_id": "appstore.ModeChange",
    "decision_id": "enforcement.Decision",
    "developer": "developers.Developer",
    "developer_id": "developers.Developer",
    "document": "evidence.Document",
    "document_id": "evidence.Document",
    "draw_id": "audits.Draw",
    "entry_id": "billing.Entry",
    "finding_id": "audits.Finding",
    "grant_id": "consent.Grant",
    "import_id": "imports.Import",
    "invitation_id": "developers.Invitation",
    "key_id": "people.ApiKey",
    "letter_id": "notices.Letter",
    "link_id": "developers.IdentityDocument",
    "mail_id": "notices.Mail",
    "member_id": "developers.Member",
    "offer_id": "billing.TermsOffer",
    "plan": "billing.Plan",
    "plan_id": "billing.Plan",
    "policy_id": "publication.Policy",
    "rating_id": "store.Rating",
    "request_id": "audits.EvidenceRequest",
    "sanction_id": "enforcement.Sanction",
    "screenshot_id": "store.Screenshot",
    "secret_id": "consent.ClientSecret",
    "seller": "people.Seller",
    "seller_id": "people.Seller",
    "settlement_id": "billing.Settlement",
    "statement_id": "billing.Statement",
    "submission_id": "assessments.Submission",
    "subscription_id": "billing.Subscription",
    "version_id": "appstore.AppVersion",
}


def known() -> dict[str, list[str]]:
    found = {name: _column(table, "pk") for name, table in TABLES.items()}
    parties = found["developer"] + found["seller"]
    return found | {
        "client_id": _column("consent.Client", "client_id"),
        "holder": parties,
        "item": _column("audits.Item", "key"),
        "month": ["2026-10", "2026-11"],
        "question_id": [one.id for section in current(date(2026, 11, 25)).sections for one in section.questions],
        "recipient": parties,
        "subject": found["app"] + parties,
        "subject_id": found["app"] + found["developer"],
    }


def _column(table: str, name: str) -> list[str]:
    return [str(one) for one in apps.get_model(table)._default_manager.order_by("pk").values_list(name, flat=True)]


def build() -> dict[str, str]:
    """Role -> a key of it."""
    at = datetime.now(UTC) - timedelta(days=3)
    keys, actors = _keys_of_staff(at)
    app = made_consent.make_app()
    sellers = storefront.make_sellers(2, at)
    made_consent.put_policy_into_force()
    _organisation(at)
    _assessment(app.developer, actors[KeyRole.REVIEWER], at)
    _versions(app.developer, actors[KeyRole.REVIEWER], at)
    _store(app, sellers, at)
    _money(app, sellers, at)
    _audit(app.developer, actors[KeyRole.REVIEWER], at)
    _court(app, sellers[0], actors[KeyRole.REVIEWER], at)
    _other(app, at)
    return keys | _keys_of_parties(app.developer, sellers[0], at)


def _keys_of_staff(at: datetime) -> tuple[dict[str, str], dict[KeyRole, Actor]]:
    keys, actors = {}, {}
    for role in (KeyRole.OPERATOR, KeyRole.REVIEWER, KeyRole.AUDITOR, KeyRole.PROVISIONING):
        row, keys[str(role)] = create_staff_key(name=f"made up {role}", role=role, by=SYSTEM, at=at)
        actors[role] = Actor(ActorKind.STAFF, row.id)
    return keys, actors


def _keys_of_parties(developer: Developer, seller: Seller, at: datetime) -> dict[str, str]:
    of_developer, of_seller = {"developer": developer.id, "seller": ""}, {"developer": "", "seller": seller.id}
    return {
        str(role): create_key(name=f"made up {role}", role=role, expires_at=None, by=SYSTEM, at=at, **holder)[1]
        for role, holder in ((KeyRole.DEVELOPER, of_developer), (KeyRole.SELLER, of_seller))
    }


def _organisation(at: datetime) -> None:
    """Ada's has handed its identity in, Ben's has begun; both invited somebody."""
    for name in ("ada", "ben"):
        owner = account(f"{name}@labels.example")
        developer = register(owner, name=f"Works of {name}", legal_name=f"Works of {name} GmbH")
        by = Actor(ActorKind.DEVELOPER, owner.id)
        developers.invite(developer, email=f"friend-of-{name}@labels.example", role="developer", by=by, at=at)
        if name == "ada":
            submitted(developer, owner, at=at)


def _assessment(developer: Developer, reviewer: Actor, at: datetime) -> None:
    """One is under review, with a message; another is a draft."""
    by = Actor(ActorKind.DEVELOPER, "acc_made_up")
    handed_in = assessments.submit(made_assessment.answered(developer, by, at=at), by=by, at=at)
    assessments.take(handed_in, by=reviewer, at=at)
    assessments.write(handed_in.assessment, "When will it be decided?", by=by, at=at)
    made_assessment.answered(storefront.make_developer("Draft works", at), by, at=at)


def _versions(developer: Developer, reviewer: Actor, at: datetime) -> None:
    """A draft, one in the queue, one under review, one approved: each of an app of its own."""
    by = Actor(ActorKind.DEVELOPER, "acc_made_up")
    made_app.assess(storefront.make_developer("Assessed works", at))
    assessed = Developer.objects.get(name="Assessed works")
    names = ("Draft maker", "Queue maker", "Review maker", "Approved maker")
    drafts = [made_app.make_draft(made_app.make_app(assessed, by, name=name), by) for name in names]
    _, reviewed, approved = (appstore.submit_version(one, by=by, at=at) for one in drafts[1:])
    appstore.begin_review(reviewed, by=reviewer, at=at)
    made_app.approve(approved, made_app.make_reviewer("rita"), made_app.make_reviewer("sam"), at=at)
    made_app.make_draft(made_app.make_app(developer, by, name="Own draft"), by)


def _store(app: App, sellers: list[Seller], at: datetime) -> None:
    for seller in sellers:
        provisioning.create(app.id, seller.id, by=SYSTEM, at=at)
    storefront.make_listing(at, app)
    rating = store.rate(app.id, sellers[0].id, stars=4, words="Good labels, all of them.", by=SYSTEM, at=at)
    store.report_rating(rating.id, words="This is about another app.", by=SYSTEM, at=at)
    store.add_screenshot(app.id, storefront.png(), words="The list of today's labels", by=SYSTEM, at=at)
    store.add_screenshot(app.id, storefront.png(640, 400), words="One label", by=SYSTEM, at=at)


def _money(app: App, sellers: list[Seller], at: datetime) -> None:
    """Two plans, a subscription to each that began long ago, a month that was billed, new terms that wait for an answer."""
    long_ago = at - timedelta(days=70)
    plans = [make_plan(app), make_plan(app, per_order(), "Large shops")]
    for plan, seller in zip(plans, sellers, strict=True):
        billing.subscribe(plan, seller, by=SYSTEM, at=long_ago)
    billing.run_due(at=at)
    billing.change_plan(plans[0], terms=monthly("12.00"), by=SYSTEM, at=at)
    billing.follow_time(at=at)


def _audit(developer: Developer, assessor: Actor, at: datetime) -> None:
    """One audit with a finding to be answered, one with a request for evidence, others just drawn."""
    audits.draw_audits(method=Method.SAMPLE, size=3, by=SYSTEM, at=at)
    first, second, *_ = Audit.objects.order_by("pk")
    for audit in (first, second):
        audits.announce_audit(audits.take_audit(audit, by=assessor, at=at), by=assessor, at=at)
    audits.request_evidence(second, [("retention", "Show when copies are deleted.")], by=assessor, at=at)
    audits.begin_assessment(first, by=assessor, at=at)
    for item in first.items.all():
        audits.judge_item(first, item.key, Verdict.MET, reason="Seen in the document.", by=assessor, at=at)
    audits.add_finding(
        first, severity=Severity.LOW, what="A copy was kept.", to_do="Delete it.", clause="4.2", by=assessor, at=at
    )
    audits.send_findings(first, by=assessor, at=at)


def _court(app: App, seller: Seller, officer: Actor, at: datetime) -> None:
    """A case at every step: opened, served, answered, proposed, announced with a condition, appealed; an emergency in force."""
    _answered(app, at)
    _proposed(_answered(app, at), officer, at, Measure.SUSPENDED)
    _proposed(_answered(app, at), officer, at, Measure.THROTTLED)
    appealed = _answered(app, at)
    _proposed(appealed, officer, at, Measure.PERSONAL_DATA_OFF)
    court.appeal(appealed, text="You are mistaken.", by=COMMAND_LINE, at=at)
    court.serve(_found(SubjectKind.DEVELOPER, app.developer_id, at), by=SYSTEM, at=at)
    court.serve(_found(SubjectKind.SELLER, seller.id, at), by=SYSTEM, at=at)
    opened = _found(SubjectKind.APP, app.id, at)
    now = datetime.now(UTC)
    court.act_at_once(opened, Measure.PERSONAL_DATA_OFF, because="It goes on.", by=officer, at=now)


def _found(kind: SubjectKind, subject: str, at: datetime) -> Case:
    told = Found(
        rule="staff.report",
        subject_kind=kind,
        subject=subject,
        severity=court_rules.Severity.CRITICAL,
        clause="2.1",
        says="Buyers' addresses were used for advertising.",
        evidence=(Evidence(says="uploads", count=12, of=40, records=("rec_made_up",)),),
        clears=("a receipt of deletion",),
    )
    return court.report(told, by=SYSTEM, at=at).case


def _answered(app: App, at: datetime) -> Case:
    case = _found(SubjectKind.APP, app.id, at)
    court.serve(case, by=SYSTEM, at=at)
    court.answer(case, {}, text="It held no buyers.", by=COMMAND_LINE, at=at)
    return Case.objects.named(case.id)


def _proposed(case: Case, officer: Actor, at: datetime, measure: Measure) -> None:
    court.decide(
        case,
        {one.id: ("upheld", "It is so.") for one in Finding.objects.of_case(case)},
        because="It was weighed.",
        by=officer,
        at=at,
        measure=measure,
        departs="as an example",
        conditions=[Condition(kind=ConditionKind.DELETED)],
    )


def _other(app: App, at: datetime) -> None:
    soon = datetime.now(UTC) + timedelta(days=60)
    appstore.set_mode(app, Mode.OBSERVE, until=soon, reason="to see what it reads", by=SYSTEM, at=at)
    evidence.keep(pdf("contract"), name="contract.pdf", owner=app.developer_id, purpose="contract", by=SYSTEM, at=at)
    imports.check(a_market(), by=SYSTEM, at=at)
    account_for_seller(Seller.objects.all()[0], email="shop@shops.example", at=at)
