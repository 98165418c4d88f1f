"""What stands in the shell's menu, by who is looking. A room's pages get their line here, and nowhere else."""

from dataclasses import dataclass, replace

from django.http import HttpRequest

from piepowder.rooms.developers.guards import chosen_member, memberships
from piepowder.rooms.enforcement.models import Case
from piepowder.rooms.ground.caller import Permission
from piepowder.rooms.people.guards import permissions_of
from piepowder.rooms.people.models import Account
from piepowder.web.views.letters import recipients_of, unread_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu. `also`: further pages, by URL name, that belong to it."""

    words: str
    page: str
    icon: str
    also: tuple[str, ...] = ()
    count: int = 0  # of what waits there


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under a heading; an empty heading is none."""

    heading: str
    entries: tuple[Entry, ...]


_BILLING_TOO = (
    "billing_all_statements",
    "billing_commission",
    "billing_settlements",
    "billing_settle",
    "billing_correct",
)
_REVIEW_TOO = (
    "assessments_review",
    "assessments_decide",
    "assessments_conclude",
    "assessments_decline",
    "assessments_assign",
    "assessments_review_messages",
)
_AUDITS_TOO = (
    "audits_one",
    "audits_new_draw",
    "audits_draw",
    "audits_assign",
    "audits_ask",
    "audits_judge",
    "audits_add_finding",
    "audits_change_finding",
    "audits_settle",
    "audits_confirm_fixed",
    "audits_close",
    "audits_cancel",
    "audits_extend",
    "audits_send_back",
)
_CASES_TOO = (
    "enforcement_one",
    "enforcement_report",
    "enforcement_reach",
    "enforcement_serve",
    "enforcement_withdraw",
    "enforcement_extend",
    "enforcement_message",
    "enforcement_decide",
    "enforcement_confirm",
    "enforcement_reject",
    "enforcement_at_once",
    "enforcement_confirm_emergency",
    "enforcement_end_emergency",
    "enforcement_lift",
    "enforcement_hear",
)
_OWN_CASES_TOO = (
    "enforcement_own",
    "enforcement_answer",
    "enforcement_more_time",
    "enforcement_own_message",
    "enforcement_appeal",
)
_OWN_CASES = Entry("Cases", "enforcement_own_index", "horn", _OWN_CASES_TOO)
_STORE_DESK_TOO = ("store_desk_listing", "store_desk_ratings")
_LISTINGS_TOO = ("store_editor", "store_begin")
_STORE = Entry("App store", "store_browse", "store", ("store_app", "store_compare"))
_POLICY = Entry("Policy", "console_policy", "scale")
STAFF = (
    Group(
        "",
        (
            Entry("Home", "console_home", "home"),
            Entry("Review desk", "console_desk", "inbox"),
            Entry("Ledger", "console_records", "book", ("console_record",)),
            _POLICY,
        ),
    ),
    Group(
        "Market",
        (
            Entry("Developers", "developers_all", "building", ("developers_one",)),
            Entry("Apps", "console_apps", "apps", ("console_app",)),
            Entry("Store desk", "store_desk", "store", _STORE_DESK_TOO),
            Entry("Grants", "console_grants", "shield"),
        ),
    ),
    Group(
        "Reviews",
        (
            Entry("Identities", "developers_identities", "badge", ("developers_identity_review",)),
            Entry("Assessments", "assessments_queue", "checks", _REVIEW_TOO),
            Entry("App versions", "appstore_queue", "columns", ("appstore_review", "appstore_deadline")),
            Entry("Audits", "audits_index", "eye", _AUDITS_TOO),
            Entry("Cases", "enforcement_index", "horn", _CASES_TOO),
        ),
    ),
    Group(
        "Upkeep",
        (
            Entry("Imports", "imports_index", "upload", ("imports_start", "imports_one", "imports_report")),
            Entry("Billing", "billing_index", "coins", _BILLING_TOO),
            Entry("Mail", "notices_mails", "mail"),
        ),
    ),
)
LETTERS = Entry("Letters", "notices_inbox", "inbox", ("notices_letter",))
KEYS = Entry("API keys", "people_keys", "key", ("people_key_new",))
ACCOUNT = Entry("Account", "people_account", "person", ("usersessions_list", "mfa_index", "account_email"))
_ASSESSMENT_TOO = (
    "assessments_begin",
    "assessments_overview",
    "assessments_section",
    "assessments_evidence",
    "assessments_submit",
    "assessments_status",
    "assessments_messages",
    "assessments_re_review",
)
_OWN_APPS_TOO = ("appstore_new", "appstore_app", "appstore_change", "appstore_version", "appstore_editor")
DEVELOPER = (
    Group(
        "",
        (
            Entry("Home", "developers_home", "home"),
            Entry("Profile", "developers_profile", "building", ("developers_close",)),
            Entry("Members", "developers_members", "people"),
            Entry("Identity", "developers_identity", "badge"),
            Entry("Assessment", "assessments_home", "scale", _ASSESSMENT_TOO),
            Entry("Audits", "audits_own_index", "eye", ("audits_own", "audits_provide", "audits_answer")),
            _OWN_CASES,
            Entry("Apps", "appstore_mine", "apps", _OWN_APPS_TOO),
            Entry("Store listings", "store_listings", "tag", _LISTINGS_TOO),
            Entry("Programs", "consent_clients", "key", ("consent_client_new", "consent_client_redirects")),
            Entry("Calls", "console_calls", "book", ("console_app_reads", "console_app_record")),
            _POLICY,
            Entry("Plans", "billing_plans", "coins", ("billing_plan", "billing_plan_new")),
            Entry("Statements", "billing_statements", "book", ("billing_statement",)),
        ),
    ),
)
_PAYS_TOO = ("billing_charges", "billing_choose", "billing_cancel")
_MY_APPS_TOO = (
    "consent_my_app",
    "consent_my_app_choose",
    "consent_my_app_renew",
    "consent_my_app_revoke",
    "console_my_reads",
    "console_my_record",
)
SELLER = (
    Group(
        "",
        (
            Entry("My apps", "consent_my_apps", "shop", _MY_APPS_TOO),
            _STORE,
            Entry("What apps cost", "billing_subscriptions", "coins", _PAYS_TOO),
            _OWN_CASES,
            _POLICY,
        ),
    ),
)


