"""Who complained, and about whom: read where a sanction might be a retaliation."""

from datetime import datetime

from piepowder.rooms.developers.models import Member
from piepowder.rooms.enforcement.models import Case, Finding
from piepowder.rooms.enforcement.rules.findings import SubjectKind
from piepowder.rooms.people.models import Account

COMPLAINT = "complaint"


def complained_at(case: Case) -> list[datetime]:
    """When the subject of a case, or a member of its organisation, reported somebody."""
    by = [f"{kind}:{account}" for kind, account in _people(case)]
    return list(Finding.objects.filter(rule=COMPLAINT, reported_by__in=by).values_list("found_at", flat=True))


def _people(case: Case) -> list[tuple[str, str]]:
    """Under which names the subject complains."""
    if case.developer_id:
        members = Member.objects.filter(developer_id=case.developer_id).values_list("account_id", flat=True)
        return [("developer", account) for account in members]
    if case.subject_kind == SubjectKind.SELLER:
        accounts = Account.objects.filter(seller_id=case.subject).values_list("id", flat=True)
        return [("seller", account) for account in accounts]
    return [("staff", case.subject)]
