"""Score, open points and roles: pure tables over the built-in questionnaire and over small ones."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.assessments.library import OWN_FOLDER
from piepowder.rooms.assessments.rules import status
from piepowder.rooms.assessments.rules.answers import Given, Proof, normal
from piepowder.rooms.assessments.rules.check import check
from piepowder.rooms.assessments.rules.clocks import (
    business_days_after,
    business_days_between,
    percentile,
    reminder_due,
)
from piepowder.rooms.assessments.rules.conditions import Case, visible
from piepowder.rooms.assessments.rules.differences import Change, differences
from piepowder.rooms.assessments.rules.law import legal_facts
from piepowder.rooms.assessments.rules.questionnaire import Questionnaire, Score, body, parse
from piepowder.rooms.assessments.rules.score import GapKind, Result, judge
from piepowder.rooms.assessments.rules.status import TRANSITIONS, Judged, Status, Word, check_conclusion, proposed
from tests.support.assessments import PROVED, ROLES, good_answers

TODAY = date(2026, 11, 25)
PROOF = Proof(id="doc_1", name="plan.pdf", expires_on="2027-06-01")


def built_in() -> Questionnaire:
    return parse(yaml.safe_load((OWN_FOLDER / "data-protection-2026-1.yaml").read_text(encoding="utf-8")))


def case(**other: Any) -> Case:
    questionnaire = built_in()
    answers = {
        name: Given(value=value, evidence=(PROOF,) if name in PROVED else ())
        for name, value in {**good_answers(), **other}.items()
    }
    return Case(questionnaire=questionnaire, answers=answers, roles=tuple(ROLES), today=TODAY)


def result(**other: Any) -> Result:
    return judge(case(**other))


def test_the_built_in_questionnaire_passes_its_own_check() -> None:
    """It has no unknown names, loops or unreachable questions, and every question serves a clause."""
    questionnaire = built_in()
    assert check(questionnaire) == []
    assert 35 <= len(list(questionnaire.questions())) <= 50


def test_right_answers_earn_everything() -> None:
    """Complete, 100 %, and every role that is asked for is supported."""
    found = result()
    assert (found.percent, found.gaps, found.findings) == (100, (), ())
    assert list(found.supported) == ROLES


@pytest.mark.parametrize(
    ("other", "question", "score"),
    [
        ({"second_factor": "nowhere"}, "second_factor", Score.NONE),
        ({"second_factor": "administrators"}, "second_factor", Score.PARTIAL),
        ({"retention_days": {"shipping.labels": 60}, "long_retention_only_tax": False}, "retention_days", Score.NONE),
        ({"legal_basis": {"shipping.labels": "unknown"}}, "legal_basis", Score.NONE),
        ({"incident_hours": 48}, "incident_hours", Score.NONE),
        ({"incident_rehearsed": "2026-01-01"}, "incident_rehearsed", Score.PARTIAL),
        (
            {"sub_processors": [{"name": "Far", "service": "mail", "country": "US", "mechanism": "not_needed"}]},
            "sub_processors",
            Score.NONE,
        ),
        ({"purposes": ["advertising"]}, "purposes", Score.NONE),
    ],
)
def test_obvious_gaps_are_found(other: dict[str, Any], question: str, score: Score) -> None:
    """The linter says what is wrong, what mends it, and which roles it stands in the way of."""
    finding = result(**other).finding_of(question)
    assert finding is not None
    assert finding.score is score
    assert finding.says
    assert finding.fix
    assert (ROLES[1] in finding.blocks) is (score is Score.NONE or question == "second_factor")


def test_a_wrong_answer_blocks_only_the_roles_that_it_is_about() -> None:
    """Without a second factor no personal data, but tracking orders is still possible."""
    found = result(second_factor="nowhere")
    assert list(found.supported) == ["inventory_and_order_tracking"]
    assert [one.blocked_by for one in found.roles if not one.supported] == [("second_factor",)]


def test_data_kept_for_tax_law_may_stay_longer() -> None:
    """More than 30 days earn full marks where it is for tax law only, encrypted and apart."""
    found = result(retention_days={"shipping.labels": 3650}, long_retention_only_tax=True)
    assert found.findings == ()
    assert found.complete


def test_a_transfer_mechanism_makes_a_country_abroad_right() -> None:
    """A sub-processor outside is accepted with standard contractual clauses."""
    rows = [{"name": "Far", "service": "mail", "country": "US", "mechanism": "scc"}]
    assert result(sub_processors=rows).finding_of("sub_processors") is None


def test_questions_are_shown_when_their_conditions_hold() -> None:
    """The question about longer retention appears with the 31st day, and what hangs on a hidden question is hidden, too."""
    shown = {one.id for one in visible(case(retention_days={"shipping.labels": 31}))}
    assert "long_retention_only_tax" in shown
    hidden = {one.id for one in visible(case(stores_personal_data=False, retention_days={"shipping.labels": 31}))}
    assert not {"retention_days", "long_retention_only_tax", "deletion_hours"} & hidden


def test_what_is_missing_is_an_open_point() -> None:
    """Unanswered questions, purposes without an answer, rows without a cell, and missing or expired documents."""
    base = case(
        firewall=None,
        purposes=["shipping.labels", "messaging"],
        sub_processors=[{"name": "Example Hosting", "country": "IE"}],
    )
    answers = {**base.answers, "scans": Given(value="2026-11-01")}
    expired = Proof(id="doc_2", name="old.pdf", expires_on="2026-11-24")
    answers["incident_plan"] = Given(value=True, evidence=(expired,))
    kinds = {gap.question: gap.kind for gap in judge(replace(base, answers=answers)).gaps}
    assert kinds["firewall"] is GapKind.UNANSWERED
    assert kinds["legal_basis"] is GapKind.INCOMPLETE
    assert kinds["sub_processors"] is GapKind.INCOMPLETE
    assert kinds["scans"] is GapKind.EVIDENCE_MISSING
    assert kinds["incident_plan"] is GapKind.EVIDENCE_EXPIRED


def test_a_document_proves_until_its_last_day() -> None:
    """On the day it expires on it is still good."""
    answers = {**case().answers}
    answers["incident_plan"] = Given(value=True, evidence=(Proof(id="doc_3", expires_on=TODAY.isoformat()),))
    assert judge(replace(case(), answers=answers)).complete


def test_an_empty_questionnaire_scores_nothing() -> None:
    """Before the first answer the score is 0 %, and optional questions are no open points."""
    found = judge(Case(questionnaire=built_in(), answers={}, roles=tuple(ROLES), today=TODAY))
    assert found.percent == 0
    assert found.answered == 0
    assert "other_accounts" not in {gap.question for gap in found.gaps}


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("firewall", "perhaps"),
        ("second_factor", "sometimes"),
        ("malware", ["endpoint", "luck"]),
        ("leavers", "soon"),
        ("leavers", -1),
        ("leavers", 1.5),
        ("leavers", True),
        ("scans", "31.12.2026"),
        ("what_the_apps_do", "x" * 8001),
        ("what_the_apps_do", "a\x00b"),
        ("what_the_apps_do", "half \ud800 pair"),
        ("legal_basis", "contract"),
        ("legal_basis", {"shipping.labels": "luck"}),
        ("sub_processors", [{"nickname": "x"}]),
        ("sub_processors", [{"name": "x", "country": "XX"}]),
        ("sub_processors", ["x"]),
        ("countries", [{"country": "DE"}] * 201),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(question: str, value: Any) -> None:
    """The sentence speaks of the question, and names what would fit."""
    with pytest.raises(PiepowderError) as caught:
        normal(built_in().question(question), value, ["shipping.labels"])
    assert caught.value.code == "assessments_answer_invalid"


@pytest.mark.parametrize(
    ("question", "value", "kept"),
    [
        ("firewall", "yes", True),
        ("firewall", "", None),
        ("leavers", " 24 ", 24),
        ("malware", ["integrity", "endpoint", "endpoint"], ["endpoint", "integrity"]),
        ("what_the_apps_do", " a\r\nb ", "a\nb"),
        ("countries", [{"country": "de", "what": ""}, {"country": "", "what": ""}], [{"country": "DE"}]),
        ("legal_basis", {"messaging": "consent", "shipping.labels": ""}, {"messaging": "consent"}),
    ],
)
def test_a_value_has_one_form_in_which_it_is_kept(question: str, value: Any, kept: Any) -> None:
    """Typed or sent, the same answer is the same value; empty rows and cells are no answer."""
    assert normal(built_in().question(question), value, ["shipping.labels"]) == kept


SMALL: dict[str, Any] = {
    "id": "small",
    "version": "1",
    "title": "Small",
    "intro": "A questionnaire for tests.",
    "in_force_from": "2026-01-01",
    "clauses": {"1": {"title": "One", "says": "One thing."}},
    "purposes": {},
    "roles": {"finance": "Finance"},
    "sections": [
        {
            "id": "only",
            "title": "Only",
            "questions": [
                {"id": "a", "kind": "yes_no", "ask": "A?", "clause": "1"},
                {
                    "id": "b",
                    "kind": "number",
                    "ask": "B?",
                    "clause": "1",
                    "only_if": {"question": "a", "test": {"is": True}},
                },
            ],
        }
    ],
}


def small(**of_b: Any) -> Questionnaire:
    first, second = SMALL["sections"][0]["questions"]
    return parse({**SMALL, "sections": [{"id": "only", "title": "Only", "questions": [first, {**second, **of_b}]}]})


@pytest.mark.parametrize(
    ("of_b", "words"),
    [
        ({"clause": ""}, "question `b` serves no clause"),
        ({"clause": "9"}, "question `b` serves the unknown clause `9`"),
        ({"only_if": {"question": "z"}}, "question `b` is shown only for the unknown question `z`"),
        ({"only_if": {"role": ["cook"]}}, "question `b` names the unknown role `cook`"),
        ({"only_if": {"question": "b", "test": {"at_least": 1}}}, "question `b` waits for itself, by way of `b`"),
        (
            {"only_if": {"all": [{"question": "a", "test": {"is": True}}, {"question": "a", "test": {"is": False}}]}},
            "question `b` can never be shown: its conditions contradict each other",
        ),
        ({"kind": "one"}, "question `b` has no choices"),
        ({"kind": "rows"}, "question `b` has no columns"),
        (
            {"rules": [{"score": "none", "when": {"at_most": "days"}}]},
            "question `b` has a rule 1 that names the unknown limit `days`",
        ),
        (
            {"rules": [{"score": "none", "when": {"at_most": 1}}]},
            "question `b` has a rule 1 that takes marks away without saying why and what would mend it",
        ),
        ({"id": "a"}, "the question `a` stands there twice"),
    ],
)
def test_the_check_names_what_would_ask_wrongly(of_b: dict[str, Any], words: str) -> None:
    """Unknown names, loops, contradictions, missing clauses and rules without a reason."""
    assert words in check(small(**of_b))
    assert check(small()) == []


def test_a_file_of_another_shape_is_told_where_it_does_not_fit() -> None:
    """A misspelt member is not silently left out."""
    with pytest.raises(PiepowderError) as caught:
        small(clauze="1")
    assert caught.value.code == "assessments_questionnaire_malformed"
    assert "clauze" in caught.value.message


def test_a_questionnaire_survives_being_kept() -> None:
    """What is stored beside the answers is the same questionnaire again."""
    assert parse(body(built_in())) == built_in()


def test_differences_between_versions_say_which_answers_still_fit() -> None:
    """A choice that was taken away is named as one that has to be answered anew; what is the same is not listed."""
    questions = [
        {"id": "b", "kind": "text", "ask": "B, in words?", "clause": "1"},
        {"id": "c", "kind": "yes_no", "ask": "C?", "clause": "1"},
    ]
    new = parse({**SMALL, "version": "2", "sections": [{"id": "only", "title": "Only", "questions": questions}]})
    found = {one.question: one for one in differences(small(), new, {"b": Given(value=3)})}
    assert found["c"].change is Change.ADDED
    assert found["a"].change is Change.REMOVED
    assert found["b"].change is Change.CHANGED
    assert not found["b"].fits
    assert "how it is answered" in found["b"].parts


def test_what_law_asks_is_read_by_its_meaning() -> None:
    """Purposes, bases, retention and countries come as typed data, in the order of the purposes."""
    facts = legal_facts(case(countries=[{"country": "DE"}, {"country": "FR"}]))
    assert facts.controller_or_processor == "processor"
    assert facts.purposes == ("shipping.labels",)
    assert facts.legal_basis == {"shipping.labels": "contract"}
    assert facts.retention_days == {"shipping.labels": 14}
    assert facts.countries == ("DE", "FR", "IE")
    assert facts.sub_processors[0].country_name == "Ireland"
    assert facts.outside(frozenset({"DE", "IE"})) == ("FR",)


def test_the_diagram_is_the_table() -> None:
    """Every line of the docstring is a row of the transition table, and the other way round."""
    drawn = {
        line.split("->")[0].strip(): {word.strip() for word in line.split("->")[1].split(",")}
        for line in (status.__doc__ or "").splitlines()
        if "->" in line
    }
    table = {str(one): {str(to) for to in ways} or {"(final)"} for one, ways in TRANSITIONS.items()}
    assert drawn == table


def test_a_conclusion_follows_from_the_decisions() -> None:
    """All right is approved, a question comes back, a wrong answer leaves the roles that it is not about."""
    ok = Judged(question="a", word=Word.OK)
    wrong = Judged(question="b", word=Word.WRONG, blocks=frozenset({"tax"}))
    everywhere = Judged(question="b", word=Word.WRONG, blocks=frozenset({"tax", "finance"}))
    ask = Judged(question="c", word=Word.ASK)
    asked = ["tax", "finance"]
    assert proposed(asked, [ok]) is Status.APPROVED
    assert proposed(asked, [ok, wrong]) is Status.PARTLY_APPROVED
    assert proposed(asked, [ok, everywhere]) is Status.RETURNED
    assert proposed(asked, [wrong, ask]) is Status.RETURNED


@pytest.mark.parametrize(
    ("outcome", "roles", "word", "blocks"),
    [
        (Status.APPROVED, ["tax"], Word.WRONG, {"tax"}),
        (Status.REFUSED, [], Word.OK, set()),
        (Status.REFUSED, [], Word.ASK, set()),
        (Status.REFUSED, [], Word.WRONG, {"tax"}),  # finance is still free
        (Status.RETURNED, [], Word.OK, set()),
        (Status.PARTLY_APPROVED, [], Word.WRONG, {"tax"}),
        (Status.PARTLY_APPROVED, ["tax"], Word.WRONG, {"tax"}),
        (Status.PARTLY_APPROVED, ["cook"], Word.WRONG, {"tax"}),
        (Status.WITHDRAWN, [], Word.OK, set()),
    ],
)
def test_a_conclusion_never_contradicts_the_decisions(
    outcome: Status, roles: list[str], word: Word, blocks: set[str]
) -> None:
    """Nobody is refused without a wrong answer, and no role is refused that no wrong answer is about."""
    with pytest.raises(PiepowderError) as caught:
        check_conclusion(
            outcome, roles, ["tax", "finance"], [Judged(question="a", word=word, blocks=frozenset(blocks))]
        )
    assert caught.value.code == "assessments_conclusion_wrong"


def test_business_days_leave_out_weekends_and_holidays() -> None:
    """Ten business days from a Wednesday end on a Wednesday two weeks later, or a day later with a holiday between."""
    wednesday = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    assert business_days_after(wednesday, 10).date() == date(2026, 12, 9)
    assert business_days_after(wednesday, 10, [date(2026, 12, 1)]).date() == date(2026, 12, 10)
    assert business_days_between(wednesday, datetime(2026, 12, 9, 8, 0, tzinfo=UTC)) == 10
    assert business_days_between(wednesday, wednesday) == 0


def test_published_waits_are_nearest_ranks() -> None:
    """The median of an even number is a wait that somebody really had; nothing is published of nothing."""
    assert percentile([5, 1, 3, 9], 0.5) == 3
    assert percentile([5, 1, 3, 9], 0.9) == 9
    assert percentile([], 0.5) is None


def test_reminders_come_once_and_are_never_made_up_for() -> None:
    """60, 30, 14, 7, 3 and 1 days ahead; whoever slept through several gets the nearest one only, and none after the end."""
    end = datetime(2027, 1, 31, tzinfo=UTC)
    assert reminder_due(end, datetime(2026, 12, 1, tzinfo=UTC), []) is None
    assert reminder_due(end, datetime(2026, 12, 2, tzinfo=UTC), []) == 60
    assert reminder_due(end, datetime(2026, 12, 3, tzinfo=UTC), [60]) is None
    assert reminder_due(end, datetime(2027, 1, 29, tzinfo=UTC), [60]) == 3
    assert reminder_due(end, end, []) is None
