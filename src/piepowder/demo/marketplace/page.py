"""The pages of the example: choose a seller to sign in as, and where an app's authorisation ends."""

from html import escape

from piepowder.demo.orders import OrderBook
from piepowder.demo.shops import shop

_SHOWN = 12

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in to the example marketplace</title>
<style>
  :root {{ color-scheme: light dark; --line: #d8dde3; --soft: #f4f6f8; --text: #1c2530; --muted: #5c6875; --accent: #0b6b5d; }}
  @media (prefers-color-scheme: dark) {{
    :root {{ --line: #36414d; --soft: #1d252e; --text: #e7ecf1; --muted: #9aa7b4; --accent: #4fc2ae; }}
  }}
  body {{ font: 16px/1.5 system-ui, sans-serif; color: var(--text); max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }}
  p {{ color: var(--muted); }} h1 {{ font-size: 1.5rem; }}
  ul {{ list-style: none; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .6rem; }}
  button {{ font: inherit; color: inherit; width: 100%; text-align: left; padding: .7rem .9rem; border: 1px solid var(--line);
           border-radius: .5rem; background: var(--soft); cursor: pointer; }}
  button:hover, button:focus-visible {{ border-color: var(--accent); outline: 2px solid var(--accent); }}
  pre {{ font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid var(--line);
        border-radius: .5rem; }} a {{ color: var(--accent); }} .letters {{ grid-template-columns: 1fr; }}
  small {{ display: block; color: var(--muted); }} .other {{ display: flex; gap: .6rem; align-items: end; margin-top: 1.5rem; }}
  .other label {{ flex: 1; }} .other button {{ width: auto; }} [role=alert] {{ color: #b3261e; }}
  input {{ font: inherit; width: 100%; box-sizing: border-box; padding: .6rem; border: 1px solid var(--line); border-radius: .5rem; }}
</style>
<main>
  <h1>Sign in to the example marketplace</h1>
  <p>This marketplace is an example: its orders come from {label}, its buyers and shops are made up,
     and anybody may sign in as any seller.</p>
  {alert}
  <form method="post"><ul>{sellers}</ul></form>
  <form method="post" class="other">
    <label>Another seller's id <input name="seller" required autocomplete="off" pattern="[A-Z0-9]{{3,20}}" value="{typed}"></label>
    <button>Sign in</button>
  </form>
</main>
</html>
"""


def sign_in_page(book: OrderBook, *, unknown: str = "") -> str:
    """The largest sellers as buttons, and a field for any other."""
    buttons = [
        f'<li><button name="seller" value="{escape(seller.id)}">'
        f"{escape(shop(book.source, seller.id, book.market.country).store_name)}"
        f"<small>{escape(seller.id)}</small><small>{seller.orders:,} orders</small></button></li>"
        for seller in book.sellers(_SHOWN)
    ]
    alert = '<p role="alert">There is no seller with this id.</p>' if unknown else ""
    return _PAGE.format(label=escape(book.label), alert=alert, sellers="".join(buttons), typed=escape(unknown))


def returned_page(code: str) -> str:
    """Where the consent page sends a seller's browser back to; a real app would exchange the code in the address for its tokens."""
    if not code:
        return plain_page(
            "The app was not authorised", "<p>It has received nothing but that answer. You may close this page.</p>"
        )
    told = "<p>It has received this code, which it exchanges for its tokens within a minute.</p>"
    shown = f"<dl><dt>Code</dt><dd><code>{escape(code)}</code></dd></dl>"
    rest = "<p>What it reads is in the console, under My apps. You may close this page.</p>"
    return plain_page("The app is authorised", told + shown + rest)


def plain_page(head: str, body: str) -> str:
    """A page in the looks of this marketplace; `head` is text, `body` is HTML."""
    style, _, _ = _PAGE.partition("<main>")
    opening, closing = style.format().split("Sign in to the example marketplace")
    return f"{opening}{escape(head)}{closing}<main><h1>{escape(head)}</h1>{body}</main></html>"
