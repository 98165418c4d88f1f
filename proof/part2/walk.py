"""Finds every page of the console that a role can reach: from its first page along all links, and by name where a page takes no argument.

A page is its URL's name, and how it is asked for: plain, `page` (the second), `sort`, each field of its filters with a value that the page
offers, `csv`, `json`. Of each page several addresses are kept.
"""

import http.client
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import django
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from msgspec import Struct

ADDRESSES_MAX = 6  # of a page; of a file one
FILES = (", csv", ", json")
NEVER = {"people_sign_out", "account_logout", "console_theme", "evidence_download", "store_picture"}
ASKED_AT_ONCE_MAX = 2  # a filter, and the second page of it
TYPED = "label"  # what is typed into fields without choices


class Answer(Struct, frozen=True):
    """`seconds`: from the first byte of the request to the last one of the answer."""

    status: int
    kind: str
    body: bytes
    seconds: float


class Browser:
    """One connection that stays open, and a session's cookie."""

    def __init__(self, address: str, cookie: str = "") -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self._headers = {"Cookie": f"piepowder_session={cookie}"} if cookie else {}

    def get(self, path: str) -> Answer:
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        seconds = time.perf_counter() - began
        return Answer(answer.status, answer.headers.get_content_type(), body, seconds)


class _Page(HTMLParser):
    """Links, and the fields of forms that ask (method GET): name -> a value."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        match tag:
            case "a":
                self.links.append(given.get("href", ""))
            case "form" if given.get("method", "get").lower() == "get":
                self.forms.append((given.get("action", ""), {}))
            case "form":
                self.forms.append(("", {}))
            case "input" if self.forms and given.get("name") and given.get("type") in (None, "text", "search"):
                self.forms[-1][1][given["name"]] = TYPED
            case "select" if self.forms:
                self._select = given.get("name", "")
            case "option" if self.forms and self._select and given.get("value"):
                self.forms[-1][1].setdefault(self._select, given["value"])


def walk(browser: Browser, first: str, most: int = ADDRESSES_MAX) -> dict[str, list[str]]:
    """Page -> at most so many addresses that answer 200. Addresses that lead elsewhere or are refused are no pages of this role."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    waiting = [first, *named()]
    while waiting:
        path = waiting.pop(0)
        page = page_of(path)
        if page is None or path in seen or len(found.get(page, ())) >= (1 if page.endswith(FILES) else most):
            continue
        seen.add(path)
        answer = browser.get(path)
        if answer.status >= 500:
            raise RuntimeError(f"{path}: {answer.status}")
        if answer.status != 200:
            continue
        found.setdefault(page, []).append(path)
        if answer.kind == "text/html":
            waiting += onward(path, answer.body)
    return found


def onward(path: str, body: bytes) -> Iterator[str]:
    """Where a page leads: links, and its filters one by one."""
    page = _Page()
    page.feed(body.decode())
    for link in page.links:
        parts = urlsplit(urljoin(path, link))
        if not parts.netloc and parts.path:
            yield parts.path + (f"?{parts.query}" if parts.query else "")
    for action, fields in page.forms:
        for name, value in fields.items():
            yield f"{urlsplit(urljoin(path, action)).path}?{urlencode({name: value})}"


def named() -> Iterator[str]:
    """Addresses of all pages without arguments."""
    return _named(get_resolver(), "/")


def _named(resolver: URLResolver, before: str) -> Iterator[str]:
    for one in resolver.url_patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _named(one, here)
        elif isinstance(one, URLPattern) and not set(here) & set("<(^\\"):
            yield here


def page_of(path: str) -> str | None:
    """`console_apps, sort`; None for what is no page."""
    parts = urlsplit(path)
    try:
        name = resolve(parts.path).view_name
    except Resolver404:
        return None
    asked = dict(parse_qsl(parts.query))
    if name in NEVER or ":" in name or "next" in asked or len(asked) > ASKED_AT_ONCE_MAX:
        return None
    if asked.get("format"):
        return f"{name}, {asked['format']}" if len(asked) == 1 else None
    words = sorted("page" if key == "page" else "sort" if key == "sort" else f"{key}=" for key in asked)
    return ", ".join([name, *words])


def ready() -> None:
    """Django's table of addresses, without a database."""
    django.setup()