def shell(request: HttpRequest) -> dict[str, object]:
    """For templates: `navigation` (the groups of this account), `here` (the URL name of this page), `hat` (whom it acts for).

    Made once for each request: a table asks with every cell that is a template.
    """
    known: dict[str, object] | None = getattr(request, "_web_shell", None)
    if known is None:
        match = request.resolver_match
        here = match.url_name if match else ""
        known = {"navigation": groups(request), "here": here, "hat": hat(request), **_organisations(request)}
        request._web_shell = known  # type: ignore[attr-defined]
    return known


def _organisations(request: HttpRequest) -> dict[str, object]:
    """For the switcher: the organisation that somebody acts for just now, and all of theirs."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not (found := memberships(request)):
        return {}
    return {"acting_for": chosen_member(request), "organisations": found}


def hat(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    if user.is_staff:
        return f"Staff, {user.role}"
    return f"For {user.seller.name}" if user.seller_id else "Developer"


def groups(request: HttpRequest) -> tuple[Group, ...]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ()
    recipients = recipients_of(user)
    found: tuple[Group, ...] = STAFF if user.is_staff else ()
    found += SELLER if user.seller_id else ()
    found += DEVELOPER if any(one.startswith("dev_") for one in recipients) else ()
    return (*found, Group("You", _own(user, recipients)))


def _own(user: Account, recipients: list[str]) -> tuple[Entry, ...]:
    """Staff are rarely whom a case is about, and have the line only then; others have it among their own."""
    keys = Permission.GOVERN in permissions_of(user) if user.is_staff else len(recipients) > 1
    cases = user.is_staff and len(recipients) == 1 and Case.objects.of(recipients).exists()
    letters = replace(LETTERS, count=unread_of(recipients))
    return (
        letters,
        *((replace(_OWN_CASES, words="Cases about you"),) if cases else ()),
        *((KEYS,) if keys else ()),
        ACCOUNT,
    )
