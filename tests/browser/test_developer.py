"""A developer's way: from signing up to an app on the shelf, with whatever comes back on the way. Names and documents are made up."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import follow, main, menu, press, says, station
from tests.support.assessments import good_answers
from tests.support.documents import SCRIPT, bomb, pdf

PASSWORD = "seven quiet otters"
MANIFEST = b"""\
operations:
  orders.v0.getOrders: [shipping]
  orders.v0.getOrderAddress: [shipping]
categories:
  shipping: [buyer.name, buyer.address]
"""
Open = Callable[..., Page]
Letters = Callable[[str], list[str]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_signing_up_to_the_shelf(anybody: Open, staff: Open, letters: Letters, theme: str) -> None:
    """A developer signs up, is assessed with one correction, has an app approved by two people and listed, and gets its secret once."""
    maker = f"{theme}.example"
    page = anybody(theme)
    sign_up(page, letters, f"ada@{maker}", "Ada Maker")
    register(page, maker)
    show_who_you_are(page)
    invite(page, anybody(theme), letters, f"ben@{maker}")
    answer_the_assessment(page)
    rita, sam = staff("reviewer", theme, name="rita"), staff("reviewer", theme, name="sam")
    come_back_and_correct(page, rita, sam, maker)
    register_an_app(page, f"Labels of {maker}")
    approved_by_two(page, rita, sam, f"Labels of {maker}")
    secret_once(page)
    list_it(page, staff("operator", theme), f"Labels of {maker}")


def sign_up(page: Page, letters: Letters, address: str, name: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Sign up as a developer").click()
    station(page, "sign-up")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill("short")
    press(page, "Sign up")
    says(page, "at least 12 characters")
    assert page.get_by_label("Your name").input_value() == name
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign up")
    says(page, "Open the link in the letter")
    link = re.search(r"https?://\S+", letters(address)[-1])
    assert link is not None
    page.goto(link.group())
    press(page, "Yes, confirm")
    says(page, f"{address} is confirmed")


def register(page: Page, maker: str) -> None:
    station(page, "register")
    page.get_by_label("Legal name").fill(f"{maker.capitalize()} GmbH")
    page.get_by_label("Country").select_option("DE")
    page.get_by_label("Company number").fill(f"HRB {len(maker)}, Freiburg")
    page.get_by_label("Address", exact=True).fill("1 Made-up Street\n79098 Freiburg")
    page.get_by_label("Website").fill(f"https://{maker}")
    page.get_by_label("Privacy contact").fill(f"privacy@{maker}")
    page.get_by_label("Security contact").fill(f"security@{maker}")
    press(page, "Register")
    station(page, "developer-home")
    says(page, "To the first seller", "Show who you are")


def show_who_you_are(page: Page) -> None:
    follow(page, "Show who you are")
    station(page, "identity")
    page.get_by_role("textbox", name="Person who may sign").fill("Ada Maker")
    files = main(page).locator("input[type=file]")
    files.first.set_input_files({"name": "extract.pdf", "mimeType": "application/pdf", "buffer": SCRIPT})
    press(page, "Submit for review")
    says(page, "Hand it in as PDF")
    assert page.get_by_role("textbox", name="Person who may sign").input_value() == "Ada Maker"
    for number, field in enumerate(main(page).locator("input[type=file]").all()):
        field.set_input_files({"name": "extract.pdf", "mimeType": "application/pdf", "buffer": pdf(f"{number}")})
    press(page, "Submit for review")
    says(page, "In review, promised by", "in the queue")


def invite(page: Page, other: Page, letters: Letters, address: str) -> None:
    """The invited person signs up with that very address, and finds the invitation."""
    menu(page, "Members")
    station(page, "members")
    page.get_by_label("E-mail address").fill(address)
    press(page, "Send the invitation")
    says(page, f"An invitation is on its way to {address}")
    sign_up(other, letters, address, "Ben Helper")
    says(other, "You are invited")
    follow(other, "GmbH")
    press(other, "Accept")
    says(other, "To the first seller")


def answer_the_assessment(page: Page) -> None:
    menu(page, "Assessment")
    page.get_by_label("Inventory and Order Tracking").check()
    page.get_by_label("Direct-to-Consumer Shipping").check()
    press(page, "Begin")
    station(page, "assessment")
    says(page, "0 of", "open points")
    live_score(page)
    wrong_answer(page)
    the_rest_from_a_file(page)
    hand_in_with_documents(page)


def live_score(page: Page) -> None:
    """An answer is saved as it is left, and score and open points move without a button."""
    follow(page, "Your organisation")
    station(page, "assessment-section")
    open_points = page.locator("#score a").first
    before = open_points.inner_text()
    page.locator("#q-what_the_apps_do textarea").first.fill("We print a label for each order that a seller ships. " * 2)
    page.keyboard.press("Tab")
    expect(page.locator("#state-what_the_apps_do")).to_contain_text("Saved")
    expect(open_points).not_to_have_text(before)
    expect(page.locator("#score")).to_contain_text("1 of")


def wrong_answer(page: Page) -> None:
    """What is no answer is said at its question, and stays where it was typed; what was typed beside it is saved."""
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Who has access").click()
    leavers, length = page.locator("#q-leavers input").first, page.locator("#q-password_length input").first
    leavers.fill("soon")
    page.keyboard.press("Tab")
    expect(page.locator("#state-leavers")).to_contain_text("Digits only")
    length.fill("14")
    press(page, "Save")
    expect(page.locator("#q-leavers")).to_contain_text("What you typed is still here")
    assert leavers.input_value() == "soon"
    assert length.input_value() == "14"
    station(page, "assessment-wrong")


def the_rest_from_a_file(page: Page) -> None:
    main(page).locator(".crumbs a").click()
    page.get_by_text("Fill from a file").click()
    answers = json.dumps({"answers": good_answers()}).encode()
    page.locator("input[type=file]").set_input_files(
        {"name": "answers.json", "mimeType": "application/json", "buffer": answers}
    )
    press(page, "Fill in")
    says(page, "43 of 46 questions answered", "3 open points")


def hand_in_with_documents(page: Page) -> None:
    follow(page, "Hand in")
    station(page, "assessment-missing")
    expect(main(page).get_by_role("button", name="Hand in")).to_be_disabled()
    for number in range(3):
        main(page).locator(".card ul a").first.click()
        page.locator(page.url.partition("#")[1] + page.url.partition("#")[2]).get_by_role("link", name="Attach").click()
        if not number:
            refused_documents(page)
        attach(page, f"proof-{number}.pdf", pdf(f"proof {number}"))
        page.goto(re.sub(r"sections/.*", "submit/", page.url))
    says(page, "Every question is answered and every document is there")
    press(page, "Hand in")
    says(page, "You get a decision by", "Place in the queue", "It is our move")
    station(page, "assessment-waits")


def refused_documents(page: Page) -> None:
    station(page, "evidence")
    attach(page, "contract.svg", b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>")
    says(page, "This is a web page, an SVG or XML")
    attach(page, "contract.zip", bomb())
    says(page, "unpacked")


def attach(page: Page, name: str, content: bytes) -> None:
    page.get_by_label("Document", exact=True).set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    press(page, "Attach")


def come_back_and_correct(page: Page, rita: Page, sam: Page, maker: str) -> None:
    """One answer is not accepted; only that one is open, corrected and handed in again, and two people approve."""
    take_case(rita, maker)
    question = rita.locator("#q-incident_rehearsed")
    question.get_by_text("Decide").first.click()
    question.get_by_label("Not accepted").check()
    press(rita, "Save", "#q-incident_rehearsed")
    expect(question).to_contain_text("Say why")
    question.get_by_label("Reason, or your question").fill("The date is from before the plan was written.")
    question.get_by_label("What makes it right").fill("Go through the plan once, and give that day.")
    press(rita, "Save", "#q-incident_rehearsed")
    expect(question).to_contain_text("Not accepted")
    conclude(rita)

    menu(page, "Home")
    follow(page, "Answer the assessment")
    says(page, "from before the plan was written", "Go through the plan once", "Clause 4.2, Incidents: There is a plan")
    station(page, "assessment-returned")
    follow(page, "Correct this")
    page.locator("#q-incident_rehearsed input[type=date]").fill("2026-11-20")
    press(page, "Save")
    page.goto(re.sub(r"sections/.*", "submit/", page.url))
    press(page, "Hand in")

    take_case(rita, maker)
    conclude(rita)
    sam.goto(rita.url)
    says(sam, "Waits for a second person")
    press(sam, "Confirm")
    menu(page, "Home")
    says(page, "Approved.")


def take_case(reviewer: Page, maker: str) -> None:
    menu(reviewer, "Assessments")
    main(reviewer).get_by_role("row", name=maker.capitalize()).get_by_role("link").first.click()
    press(reviewer, "Take this case")
    station(reviewer, "case")


def conclude(reviewer: Page) -> None:
    main(reviewer).get_by_role("button", name=re.compile("^Accept .* with full marks")).click()
    follow(reviewer, "Conclude")
    station(reviewer, "conclude")
    press(reviewer, "Conclude")
    expect(main(reviewer).get_by_role("status").first).to_be_visible()


def register_an_app(page: Page, name: str) -> None:
    menu(page, "Apps")
    follow(page, "Register an app")
    page.get_by_label("Name").fill(name)
    page.get_by_label("What it does").fill("Prints labels.")
    page.get_by_label("Return addresses").fill("http://labels.example/return")
    press(page, "Register")
    says(page, "http://labels.example/return` is plain http")
    station(page, "app-bad-redirect")
    assert page.get_by_label("What it does").input_value() == "Prints labels."
    page.get_by_label("Return addresses").fill("https://labels.example/return")
    press(page, "Register")
    station(page, "app")
    press(page, "Begin a version")
    main(page).locator("input[type=file]").set_input_files(
        {"name": "manifest.yaml", "mimeType": "application/yaml", "buffer": MANIFEST}
    )
    press(page, "Replace the manifest")
    roles = page.locator("#roles")
    roles.get_by_label("Direct-to-Consumer Shipping").check()
    roles.get_by_label("Inventory and Order Tracking").check()
    press(page, "Save roles and notes")
    station(page, "manifest")
    follow(page, "Checks, and handing in")
    mend_what_the_checks_find(page)


def mend_what_the_checks_find(page: Page) -> None:
    says(page, "1 check found something to put right", "Say in at least 40 characters", "App rules 1.1")
    station(page, "version-checks")
    follow(page, "Change the app")
    page.get_by_label("What it does").fill("Prints the label of every order that a seller ships, and nothing else.")
    page.get_by_label("Privacy policy").fill("https://labels.example/privacy")
    page.get_by_label("Support by e-mail").fill("help@labels.example")
    press(page, "Save")
    follow(page, "Look at version 1")
    says(page, "Every check is passed")
    press(page, "Hand it in")
    says(page, "The marketplace decides by")


def approved_by_two(page: Page, rita: Page, sam: Page, name: str) -> None:
    for reviewer in (rita, sam):
        menu(reviewer, "App versions")
        follow(reviewer, name)
        press(reviewer, "Take it to review")
        for fine in main(reviewer).get_by_label("Fine", exact=True).all():
            fine.check()
        station(reviewer, "app-checklist")
        press(reviewer, "Decide")
        says(reviewer, f"Version 1 of {name}: " + ("approved once" if reviewer is rita else "approved"))
    page.reload()
    press(page, "Put it live")
    says(page, "It is live for every seller")


def secret_once(page: Page) -> None:
    menu(page, "Programs")
    follow(page, "Add a program")
    page.get_by_label("Return addresses").fill("https://labels.example/return")
    press(page, "Save")
    says(page, "Shown this once")
    secret = main(page).locator("code.secret").last.inner_text()
    station(page, "program-secret")
    menu(page, "Programs")
    assert secret not in page.content()


def list_it(page: Page, desk: Page, name: str) -> None:
    menu(page, "Store listings")
    press(page, f"Begin the listing of {name}")
    page.get_by_label("In one sentence").fill("Prints parcel labels for every order of the day")
    page.get_by_label("Description").fill("Prints parcel labels for all open orders at once. " * 4)
    page.get_by_label("Features").fill("Labels of forty carriers\nPrints a hundred at once")
    page.get_by_label("Shipping", exact=False).first.check()
    page.get_by_label("English").check()
    main(page).locator("button[name=save]").click()
    station(page, "listing")
    press(page, "Submit")
    menu(desk, "Store desk")
    follow(desk, name)
    station(desk, "listing-desk")
    press(desk, "List it")
    page.goto("/store/")
    follow(page, name)
    says(page, "Data label")
    station(page, "store-app")
