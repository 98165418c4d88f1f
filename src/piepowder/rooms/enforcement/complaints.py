"""Who complained, and about whom: read where a sanction might be a retaliation."""

from datetime import datetime

from piepowder.rooms.developers.models import Member
from piepowder.rooms.enforcement.models import Case, Finding

COMPLAINT = "complaint"


def complained_at(case: Case) -> list[datetime]:
    """When the subject of a case, or a member of its organisation, reported somebody."""
    accounts = Member.objects.filter(developer_id=case.developer_id).values_list("account_id", flat=True)
    by = (
        [f"developer:{account}" for account in accounts]
        if case.developer_id
        else [f"{case.subject_kind}:{case.subject}"]
    )
    return list(Finding.objects.filter(rule=COMPLAINT, reported_by__in=by).values_list("found_at", flat=True))
