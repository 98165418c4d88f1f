"""Somebody signs up in a browser, as a person does: the form, the letter, the link."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core import mail
from django.test import Client as Browser

PASSWORD = "seven quiet otters"


def link_in(text: str) -> str:
    """The path of the first link in a letter."""
    found = re.search(r"https?://\S+", text)
    assert found is not None, text
    return urlsplit(found.group()).path


def send_form(browser: Browser, *, email: str = "ada@maker.example", name: str = "Ada Maker", **more: str) -> Any:
    return browser.post("/sign-up/", {"name": name, "email": email, "password1": PASSWORD, **more})


def sign_up(browser: Browser, *, email: str = "ada@maker.example", name: str = "Ada Maker") -> Browser:
    """After this the browser is signed in, with a confirmed address."""
    assert send_form(browser, email=email, name=name).status_code == 302
    assert browser.post(link_in(str(mail.outbox[-1].body))).status_code == 302
    return browser
