import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piepowder.rooms.store.markdown import rendered

TAGS = re.compile(r"</?([a-z0-9]+)")
SAFE = {"p", "ul", "ol", "li", "strong", "em", "code", "br", "a", "h3", "h4"}


def test_what_can_be_written() -> None:
    """Paragraphs, bold, italic, code, lists, headings below the page's own, and links that nobody vouches for."""
    html = rendered("# Big\n\n**bold** *it* `x`\n\n- one\n- [two](https://a.example/b)\n\n3. three")
    assert "<h3>Big</h3>" in html
    assert "<strong>bold</strong> <em>it</em> <code>x</code>" in html
    assert '<a href="https://a.example/b" rel="nofollow noopener noreferrer ugc">two</a>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,hi)",
        "[x](http://a.example)",
        "[x](/store/)",
        "![x](https://a.example/x.png)",
        "<https://a.example>",
        '[x](https://a.example/"onmouseover="alert(1))',
        "&lt;script&gt;",
    ],
)
def test_what_stays_words(text: str) -> None:
    """HTML, pictures, and links to anywhere but the open web are shown as written."""
    html = rendered(text)
    assert set(TAGS.findall(html)) <= {"p", "a"}
    assert re.findall(r'href="(?!https://)', html) == []
    assert "<img" not in html
    assert "<script" not in html


@given(st.text(alphabet="<>[]()*_`#-!\"'& \n\\ahref=jvscript:/https", max_size=200))
def test_nothing_else_ever_comes_out(text: str) -> None:
    """Whatever is written, the tags are those of the list."""
    assert set(TAGS.findall(rendered(text))) <= SAFE
