"""The compiler of questionnaires: everything that would make a file ask wrongly, as sentences. Pure.

It finds names that lead nowhere, questions that wait for each other, questions that can never be shown, and questions or scoring
rules that serve no clause. A file with a problem is not loaded.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from piepowder.rooms.assessments.rules.questionnaire import (
    EVERY,
    Condition,
    Kind,
    Meaning,
    Question,
    Questionnaire,
    Score,
    Test,
)

_WITH_OPTIONS = (Kind.ONE, Kind.MANY)
_MEANT: dict[Meaning, tuple[Kind, ...]] = {
    Meaning.PURPOSES: (Kind.MANY,),
    Meaning.CONTROLLER_OR_PROCESSOR: (Kind.ONE,),
    Meaning.LEGAL_BASIS: (Kind.PER_PURPOSE,),
    Meaning.SUB_PROCESSORS: (Kind.ROWS,),
    Meaning.COUNTRIES: (Kind.ROWS,),
    Meaning.RETENTION_DAYS: (Kind.NUMBER, Kind.PER_PURPOSE),
}


def check(questionnaire: Questionnaire) -> list[str]:
    """What is wrong, as sentences; empty if nothing is."""
    return [
        *_whole(questionnaire),
        *(problem for question in questionnaire.questions() for problem in _question(questionnaire, question)),
        *_loops(questionnaire),
        *_never_shown(questionnaire),
        *_unused(questionnaire),
    ]


def _whole(questionnaire: Questionnaire) -> Iterator[str]:
    for what, names in (
        ("section", [section.id for section in questionnaire.sections]),
        ("question", [question.id for question in questionnaire.questions()]),
        ("meaning", [question.meaning for question in questionnaire.questions() if question.meaning]),
    ):
        yield from (f"the {what} `{name}` stands there twice" for name, count in Counter(names).items() if count > 1)
    yield from (
        f"section `{section.id}` has no question" for section in questionnaire.sections if not section.questions
    )
    try:
        date.fromisoformat(questionnaire.in_force_from)
    except ValueError:
        yield f"`in_force_from` is no date: `{questionnaire.in_force_from}`"
    for group, roles in questionnaire.role_groups.items():
        yield from (
            f"group `{group}` names the unknown role `{role}`" for role in roles if role not in questionnaire.roles
        )
    if (purposes := questionnaire.meaning(Meaning.PURPOSES)) is not None:
        chosen = {option.value for option in purposes.options}
        yield from (
            f"question `{purposes.id}`: purpose `{one}` is in one list only"
            for one in sorted(chosen ^ set(questionnaire.purposes))
        )


def _question(questionnaire: Questionnaire, question: Question) -> Iterator[str]:
    problems = [
        *_shape(question),
        *_clause(questionnaire, question),
        *_names(questionnaire, "is shown only for", question.only_if),
        *_names(questionnaire, "asks evidence for", question.evidence.when if question.evidence else None),
        *_roles(questionnaire, question.guards),
        *_rules(questionnaire, question),
    ]
    if question.kind is Kind.PER_PURPOSE and questionnaire.meaning(Meaning.PURPOSES) is None:
        problems.append("is answered per purpose, but no question has the meaning `purposes`")
    yield from (f"question `{question.id}` {problem}" for problem in problems)


def _clause(questionnaire: Questionnaire, question: Question) -> Iterator[str]:
    if not question.clause:
        yield "serves no clause"
    elif question.clause not in questionnaire.clauses:
        yield f"serves the unknown clause `{question.clause}`"


def _shape(question: Question) -> Iterator[str]:
    kinds = {question.kind, question.each} if question.kind is Kind.PER_PURPOSE else {question.kind}
    if kinds & set(_WITH_OPTIONS) and not question.options:
        yield "has no choices"
    if question.options and not kinds & set(_WITH_OPTIONS):
        yield "has choices, but is not answered by choosing"
    yield from (
        f"has the choice `{one}` twice"
        for one, count in Counter(o.value for o in question.options).items()
        if count > 1
    )
    if question.kind is Kind.PER_PURPOSE and question.each in (Kind.ROWS, Kind.PER_PURPOSE):
        yield f"cannot have `{question.each}` for each purpose"
    if (question.kind is Kind.ROWS) is not bool(question.columns):
        yield "has no columns" if question.kind is Kind.ROWS else "has columns, but no rows"
    for column in question.columns:
        if column.kind not in ("text", "one", "date", "country"):
            yield f"has a column `{column.id}` of the unknown kind `{column.kind}`"
        if (column.kind == "one") is not bool(column.options):
            yield f"has a column `{column.id}` whose choices do not fit its kind"
    if question.meaning and question.kind not in _MEANT[question.meaning]:
        yield f"has the meaning `{question.meaning}`, which a question of kind `{question.kind}` cannot have"


def _rules(questionnaire: Questionnaire, question: Question) -> Iterator[str]:
    for number, rule in enumerate(question.rules, 1):
        where = f"has a rule {number} that"
        yield from (f"{where} {problem}" for problem in _test(questionnaire, question, rule.when))
        yield from (f"{where} {problem}" for problem in _names(questionnaire, "looks at", rule.also))
        yield from (f"{where} {problem}" for problem in _roles(questionnaire, rule.blocks))
        if rule.score is not Score.FULL and not (rule.says and rule.fix):
            yield f"{where} takes marks away without saying why and what would mend it"
        if rule.when == Test() and rule.also is None and number < len(question.rules):
            yield f"{where} always holds, so that the rules after it are never reached"


def _roles(questionnaire: Questionnaire, names: Iterable[str]) -> Iterator[str]:
    known = {EVERY, *questionnaire.roles, *questionnaire.role_groups}
    yield from (f"names the unknown role `{name}`" for name in names if name not in known)


def _names(questionnaire: Questionnaire, doing: str, condition: Condition | None) -> Iterator[str]:
    """What a condition names that is not there."""
    if condition is None:
        return
    if condition.question:
        other = questionnaire.find(condition.question)
        if other is None:
            yield f"{doing} the unknown question `{condition.question}`"
        else:
            yield from _test(questionnaire, other, condition.test)
    elif condition.test != Test():
        yield f"{doing} a test without a question"
    yield from _roles(questionnaire, condition.role)
    yield from (f"names the unknown purpose `{one}`" for one in condition.purpose if one not in questionnaire.purposes)
    for inner in (*condition.all, *condition.any, *condition.none):
        yield from _names(questionnaire, doing, inner)


def _test(questionnaire: Questionnaire, question: Question, test: Test) -> Iterator[str]:
    """What a test asks of a question that its answer cannot have."""
    kinds = {question.kind, question.each} if question.kind is Kind.PER_PURPOSE else {question.kind}
    words = [*test.any_of, *test.none_of, test.has, test.lacks, test.is_ if isinstance(test.is_, str) else ""]
    if kinds & set(_WITH_OPTIONS):
        known = {option.value for option in question.options}
        yield from (
            f"tests `{question.id}` for the unknown choice `{word}`" for word in words if word and word not in known
        )
    yield from _limits(questionnaire, test)
    for name, inner in (test.some_row or {}).items():
        if (column := next((column for column in question.columns if column.id == name), None)) is None:
            yield f"tests `{question.id}` for the unknown column `{name}`"
        else:
            chosen = {option.value for option in column.options}
            cells = [*inner.any_of, *inner.none_of, inner.is_ if isinstance(inner.is_, str) else ""]
            yield from (f"tests column `{name}` for `{one}`" for one in cells if one and chosen and one not in chosen)
            yield from _limits(questionnaire, inner)
    if test.some_purpose is not None:
        if question.kind is not Kind.PER_PURPOSE:
            yield f"tests `{question.id}` per purpose, which is not how it is answered"
        yield from _test(questionnaire, question, test.some_purpose)


def _limits(questionnaire: Questionnaire, test: Test) -> Iterator[str]:
    for limit in (test.at_least, test.at_most):
        if isinstance(limit, str) and limit not in questionnaire.limits:
            yield f"names the unknown limit `{limit}`"
    for group in (test.inside, test.outside):
        if group and group not in questionnaire.groups:
            yield f"names the unknown group `{group}`"


def depends_on(condition: Condition | None) -> set[str]:
    """The questions that a condition looks at."""
    if condition is None:
        return set()
    inner = (*condition.all, *condition.any, *condition.none)
    return set().union({condition.question} - {""}, *(depends_on(one) for one in inner))


def _loops(questionnaire: Questionnaire) -> Iterator[str]:
    needs = {question.id: depends_on(question.only_if) for question in questionnaire.questions()}
    for start in needs:
        seen: set[str] = set()
        ahead = set(needs[start])
        while ahead - seen:
            one = (ahead - seen).pop()
            seen.add(one)
            ahead |= needs.get(one, set())
        if start in seen:
            yield f"question `{start}` waits for itself, by way of {', '.join(f'`{one}`' for one in sorted(seen))}"


def _never_shown(questionnaire: Questionnaire) -> Iterator[str]:
    """A condition that contradicts itself, as far as it can be seen: the same question is to be two things at once."""
    never: set[str] = set()
    for question in questionnaire.questions():
        wanted = list(_demands(question.only_if))
        clash = any(_clash(a, b) for number, a in enumerate(wanted) for b in wanted[number + 1 :])
        if clash or {condition.question for condition in wanted} & never:
            never.add(question.id)
            yield f"question `{question.id}` can never be shown: its conditions contradict each other"


def _demands(condition: Condition | None) -> Iterator[Condition]:
    """What must hold in any case for a condition to hold."""
    if condition is None:
        return
    if condition.question:
        yield condition
    for inner in (*condition.all, *(condition.any if len(condition.any) == 1 else ())):
        yield from _demands(inner)


def _clash(one: Condition, other: Condition) -> bool:
    a, b = one.test, other.test
    if one.question != other.question:
        return False
    if a.is_ is not None and b.is_ is not None and a.is_ != b.is_:
        return True
    if a.any_of and b.any_of and not set(a.any_of) & set(b.any_of):
        return True
    return {a.empty, b.empty} == {True, False} or bool(a.has and a.has == b.lacks) or bool(b.has and b.has == a.lacks)


def _unused(questionnaire: Questionnaire) -> Iterator[str]:
    used = {question.clause for question in questionnaire.questions()}
    yield from (f"clause `{name}` is served by no question" for name in questionnaire.clauses if name not in used)
