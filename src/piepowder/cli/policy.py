"""`piepowder policy`: check a policy pack, run its example questions, ask it why, look at it; and put it in force.

All but `publish` need no running installation.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from piepowder.cli.options import Common, print_json, print_table, printable
from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.marketplace.model import OrderState
from piepowder.core.marketplace.taxonomy import CATEGORIES
from piepowder.core.policy.cedar import Fault, base_schema
from piepowder.core.policy.check import Report
from piepowder.core.policy.check import check as check_pack
from piepowder.core.policy.decide import Prepared, decide, prepare
from piepowder.core.policy.examples import Result, run_examples
from piepowder.core.policy.explain import Explanation, explain_decision
from piepowder.core.policy.model import Question, Verdict
from piepowder.core.policy.pack import DEFAULT_PACK, Pack, read_pack, shipped_packs
from piepowder.core.policy.table import CAPABILITIES
from piepowder.core.policy.taxonomy import ROLES, lineage

app = App(name="policy", help="Check, test and explain policy packs.")


@app.command
def check(pack: str = DEFAULT_PACK, *, no_gaps: bool = False, common: Common = Common()) -> int:
    """Read a pack as the gateway would, and list faults, doubts, and calls that no policy speaks about.

    Parameters
    ----------
    pack
        Folder of the pack, or the name of one that comes with Piepowder.
    no_gaps
        Fail where a gap is left.
    """
    report = check_pack(read_pack(pack))
    failed = not report.ok or (no_gaps and bool(report.gaps))
    if common.json:
        print_json({"ok": not failed, "report": report})
    else:
        _print_report(report)
    return int(failed)


@app.command(name="test")
def ask_examples(pack: str = DEFAULT_PACK, *, common: Common = Common()) -> int:
    """Ask a pack its own example questions and compare the answers with those written down.

    Parameters
    ----------
    pack
        Folder of the pack, or the name of one that comes with Piepowder.
    """
    prepared = prepare(read_pack(pack))
    results = run_examples(prepared)
    untested = _untested(prepared, results)
    failed = [result for result in results if not result.ok]
    if common.json:
        print_json({"ok": not failed, "version": prepared.version, "results": results, "untested": untested})
    else:
        _print_results(prepared, results, untested)
    return int(bool(failed))


@app.command
def explain(
    pack: str = DEFAULT_PACK,
    *,
    app_id: Annotated[str, Parameter(name="--app")] = "app_example",
    role: tuple[str, ...] = (),
    purpose: str | None = None,
    state: OrderState = OrderState.NONE,
    category: tuple[str, ...] = (),
    operation: str = "orders.v0.getOrder",
    environment: str = "production",
    common: Common = Common(),
) -> None:
    """Say what a call would be given and why: the policy, its line, and what would change it.

    The call is taken to have the standing, the seller's consent and the manifest that it needs; those are explained by the
    decision of a real call.

    Parameters
    ----------
    pack
        Folder of the pack, or the name of one that comes with Piepowder.
    app_id
        The app.
    role
        Role that the app holds; repeatable.
    purpose
        Purpose of the call. Default: none is known.
    state
        Class of the order's life.
    category
        Data category, or one that stands above several; repeatable. Default: all.
    operation
        The operation called.
    environment
        production or sandbox.
    """
    prepared = prepare(read_pack(pack))
    categories = _categories(category)
    question = Question(
        policy_version=prepared.version,
        app=app_id,
        roles=frozenset(role),
        standing=CAPABILITIES,
        granted_purposes=frozenset({purpose} if purpose else ()),
        granted_categories=None,
        declared=categories,
        purpose=purpose,
        operation=operation,
        order_state=state,
        environment=environment,
    )
    decision = decide(question, categories, prepared)
    explanations = explain_decision(decision, prepared)
    if common.json:
        rows = [_explained(decision.verdicts[each.category], each) for each in explanations]
        print_json({"version": prepared.version, "question": question, "verdicts": rows})
        return
    _hint_unknown_roles(role)
    for each in explanations:
        _say([each.what, *(f"  {sentence}" for sentence in each.sentences[1:]), ""])


@app.command
def show(pack: str = DEFAULT_PACK, *, common: Common = Common()) -> None:
    """Show a pack: its title page and every policy with its reason.

    Parameters
    ----------
    pack
        Folder of the pack, or the name of one that comes with Piepowder.
    """
    prepared = prepare(read_pack(pack))
    rules = prepared.engine.rules
    if common.json:
        print_json({**_title(prepared.pack), "policies": [_policy(prepared, rule.id) for rule in rules]})
        return
    _say([f"{prepared.pack.title} ({prepared.version})", prepared.pack.description, ""])
    print_table(
        ("policy", "", "where", "reason"),
        ((rule.id, _kind(prepared, rule.id), f"{rule.file}:{rule.line}", rule.reason) for rule in rules),
    )


@app.command(name="list")
def list_packs(*, common: Common = Common()) -> None:
    """List the packs that come with Piepowder."""
    packs = [read_pack(name) for name in shipped_packs()]
    if common.json:
        print_json([_title(pack) for pack in packs])
        return
    print_table(("pack", "version", "description"), ((pack.name, pack.version, pack.description) for pack in packs))


@app.command
def schema(*, common: Common = Common()) -> None:
    """Print the Cedar schema that every pack is held to, for `schema.cedarschema`."""
    if common.json:
        print_json({"schema": base_schema()})
        return
    print(base_schema(), end="")


@app.command
def history(policy_id: str | None = None, *, common: Common = Common()) -> None:
    """The policies that were published, the newest, which is in force, first; or the files of one.

    Parameters
    ----------
    policy_id
        The policy (`pol_…`), or `current`.
    """
    from piepowder.cli.control import open_rooms, show, show_list

    open_rooms(common)
    from piepowder.rooms.publication.models import Policy

    if policy_id is None:
        rows = [policy.described() for policy in Policy.objects.newest()[:500]]
        show_list(rows, ("id", "version", "number", "published_by", "published_at"), common)
        return
    found = Policy.objects.in_force() if policy_id == "current" else Policy.objects.named(policy_id)
    show({**found.described(), "files": found.files}, common)


@app.command
def publish(
    pack: str = DEFAULT_PACK, *, key_file: Path | None = None, force: bool = False, common: Common = Common()
) -> int:
    """Put a pack in force: every gateway worker decides by it within a moment. Its own examples must come out right first.

    Parameters
    ----------
    pack
        Folder of the pack, or the name of one that comes with Piepowder.
    key_file
        File with the key of whoever publishes; default: whoever may run commands here.
    force
        Publish although an example question has another answer than the pack expects.
    """
    from piepowder.cli.control import acting, now, open_rooms

    read = read_pack(pack)
    wrong = [result for result in run_examples(prepare(read)) if not result.ok]
    if wrong and not force:
        raise PiepowderError(
            "cli_policy_examples_fail",
            f"{len(wrong)} example questions of `{read.version}` have other answers than expected",
            hint="`piepowder policy test` shows them; --force publishes all the same",
        )
    open_rooms(common)
    from piepowder.rooms.ground.caller import Permission
    from piepowder.rooms.publication.actions import publish_policy

    policy = publish_policy(read.files, by=acting(key_file, Permission.POLICY), at=now())
    if common.json:
        print_json({"version": policy.version, "number": policy.number})
    else:
        print(f"in force: {policy.version}")
    return 0


def _print_report(report: Report) -> None:
    for word, faults in (("error", report.errors), ("warning", report.warnings)):
        _say(_fault_line(word, fault) for fault in faults)
    if report.gaps:
        _say(["gaps, where no policy speaks and all is withheld:", *(f"  {gap.words}" for gap in report.gaps)])
    summary = f"{len(report.errors)} errors, {len(report.warnings)} warnings, {len(report.gaps)} gaps"
    _say([f"{report.version}: {report.policies} policies, {summary}"])


def _fault_line(word: str, fault: Fault) -> str:
    return f"{word}: {fault}" + (f" (policy `{fault.policy}`)" if fault.policy else "")


def _print_results(prepared: Prepared, results: Sequence[Result], untested: Sequence[str]) -> None:
    for result in results:
        if not result.ok:
            _say([f"not as written: {result.name}, `{result.category}`: {'; '.join(result.differences)}"])
    if untested:
        _say([f"no example is decided by: {', '.join(untested)}"])
    good = sum(result.ok for result in results)
    _say([f"{prepared.version}: {good} of {len(results)} answers as written"])


def _untested(prepared: Prepared, results: Iterable[Result]) -> list[str]:
    decided = {policy for result in results for policy in result.policies}
    return [rule.id for rule in prepared.engine.rules if rule.id not in decided]


def _categories(given: Sequence[str]) -> frozenset[str]:
    """Known categories that are named or stand under a name; all of them if none is given."""
    if not given:
        return frozenset(CATEGORIES)
    found = {category: [known for known in CATEGORIES if category in lineage(known)] for category in given}
    unknown = [category for category, below in found.items() if not below]
    if unknown:
        raise PiepowderError(
            "policy_unknown_category",
            f"there is no data category `{unknown[0]}`",
            hint=f"it is one of {', '.join(CATEGORIES)}, or a word above some of them, such as buyer.address",
            kind=ErrorKind.NOT_FOUND,
            category=unknown[0],
        )
    return frozenset(known for below in found.values() for known in below)


def _hint_unknown_roles(roles: Iterable[str]) -> None:
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        _say([f"note: `{unknown[0]}` is not among the roles Piepowder knows: {', '.join(ROLES)}", ""])


def _explained(verdict: Verdict, explanation: Explanation) -> dict[str, object]:
    return {"verdict": verdict, "explanation": explanation, "sentences": explanation.sentences}


def _title(pack: Pack) -> dict[str, object]:
    return {"name": pack.name, "version": pack.version, "title": pack.title, "description": pack.description}


def _policy(prepared: Prepared, name: str) -> dict[str, object]:
    rule = prepared.rules[name]
    return {
        "id": rule.id,
        "effect": "permit" if rule.permits else "forbid",
        "substitute": rule.substitute,
        "reason": rule.reason,
        "file": rule.file,
        "line": rule.line,
        "text": rule.text,
    }


def _kind(prepared: Prepared, name: str) -> str:
    rule = prepared.rules[name]
    if not rule.permits:
        return "forbid"
    return f"permit as {rule.substitute}" if rule.substitute else "permit"


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(printable(line))
