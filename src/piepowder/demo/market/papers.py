"""Documents that developers hand in. Each says in its first and last line that it is made up."""

MADE_UP = "MADE UP for a demonstration. No real organisation or person is meant."

_BODIES: dict[str, str] = {
    "existence": "Extract from the company register\n\nName: {legal_name}\nNumber: {number}\nStatus: active\nSigns alone: {owner}",
    "address": "Electricity bill\n\nFor: {legal_name}\n{address}\nAmount: made illegible",
    "newer_bill": "Electricity bill, of last month\n\nFor: {legal_name}\n{address}\nAmount: made illegible",
    "representative": "Authorisation\n\n{owner} may sign for {legal_name} in all matters of its apps.",
    "processing_contract": "Contract on data processing (template)\n\nBetween the seller and {legal_name}. The "
    "processor acts on the seller's "
    "instructions only, binds its people to secrecy, names its sub-processors, and deletes data at the end.",
    "incident_plan": "Plan for incidents of {developer}\n\n1. Whoever notices it calls the person on duty.\n2. Access is cut off.\n"
    "3. The marketplace hears of it within the hours that the plan names.\n4. What happened is written down, and the plan is mended.",
    "scans": "Scan for weaknesses, summary\n\nOrganisation: {developer}\nCritical: 0\nHigh: 0\nMedium: 2, both mended within a week",
    "penetration_test": "Penetration test, summary\n\nOrganisation: {developer}\nNothing critical was found; one note "
    "on session lifetimes.",
    "retention": "Deletion job of {developer}, last run\n\nOldest record with personal data: 12 days\nDeleted in this run: 41 records",
    "access": "Accounts with access at {developer}\n\n4 people, each with a second factor; last review: this quarter",
    "finding": "Note of {developer} on a finding\n\nThe copy was deleted, and exports now end up in the encrypted archive.",
}


def paper(kind: str, **words: str) -> bytes:
    """A made-up document of a kind, about an organisation: plain text."""
    return f"{MADE_UP}\n\n{_BODIES[kind].format(**words)}\n\n{MADE_UP}\n".encode()
