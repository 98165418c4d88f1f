"""A small part of Markdown for descriptions: paragraphs, lists, bold, italic, code, headings and links to the open web.

HTML in the text is shown as it was written, pictures are not loaded, and a link goes to an `https` address or is none. The parser
is a well-kept one; what it may produce is checked once more on the way out, by the list of tags here. Pure.
"""

from collections.abc import Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from piepowder.rooms.store.rules import is_web_address

_RULES = ("emphasis", "link", "list", "backticks", "newline", "heading", "escape", "entity")
_SAFE = frozenset({"p", "ul", "ol", "li", "strong", "em", "code", "br", "a", "h3", "h4", ""})


class _Renderer(RendererHTML):
    """Headings stand below those of the page; links say that nobody here vouches for them."""

    def renderToken(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        if token.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            token.tag = "h3" if token.tag in ("h1", "h2") else "h4"
        if token.type == "link_open":
            token.attrs = {"href": str(token.attrs.get("href", "")), "rel": "nofollow noopener noreferrer ugc"}
        elif token.nesting >= 0 and token.type != "link_open":
            token.attrs = {}
        return super().renderToken(tokens, idx, options, env) if token.tag in _SAFE else ""


def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"html": False, "breaks": True}, renderer_cls=_Renderer)
    parser.validateLink = is_web_address  # type: ignore[method-assign, assignment]  # the documented way to change it
    return parser.enable(list(_RULES))


_markdown = _parser()


@lru_cache(maxsize=512)
def rendered(text: str) -> str:
    """HTML that may be shown as it is."""
    html: str = _markdown.render(text)
    return html
