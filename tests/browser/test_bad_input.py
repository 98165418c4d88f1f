"""What people and programs should not send, by name, and the tests that send it; what only a browser can show is tried here in one."""

import ast
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import main, press, says
from tests.browser.test_developer import PASSWORD
from tests.support.stack import ROOT

Open = Callable[..., Page]

TESTED = {
    "double submit": (
        "people/test_people_sign_up.py::test_a_double_submit_makes_one_account",
        "evidence/test_evidence_documents.py::test_a_form_that_is_sent_twice_at_once_keeps_one",
        "store/test_store_listings.py::test_beginning_twice_is_beginning_once",
        "browser/test_bad_input.py::test_a_double_click_registers_one_organisation",
    ),
    "stale form": (
        "assessments/test_assessments_pages.py::test_a_stale_page_shows_the_other_answer",
        "appstore/test_appstore_pages.py::test_the_app_is_changed_and_a_stale_form_is_told",
        "developers/test_developers_members.py::test_a_stale_form_overwrites_nothing",
        "billing/test_billing_subscriptions.py::test_a_stale_form_changes_no_plan",
        "browser/test_staff.py::test_a_stale_form_says_so",
    ),
    "two reviewers at once": (
        "assessments/test_assessments_races.py::test_of_two_reviewers_at_once_one_gets_the_case",
        "appstore/test_appstore_races.py::test_of_two_reviewers_at_once_one_gets_it",
        "developers/test_developers_identity.py::test_of_two_reviewers_at_once_one_decides",
        "store/test_store_listings.py::test_two_who_decide_at_once",
        "browser/test_staff.py::test_a_reviewers_day",
    ),
    "a reviewer of the own organisation": (
        "assessments/test_review_desk.py::test_the_next_is_never_the_own_organisation",
        "appstore/test_appstore_review.py::test_nobody_reviews_their_own_organisation",
        "developers/test_developers_identity.py::test_nobody_reviews_their_own_organisation",
        "store/test_store_listings.py::test_nobody_decides_about_their_own_organisation",
        "browser/test_staff.py::test_nobody_reviews_their_own",
    ),
    "huge upload": (
        "evidence/test_evidence_rules.py::test_a_large_document_is_refused",
        "browser/test_bad_input.py::test_a_huge_document_is_refused_in_words",
    ),
    "wrong type, zip bomb, SVG with script": (
        "evidence/test_evidence_rules.py::test_a_hostile_document_is_refused",
        "evidence/test_evidence_rules.py::test_any_bytes_are_accepted_or_refused",
        "store/test_store_pictures.py::test_a_bomb_is_noticed_as_it_unfolds",
        "browser/test_developer.py::test_from_signing_up_to_the_shelf",
    ),
    "HTML in names": ("browser/test_bad_input.py::test_a_name_with_tags_is_shown_as_it_was_typed",),
    "names that hide something": (
        "ground/test_ground_names.py::test_what_nobody_can_see_is_refused",
        "people/test_people_sign_up.py::test_a_name_that_hides_something_is_refused_at_its_field",
        "appstore/test_appstore_review.py::test_an_app_brought_in_with_a_hidden_name_is_shown_with_it",
        "browser/test_bad_input.py::test_a_hidden_name_is_refused_at_its_field",
    ),
    "names that look alike": (
        "developers/test_developers_rules.py::test_names_that_look_alike_have_one_skeleton",
        "developers/test_developers_members.py::test_a_look_alike_name_is_flagged_to_reviewers_and_not_refused",
        "appstore/test_appstore_version_rules.py::test_names_that_look_alike_are_for_a_reviewer",
        "store/test_store_listings.py::test_names_that_look_alike_are_flagged",
    ),
    "redirect addresses": (
        "appstore/test_appstore_addresses.py::test_addresses_of_every_nasty_kind_are_refused",
        "appstore/test_appstore_addresses.py::test_loopback_is_for_redirects_only",
        "consent/test_consent_page.py::test_a_bad_request_is_never_redirected",
    ),
    "questionnaire changed meanwhile": (
        "assessments/test_assessments_rules.py::test_differences_between_versions_say_which_answers_still_fit",
        "assessments/test_assessments_actions.py::test_a_version_that_was_answered_is_not_altered",
    ),
    "decimals and currencies": (
        "billing/test_billing_money.py::test_no_amount_is_guessed",
        "billing/test_billing_money.py::test_parts_always_add_up",
        "billing/test_billing_money.py::test_every_currency_has_its_decimals",
    ),
    "closed organisation": (
        "assessments/test_assessments_actions.py::test_a_closed_organisation_hands_nothing_in",
        "appstore/test_appstore_review.py::test_a_closed_organisation_registers_nothing",
        "developers/test_developers_members.py::test_a_closed_organisation_can_do_nothing_more",
        "consent/test_consent_limits.py::test_nobody_can_authorise_the_app_of_a_closed_organisation",
        "consent/test_consent_programs.py::test_a_closed_organisation_gets_no_program",
    ),
}


