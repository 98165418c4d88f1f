"""One developer's way: account, organisation, identity, assessment, app, version, listing. Each step by the person whose step it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from piepowder.core.facts.model import ManifestFact
from piepowder.demo.market.answers import DATES, PROVED
from piepowder.demo.market.days import Days
from piepowder.demo.market.papers import paper
from piepowder.demo.market.pictures import screenshot
from piepowder.demo.market.stalls import Goods, Price, Stall
from piepowder.rooms.appstore import actions as appstore
from piepowder.rooms.appstore.actions import Details
from piepowder.rooms.appstore.models import App, AppVersion
from piepowder.rooms.appstore.rules import AppKind
from piepowder.rooms.appstore.rules.versions import points_for
from piepowder.rooms.assessments import actions as assessments
from piepowder.rooms.assessments.models import Assessment, Submission
from piepowder.rooms.assessments.rules.status import Word
from piepowder.rooms.billing import actions as billing
from piepowder.rooms.billing.models import Plan
from piepowder.rooms.billing.rules import PlanKind, Terms
from piepowder.rooms.developers import actions as developers
from piepowder.rooms.developers.models import Developer, Identity, Review
from piepowder.rooms.developers.rules.identity import WITH_DOCUMENT, Point
from piepowder.rooms.ground.actor import SYSTEM, Actor, ActorKind
from piepowder.rooms.people import actions as people
from piepowder.rooms.people.models import Account
from piepowder.rooms.standing.rules import Standing
from piepowder.rooms.store import actions as store
from piepowder.rooms.store.models import Listing
from piepowder.rooms.store.rules import Texts

Faults = Mapping[
    str, tuple[str, str]
]  # question -> what is wrong with its answer, and the word for it (`wrong`, `ask`)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Who decides: two people who review and one who audits, all of staff."""

    first: Actor
    second: Actor
    auditor: Actor


