"""Why a whole call was refused, for people: the rule that the gateway held it to, and how its developer gets it served.

The gateway's own sentence says what was wrong with this one call; this says which rule that is, and what to do.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """`clause` is its place in the rules of apps, `says` its words, `obtain` what a developer does to be served."""

    clause: str
    says: str
    obtain: str


_ROLE = "Have your assessment cover one of these roles, ask for it in a version of the app, and hand that version in."
_MANIFEST = "Begin a version of the app whose manifest names it, and hand that version in."
_AUTHORISE = "Ask the seller to authorise the app. Where it was ended, the seller's reason is in your letters."
_STANDING = "Read the reason on the app's page and in your letters, and put right what it names."
_LEAST = "Ask for less, or begin a version that declares the data for a purpose that the policy releases it for."

RULES: dict[str, Rule] = {
    "operation_undeclared": Rule("App rules 1.1", "An app calls the operations that its manifest names.", _MANIFEST),
    "purpose_undeclared": Rule("App rules 1.1", "A call serves a purpose that the manifest names.", _MANIFEST),
    "role_missing": Rule("App rules 1.2", "An operation is open to apps that hold one of its roles.", _ROLE),
    "element_refused": Rule("App rules 1.3", "A token unlocks only data that its purposes may have.", _LEAST),
    "parameter_personal": Rule("App rules 1.3", "Nobody is searched for by data that the app may not read.", _LEAST),
    "essentials_withheld": Rule("App rules 1.3", "An answer without its essential fields is not given at all.", _LEAST),
    "standing_no_calls": Rule("Standing", "Only apps and developers in good standing may call.", _STANDING),
    "grant_revoked": Rule("Authorisation", "An app acts for a seller while the seller allows it.", _AUTHORISE),
    "grant_expired": Rule("Authorisation", "An authorisation ends after a year, unless it is renewed.", _AUTHORISE),
    "quota_exceeded": Rule("Rates", "Each operation has a rate for each app and seller.", "Wait, and call less often."),
    "policy_missing": Rule(
        "Policy",
        "Without a policy in force nothing is released.",
        "Wait: the marketplace's operators put one into force.",
    ),
}
UPSTREAM = Rule(
    "Marketplace", "The marketplace's own API has to answer before anything is released.", "Try again later."
)
FORM = Rule(
    "API", "A call has the form that the marketplace's API documents.", "Mend the call as the sentence above says."
)


def rule_of(reason: str) -> Rule:
    """The rule behind a refusal's reason, such as `role_missing`."""
    return RULES.get(reason) or (UPSTREAM if reason.startswith("upstream") else FORM)
