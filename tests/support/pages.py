"""What every page must have for people who do not see it, or use no mouse: the basics that a checker of accessibility asks for."""

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "wbr", "img", "hr", "rect", "path", "circle"}
NAMED = {"a", "button", "summary", "option", "label", "legend", "caption", "title", "h1", "h2", "h3", "th"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.stack: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.labelled: set[str] = set()
        self.unlabelled: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if "style" in given or tag == "style" or any(name.startswith("on") for name in given):
            self.problems.append(f"inline style or script on <{tag}>")
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.problems.append("inline script")
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "html" and not given.get("lang"):
            self.problems.append("no language")
        if tag == "img" and "alt" not in given:
            self.problems.append("image without words")
        if tag == "svg" and given.get("aria-hidden") != "true" and not given.get("aria-label"):
            self.problems.append("picture neither hidden nor named")
        if tag == "th" and given.get("scope") not in ("col", "row"):
            self.problems.append("heading cell without scope")
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            labelled = any(name == "label" for name, _, _ in self.stack) or given.get("aria-label")
            if not labelled:
                self.unlabelled.append((str(given.get("id")), f"<{tag} name={given.get('name')}> without a label"))
        if tag == "label" and given.get("for"):
            self.labelled.add(str(given["for"]))
        if tag not in VOID:
            self.stack.append((tag, given, []))

    def handle_data(self, data: str) -> None:
        for _, _, words in self.stack:
            words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.stack or self.stack[-1][0] != tag:
            self.problems.append(f"</{tag}> closes what is not open")
            return
        name, given, words = self.stack.pop()
        if name in NAMED and not "".join(words).strip() and not given.get("aria-label"):
            self.problems.append(f"<{name}> without words")


def problems(page: str) -> list[str]:
    """What is wrong with a page; empty if nothing."""
    reader = _Reader()
    reader.feed(page)
    found = reader.problems + [words for name, words in reader.unlabelled if name not in reader.labelled]
    found += [f"<{tag}> is never closed" for tag, _, _ in reader.stack]
    if reader.tags.count("h1") != 1:
        found.append(f"{reader.tags.count('h1')} headings of the first rank")
    if reader.tags.count("main") != 1 or "title" not in reader.tags:
        found.append("no main part or no title")
    found += [f"id `{name}` comes twice" for name in set(reader.ids) if reader.ids.count(name) > 1]
    return found
