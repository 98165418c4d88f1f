"""Whom a case is about: what they are called, who answers for them, who belongs to them, and how a letter reaches them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.rooms.appstore.models import App
from piepowder.rooms.developers.letters import write
from piepowder.rooms.developers.models import Developer, Member
from piepowder.rooms.developers.persons import accounts_behind, acts_for
from piepowder.rooms.developers.rules.names import escaped
from piepowder.rooms.enforcement.models import Case
from piepowder.rooms.enforcement.models.cases import CaseQuerySet
from piepowder.rooms.enforcement.rules.findings import SubjectKind
from piepowder.rooms.ground.actor import COMMAND_LINE, SYSTEM, Actor
from piepowder.rooms.notices.actions import tell
from piepowder.rooms.people.models import Account, ApiKey, Seller


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`developer_id` answers for an app or is itself the subject; empty for sellers and staff."""

    kind: SubjectKind
    id: str
    name: str
    developer_id: str = ""


def find(kind: SubjectKind, subject: str) -> Subject:
    """`enforcement_subject_unknown` where there is nobody of that id."""
    found = _FINDERS[kind](subject)
    if found is None:
        raise PiepowderError("enforcement_subject_unknown", f"no {kind} `{subject}`", kind=ErrorKind.NOT_FOUND)
    return found


def _app(subject: str) -> Subject | None:
    app = App.objects.filter(pk=subject).first()
    return (
        None
        if app is None
        else Subject(kind=SubjectKind.APP, id=app.id, name=escaped(app.name), developer_id=app.developer_id)
    )


def _developer(subject: str) -> Subject | None:
    one = Developer.objects.filter(pk=subject).first()
    return (
        None
        if one is None
        else Subject(kind=SubjectKind.DEVELOPER, id=one.id, name=one.shown_name, developer_id=one.id)
    )


def _seller(subject: str) -> Subject | None:
    one = Seller.objects.filter(pk=subject).first()
    return None if one is None else Subject(kind=SubjectKind.SELLER, id=one.id, name=one.name)


def _staff(subject: str) -> Subject | None:
    one = Account.objects.filter(pk=subject, is_staff=True).first()
    return None if one is None else Subject(kind=SubjectKind.STAFF, id=one.id, name=one.name or one.email)


_FINDERS = {
    SubjectKind.APP: _app,
    SubjectKind.DEVELOPER: _developer,
    SubjectKind.SELLER: _seller,
    SubjectKind.STAFF: _staff,
}


def is_own(case: Case, by: Actor) -> bool:
    """Whether somebody is whom the case is about, or belongs to it: they have no say in it on the marketplace's side."""
    accounts = accounts_behind(by)
    if case.developer_id:
        developer = Developer.objects.filter(pk=case.developer_id).first()
        return developer is not None and acts_for(by, developer)
    if case.subject_kind == SubjectKind.SELLER:
        return Account.objects.filter(pk__in=accounts, seller_id=case.subject).exists()
    return case.subject in accounts


def speaks_for(case: Case, by: Actor) -> bool:
    """Whether somebody may answer and appeal for the subject: a person of it, a key of it, or whoever has a shell on this machine."""
    if by == COMMAND_LINE:
        return True
    if case.developer_id:
        keys = ApiKey.objects.working().of(case.developer_id)
        member = Member.objects.filter(developer_id=case.developer_id, account_id=by.id)
        return member.exists() or keys.filter(pk=by.id).exists()
    if case.subject_kind == SubjectKind.SELLER:
        keys = ApiKey.objects.working().of(case.subject)
        return Account.objects.filter(pk=by.id, seller_id=case.subject).exists() or keys.filter(pk=by.id).exists()
    return case.subject in accounts_behind(by)


def visible(by: Actor) -> CaseQuerySet:
    """Cases as staff see them: whoever is accused learns of it by the notice, and not before."""
    accounts = accounts_behind(by)
    organisations = list(Member.objects.filter(account__in=accounts).values_list("developer_id", flat=True))
    theirs = Q(developer_id__in=organisations) | Q(subject__in=accounts)
    return Case.objects.exclude(theirs, served_at=None)


def of_account(account: Account) -> CaseQuerySet:
    """Cases that somebody reads as the subject, or as one of its people."""
    organisations = Member.objects.filter(account=account).values_list("developer_id", flat=True)
    return Case.objects.of([account.id, account.seller_id or account.id, *organisations])


def letter(case: Case, kind: str, subject: str, body: str, *, at: datetime, once: str = "", by: Actor = SYSTEM) -> None:
    """To whoever answers for the subject: inbox, and mail where they have an address."""
    link = link_of(case)
    if case.developer_id:
        developer = Developer.objects.get(pk=case.developer_id)
        write(developer, f"enforcement.{kind}", subject, body, link=link, at=at, once=once, by=by)
        return
    tell(
        recipient=case.subject,
        kind=f"enforcement.{kind}",
        subject=subject,
        body=body,
        link=link,
        mail_to=_addresses(case),
        at=at,
        once=once,
        by=by,
    )


def _addresses(case: Case) -> list[str]:
    if case.subject_kind == SubjectKind.STAFF:
        return list(Account.objects.filter(pk=case.subject).values_list("email", flat=True))
    return list(Account.objects.filter(seller_id=case.subject, is_active=True).values_list("email", flat=True))


def link_of(case: Case) -> str:
    return f"/my-cases/{case.id}/"


def to_officer(case: Case, kind: str, subject: str, body: str, *, at: datetime, once: str = "") -> None:
    """To the person of the marketplace who has the case; a key has no inbox."""
    _, _, account = case.officer.partition(":")
    if account.startswith("acc_"):
        tell(
            recipient=account,
            kind=f"enforcement.{kind}",
            subject=subject,
            body=body,
            link=f"/cases/{case.id}/",
            at=at,
            once=once,
        )
