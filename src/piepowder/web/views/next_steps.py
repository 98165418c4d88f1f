"""A developer's way to the first seller: which steps there are, which are done, whose turn it is, and which comes next."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.urls import reverse

from piepowder.rooms.appstore.models import App, AppVersion, Deadline
from piepowder.rooms.appstore.rules.versions import OPEN, VersionStatus
from piepowder.rooms.assessments.models import Assessment
from piepowder.rooms.assessments.rules.status import WAITING, Status
from piepowder.rooms.consent.models import Client, Grant
from piepowder.rooms.developers.models import Developer, Identity, Review
from piepowder.rooms.developers.rules.identity import IdentityStatus

_APPROVED = (Status.APPROVED, Status.PARTLY_APPROVED)
_FIRST = Q(status=VersionStatus.APPROVED, app__current_version="")  # approved, and the app has no other


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of the steps to the first seller, named as the button that leads to it. `turn` says whose move it is; `due` by when."""

    title: str
    words: str
    page: str
    done: bool = False
    turn: str = "you"  # you, marketplace, later (an earlier step comes first), nobody
    due: datetime | None = None
    late: bool = False


def steps(developer: Developer, now: datetime) -> list[Step]:
    """Identity, assessment, app, its approval, program, seller: the same for everybody, in the order in which they can be worked on."""
    apps = App.objects.filter(developer=developer)
    return [
        _identity(developer, now),
        _assessment(developer, now),
        _registered(apps),
        _app(developer, now),
        _program(apps),
        _seller(apps),
    ]


def next_of(way: list[Step]) -> Step | None:
    """The first that is the developer's move; else the first that the marketplace has; None when all is done."""
    open_ones = [step for step in way if not step.done]
    return next((step for step in open_ones if step.turn == "you"), open_ones[0] if open_ones else None)


def _registered(apps: "QuerySet[App]") -> Step:
    count = apps.count()
    if count:
        words = f"{count} app{'' if count == 1 else 's'}."
        return Step(title="Register an app", words=words, page=reverse("appstore_mine"), done=True, turn="nobody")
    words = "Its name, what it does, where sellers come back to. You need not wait for identity and assessment."
    return Step(title="Register an app", words=words, page=reverse("appstore_new"))


def _program(apps: "QuerySet[App]") -> Step:
    page = reverse("consent_clients")
    if Client.objects.filter(app__in=apps).exists():
        return Step(title="Make a program", words="It has a client id.", page=page, done=True, turn="nobody")
    if not apps.exists():
        return Step(
            title="Make a program", words="A client id and a secret, once there is an app.", page=page, turn="later"
        )
    return Step(
        title="Make a program", words="A client id and a secret, with which your app asks for tokens.", page=page
    )


def _seller(apps: "QuerySet[App]") -> Step:
    title, page = "Let a seller authorise it", reverse("consent_clients")
    if Grant.objects.filter(app__in=apps).exists():
        return Step(title=title, words="The first seller has.", page=reverse("console_calls"), done=True, turn="nobody")
    live = apps.exclude(current_version="").filter(clients__isnull=False).exists()
    words = "Send sellers to the link beside your program. What your app reads then stands under Calls."
    return Step(title=title, words=words, page=page, turn="you" if live else "later")


def _identity(developer: Developer, now: datetime) -> Step:
    identity = Identity.objects.of(developer)
    title, page = "Show who you are", reverse("developers_identity")
    if identity.status == IdentityStatus.SUBMITTED:
        review = Review.objects.newest(identity)
        due = review.due_at if review else None
        words = "A reviewer answers every point."
        late = due is not None and due < now
        return Step(title=title, words=words, page=page, turn="marketplace", due=due, late=late)
    if identity.is_verified(now) and identity.valid_until is not None:
        words = f"Verified until {identity.valid_until:%-d %B %Y}."
        return Step(title=title, words=words, page=page, done=True, turn="nobody")
    told = {
        IdentityStatus.RETURNED: "Returned: some points need another word or document. The reasons stand beside them.",
        IdentityStatus.EXPIRED: "It has to be shown anew.",
    }
    missing = len(identity.gaps(now.date()))
    otherwise = f"{missing} of 5 points are open." if missing else "Nothing is missing: submit it."
    due_on = developer.identity_due_on
    more = f" Due on {due_on:%-d %B %Y}." if due_on else ""
    return Step(title=title, words=told.get(IdentityStatus(identity.status), otherwise) + more, page=page)