class Journey:
    """The steps of one stall. `clock` is the time of day at which this developer works."""

    def __init__(self, stall: Stall, days: Days, desk: Desk, *, password: str, clock: str) -> None:
        self.stall, self.days, self.desk, self.clock = stall, days, desk, clock
        self._password = password  # hashed already: sixteen people need one hash only
        self.account: Account
        self.developer: Developer

    @property
    def by(self) -> Actor:
        return Actor(ActorKind.DEVELOPER, self.account.id)

    def at(self, since_came: int) -> datetime:
        """So many business days after the developer came."""
        return self.days.ago(self.stall.came - since_came, self.clock)

    def remember(self) -> None:
        """Goes on where an earlier act has left off."""
        self.account = Account.objects.named(self.stall.email)
        self.developer = Developer.objects.get(name=self.stall.name)

    # --- who they are

    def sign_up(self) -> None:
        at = self.days.ago(self.stall.came, self.clock)
        account = Account(email=self.stall.email, name=self.stall.owner, password=self._password)
        self.account = people.sign_up(account, at=at)
        people.confirm_email(self.account)

    def register(self) -> None:
        """By the rules; or brought in by the marketplace, which made the owner a member."""
        at = self.days.ago(self.stall.came, self.clock)
        if not self.stall.early:
            self.developer = developers.register_own(self.account, by=self.by, at=at, **self._profile())
            return
        self.developer = developers.register_developer(by=SYSTEM, at=at, standing=Standing.GOOD, **self._profile())
        developers.add_member(self.developer, self.account, by=SYSTEM, at=at, role="owner")

    def _profile(self) -> dict[str, Any]:
        one = self.stall
        return {
            "name": one.name,
            "legal_name": one.legal_name,
            "kind": one.kind,
            "country": one.country,
            "company_number": one.number,
            "address": one.address,
            "website": f"https://{one.domain}",
            "contact_email": one.email,
            "privacy_email": f"privacy@{one.domain}",
            "security_email": f"security@{one.domain}",
        }

    def _words(self) -> dict[str, str]:
        one = self.stall
        return {
            "developer": one.name,
            "legal_name": one.legal_name,
            "number": one.number or "none, a sole trader",
            "address": one.address,
            "owner": one.owner,
        }

    def paper(self, kind: str) -> bytes:
        return paper(kind, **self._words())

    def show_identity(self, at: datetime, *, note: str = "", newer_bill: bool = False) -> Review:
        """Everything that a reviewer wants to see, handed in. The same document twice is one."""
        identity = Identity.objects.of(self.developer)
        developers.prepare(identity, representative=self.stall.owner, note=note, by=self.by, at=at)
        wanted = [(point, str(point)) for point in WITH_DOCUMENT]
        for point, kind in [*wanted, (Point.ADDRESS, "newer_bill")] if newer_bill else wanted:
            content, name = self.paper(kind), f"{kind.replace('_', '-')}-made-up.txt"
            developers.attach(identity, point=point, content=content, name=name, by=self.by, at=at)
        return developers.submit(Identity.objects.of(self.developer), by=self.by, at=at)

    def decide_identity(self, review: Review, at: datetime, faults: Mapping[str, str] | None = None) -> None:
        faults = faults or {}
        answers = {str(point): (point not in faults, faults.get(point, "")) for point in Point}
        identity = Identity.objects.of(self.developer)
        developers.claim(identity, number=review.number, by=self.desk.first, at=at)
        developers.decide(identity, number=review.number, answers=answers, by=self.desk.first, at=at)

    # --- how they work

    def answer(self, at: datetime, only: int | None = None) -> Assessment:
        """The answers, or the first few of them, and the documents behind them."""
        draft = assessments.begin(self.developer, roles=self.stall.roles, by=self.by, at=at)
        given = {name: self._given(name, value, at) for name, value in list(self.stall.answers.items())[:only]}
        assessments.bring_in(draft, {"answers": given}, by=self.by, at=at)
        if only is None:
            self._prove(draft, at)
        return Assessment.objects.named(draft.id)

    def _given(self, name: str, value: Any, at: datetime) -> Any:
        if name in DATES:
            return self.days.date(-value, before=at).isoformat()
        return value.format(domain=self.stall.domain) if isinstance(value, str) else value

    def _prove(self, draft: Assessment, at: datetime) -> None:
        missing = {gap.question for gap in draft.result(at).gaps}
        for question in PROVED:
            if question in missing:
                name = f"{question}-made-up.txt"
                assessments.upload(draft, question, self.paper(question), name=name, by=self.by, at=at)

    def hand_in(self, draft: Assessment, at: datetime) -> Submission:
        return assessments.submit(draft, by=self.by, at=at)

    def decide_answers(self, submission: Submission, at: datetime, faults: Faults | None = None) -> Submission:
        """The first reviewer takes the case, decides every answer and concludes with what follows."""
        by, faults = self.desk.first, faults or {}
        taken = submission if submission.reviewer else assessments.take(submission, by=by, at=at)
        for question, (reason, word) in faults.items():
            assessments.decide(taken, question, Word(word), reason=reason, by=by, at=at)
        assessments.accept_rest(taken, by=by, at=at)
        for question in assessments.undecided(taken):  # less than full marks, and good enough
            assessments.decide(taken, question, Word.OK, by=by, at=at)
        return assessments.conclude(taken, by=by, at=at)

    def approve_answers(
        self, submission: Submission, at: datetime, then: datetime, faults: Faults | None = None
    ) -> None:
        """As `decide_answers`, confirmed by the second reviewer where that is asked for."""
        concluded = self.decide_answers(submission, at, faults)
        if concluded.proposed_at:
            assessments.confirm(concluded, by=self.desk.second, at=then)

    # --- what they sell

    def register_app(self, goods: Goods, at: datetime, **redirects: tuple[str, ...]) -> App:
        return appstore.register_own_app(
            self.developer, AppKind.PUBLIC, self.details(goods, **redirects), by=self.by, at=at
        )

    def details(self, goods: Goods, redirect_uris: tuple[str, ...] = ()) -> Details:
        domain = self.stall.domain
        return Details(
            name=goods.name,
            description=goods.short,
            redirect_uris=redirect_uris or (f"https://{domain}/return",),
            privacy_policy_url=f"https://{domain}/privacy",
            support_email=f"help@{domain}",
            support_url=f"https://{domain}/help",
        )

    def hand_in_version(
        self, app: App, manifest: ManifestFact, roles: Sequence[str], notes: str, at: datetime
    ) -> AppVersion:
        version = appstore.begin_version(app, manifest=manifest, by=self.by, at=at)
        version = appstore.describe_version(version, roles=roles, notes=notes, by=self.by, at=at)
        return appstore.submit_version(version, by=self.by, at=at)

    def approve_version(self, version: AppVersion, *moments: datetime) -> AppVersion:
        """By the first reviewer, and by the second where shoppers' data is asked for."""
        for reviewer, at in zip((self.desk.first, self.desk.second), moments, strict=False):
            if version.waiting:
                version = self.review_version(version, reviewer, at)
        return version

    def review_version(self, version: AppVersion, reviewer: Actor, at: datetime) -> AppVersion:
        taken = appstore.begin_review(version, by=reviewer, at=at)
        fine = {point.key: (True, "") for point in points_for(bool(taken.personal))}
        return appstore.decide_version(taken, fine, by=reviewer, at=at)

    def texts(self, goods: Goods) -> Texts:
        domain = self.stall.domain
        return Texts(
            short=goods.short,
            long=goods.long,
            features=goods.features,
            categories=goods.shelves,
            languages=goods.languages,
            support_email=f"help@{domain}",
            support_url=f"https://{domain}/help",
            privacy_url=f"https://{domain}/privacy",
            website=f"https://{domain}",
        )

    def write_listing(self, app: App, goods: Goods, at: datetime) -> Listing:
        """Texts, a screenshot and prices; handed in."""
        store.open_listing(app, by=self.by, at=at)
        store.edit_listing(app.id, self.texts(goods), by=self.by, at=at)
        drawn = screenshot(goods.name, goods.words, kind=goods.picture, colour=goods.colour)
        store.add_screenshot(app.id, drawn, words=f"{goods.name} at work, a made-up picture", by=self.by, at=at)
        for price in goods.prices:
            self.offer(app, price, at)
        return store.submit(app.id, by=self.by, at=at)

    def offer(self, app: App, price: Price, at: datetime) -> Plan:
        terms = Terms(
            kind=PlanKind(price.kind),
            currency="USD",
            amount=price.amount,
            trial_days=price.trial_days,
            included_orders=price.included_orders,
        )
        return billing.create_plan(app, name=price.name, terms=terms, by=self.by, at=at)
