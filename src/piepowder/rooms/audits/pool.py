"""What is known of each developer that can be drawn: from what the gateways were told, and from earlier audits."""

from collections import Counter, defaultdict
from datetime import datetime

from piepowder.core.facts.model import AppFact, GrantFact
from piepowder.core.kernel.json import decode_as
from piepowder.core.marketplace.taxonomy import PERSONAL
from piepowder.core.policy.taxonomy import covers
from piepowder.rooms.assessments.models import Submission
from piepowder.rooms.assessments.rules.law import legal_facts
from piepowder.rooms.audits.models import Audit, Finding
from piepowder.rooms.audits.rules import RiskFacts, Severity
from piepowder.rooms.publication.models import Fact
from piepowder.rooms.standing.models import Subject
from piepowder.rooms.standing.rules import CAPABILITIES, Capability, Standing

_MAY_CALL = [status for status in Standing if Capability.CALL in CAPABILITIES[status]]


def candidates() -> set[str]:
    """Every developer that may call and has no audit open: newcomers and old hands alike."""
    found = set(Subject.objects.filter(kind="developer", status__in=_MAY_CALL).values_list("id", flat=True))
    return found - set(Audit.objects.open().values_list("developer_id", flat=True))


def pool(at: datetime) -> dict[str, RiskFacts]:
    """Developer -> facts, of all candidates."""
    drawable = candidates()
    apps = {fact.id: fact for fact in _apps() if fact.developer in drawable}
    categories, grants, abroad = _categories(apps), _grants(apps), _abroad(drawable)
    last, open_findings = Audit.objects.last_closed(drawable), Finding.objects.to_fix()
    return {
        developer: RiskFacts(
            categories=frozenset(categories[developer]),
            grants=grants[developer],
            last_audit_days=(at - last[developer]).days if developer in last else None,
            open_findings=tuple(Severity(one) for one in open_findings.get(developer, ())),
            abroad=abroad.get(developer, ()),
        )
        for developer in sorted(drawable)
    }


def _apps() -> list[AppFact]:
    rows = Fact.objects.filter(kind="app", body__isnull=False).values_list("body", flat=True)
    return [decode_as(body, AppFact) for body in rows if body]


def _categories(apps: dict[str, AppFact]) -> dict[str, set[str]]:
    """Developer -> the personal data that the current manifests of its apps declare."""
    found: dict[str, set[str]] = defaultdict(set)
    for app in apps.values():
        manifest = app.versions.get(app.current_version)
        wanted = {word for words in manifest.categories.values() for word in words} if manifest else set()
        found[app.developer] |= {category for category in PERSONAL if covers(wanted, category)}
    return found


def _grants(apps: dict[str, AppFact]) -> Counter[str]:
    """Developer -> how many authorisations its apps hold."""
    bodies = Fact.objects.filter(kind="grant", body__isnull=False).values_list("body", flat=True)
    counted: Counter[str] = Counter()
    for body in bodies.iterator(chunk_size=5000):
        app = apps.get(decode_as(body or "", GrantFact).app)
        if app is not None:
            counted[app.developer] += 1
    return counted


def _abroad(drawable: set[str]) -> dict[str, tuple[str, ...]]:
    """Developer -> countries without equal protection in which its sub-processors sit, by the answers that were approved last."""
    found = {}
    for submission in Submission.objects.last_approved():
        developer, questionnaire = submission.assessment.developer_id, submission.questionnaire.parsed
        if developer in drawable:
            equal = frozenset(questionnaire.groups.get("adequate", ()))
            processors = legal_facts(submission.case()).sub_processors
            found[developer] = tuple(one.country for one in processors if one.country and one.country not in equal)
    return found