def _assessment(developer: Developer, now: datetime) -> Step:
    title, page = "Answer the assessment", reverse("assessments_home")
    found = Assessment.objects.newest(developer.id)
    if found is None:
        words = (
            "How you handle shoppers' data, asked once for all your apps. You see your score before a reviewer does."
        )
        return Step(title=title, words=words, page=page)
    if found.status in WAITING:
        late = found.due_at is not None and found.due_at < now
        return Step(title=title, words="In review.", page=page, turn="marketplace", due=found.due_at, late=late)
    if found.status in _APPROVED:
        words = "Approved." if found.status == Status.APPROVED else "Approved in part: what is open can be corrected."
        return Step(title=title, words=words, page=page, done=True, turn="nobody", due=found.valid_until)
    told = {
        Status.DRAFT: "Begun: your answers are kept.",
        Status.RETURNED: "Returned: only the answers that failed are open, each with its reason.",
        Status.REFUSED: "Refused, with a reason at each answer. Correct them and submit again.",
        Status.EXPIRED: "It has ended: renew it.",
    }
    return Step(title=title, words=told.get(Status(found.status), "Begin a new one."), page=page)


def _app(developer: Developer, now: datetime) -> Step:
    title, page = "Have a version approved", reverse("appstore_mine")
    newest = AppVersion.objects.with_app().filter(app__developer=developer, status__in=OPEN).order_by("-id").first()
    if newest is not None:
        return _version(newest, now)
    deadline = Deadline.objects.present()
    waiting = App.objects.unapproved().filter(developer=developer).count() if deadline is not None else 0
    if deadline is not None and deadline.due_at is not None and waiting:
        words = f"{waiting} app{'' if waiting == 1 else 's'} of yours without an approved version: begin one and hand it in."
        return Step(
            title="Have your apps approved", words=words, page=page, due=deadline.due_at, late=deadline.due_at < now
        )
    if approved := AppVersion.objects.with_app().filter(_FIRST, app__developer=developer).first():
        page = reverse("appstore_version", kwargs={"app_id": approved.app_id, "version_id": approved.id})
        return Step(
            title="Put it live", words=f"{approved.app.shown_name} is approved, and nobody has it yet.", page=page
        )
    count = App.objects.filter(developer=developer).exclude(current_version="").count()
    if count:
        words = f"{count} app{'' if count == 1 else 's'} with a version in force."
        return Step(title=title, words=words, page=page, done=True, turn="nobody")
    words = "Its operations, the data it wants and for what, checked by rule before anybody reads it."
    begun = App.objects.filter(developer=developer).exists()
    return Step(title=title, words=words, page=page, turn="you" if begun else "later")


def _version(version: AppVersion, now: datetime) -> Step:
    """The version that is under way: what it waits for, and whose turn it is."""
    title = f"Version {version.number} of {version.app.shown_name}"
    page = reverse("appstore_version", kwargs={"app_id": version.app_id, "version_id": version.id})
    if version.waiting:
        late = version.promised_at is not None and version.promised_at < now
        return Step(title=title, words="In review.", page=page, turn="marketplace", due=version.promised_at, late=late)
    if version.status == VersionStatus.RETURNED:
        return Step(title=title, words="Returned, with a reason at each point. Correct what is named.", page=page)
    return Step(
        title=title, words="Begun: look at its checks, and hand it in. You need not wait for the assessment.", page=page
    )