@pytest.mark.parametrize("kind", TESTED)
def test_each_kind_has_its_tests(kind: str) -> None:
    """The list above names tests that are there."""
    for one in TESTED[kind]:
        path, _, name = one.partition("::")
        tree = ast.parse((ROOT / "tests" / path).read_text())
        assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}, one


def test_a_double_click_registers_one_organisation(anybody: Open, market: dict[str, Any]) -> None:
    """Somebody who presses twice has one organisation afterwards."""
    page = anybody()
    page.goto("/sign-in/")
    page.get_by_label("E-mail address").fill("dora@double.example")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    page.wait_for_url("**/developers/register/")
    page.get_by_label("Legal name").fill("Double Click Ltd")
    page.get_by_label("Country").select_option("IE")
    page.get_by_label("Company number").fill("123456, CRO")
    page.get_by_label("Address", exact=True).fill("2 Made-up Street, Cork")
    page.get_by_label("Website").fill("https://double.example")
    page.get_by_label("Privacy contact").fill("privacy@double.example")
    page.get_by_label("Security contact").fill("security@double.example")
    main(page).get_by_role("button", name="Register", exact=True).dblclick()
    page.wait_for_url("**/developer/")
    page.goto("/developer/")
    expect(page.get_by_label("Acting for")).to_have_count(0)


def test_a_huge_document_is_refused_in_words(developer: Open) -> None:
    """More than a document may have is said at the field, and the connection is not simply cut."""
    page = developer("otto@open.example")
    page.goto("/assessments/")
    main(page).get_by_role("link", name="Network protection").first.click()
    address = page.url.partition("/sections/")[0]
    page.goto(f"{address}/answers/incident_plan/evidence/")
    page.get_by_label("Document", exact=True).set_input_files(
        {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n" + b"0" * (12 << 20)}
    )
    press(page, "Attach")
    says(page, "10 MB")
    expect(main(page).locator(".wrong")).to_have_count(1)


@pytest.mark.parametrize("name", ["Label\u202erekam", "Label\u200bmaker"])
def test_a_hidden_name_is_refused_at_its_field(developer: Open, name: str) -> None:
    """A name that turns the writing, or has what nobody sees, is named at its field; what else was typed stays."""
    page = developer("otto@open.example")
    page.goto("/developer/apps/new")
    page.get_by_label("Name").fill(name)
    page.get_by_label("What it does").fill("Prints labels.")
    press(page, "Register")
    expect(main(page).locator(".wrong")).to_contain_text("U+20")
    assert page.get_by_label("What it does").input_value() == "Prints labels."


def test_a_name_with_tags_is_shown_as_it_was_typed(developer: Open, staff: Open) -> None:
    """Tags in a name are letters: on the developer's page and on the marketplace's, in its heading and its title."""
    page, name = developer("otto@open.example"), "<b>Labels</b><script>document.title = 'taken'</script>"
    page.goto("/developer/apps/new")
    page.get_by_label("Name").fill(name)
    press(page, "Register")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    desk = staff("operator")
    desk.goto(f"/apps/{page.url.rstrip('/').rpartition('/')[2]}/")
    expect(desk.get_by_role("heading", level=1)).to_have_text(name)
    assert desk.title().startswith(name)
