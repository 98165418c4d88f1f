# ruff: noqa: RUF001  # letters that are drawn alike are what this file is about
"""Names that could be taken for another's: letters of other alphabets, marks that nobody sees, text that runs backwards. Pure.

`skeleton` maps every name to what a hurried reader sees; two names with one skeleton look alike. The table holds the letters
and digits that are drawn like Latin ones in common typefaces (after the idea of Unicode Technical Standard 39; not its table).
"""

import unicodedata

_DRAWN_ALIKE = {
    # Cyrillic
    **dict(zip("авекмнорстухсіїјѕԁԛԝһҽӏпшбьгѵъ", "abekmhopctyxciijsdqwhelnw6brvb", strict=True)),
    "л": "n", "д": "a", "з": "3", "ч": "4", "я": "r", "и": "u", "й": "u", "э": "3", "ы": "bl", "ф": "o", "ц": "u", "ё": "e",
    # Greek
    **dict(zip("αβγεηικνορτυχωςϲϳσμκζδ", "abyenikvoptuxwccjoukzo", strict=True)),
    # Armenian, Cherokee, and letters that stand alone
    **dict(zip("օոսհցզԼդ", "onuhgqLn", strict=True)),
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ƒ": "f", "ɑ": "a", "ɡ": "g", "ɩ": "i", "ʟ": "l", "ʀ": "r",
    "ß": "ss", "æ": "ae", "œ": "oe", "þ": "p", "ð": "d",
    # digits and signs
    "0": "o", "1": "l", "|": "l", "!": "l", "5": "s", "$": "s", "@": "a", "€": "e", "8": "b",
}  # fmt: skip
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_I_LIKE_L = str.maketrans({"i": "l", "j": "l"})
_LEGAL_FORMS = frozenset(
    {
        "ag",
        "bv",
        "co",
        "company",
        "corp",
        "corporation",
        "gmbh",
        "inc",
        "incorporated",
        "kg",
        "limited",
        "llc",
        "llp",
        "ltd",
        "nv",
        "oy",
        "plc",
        "pty",
        "sa",
        "sarl",
        "sas",
        "sl",
        "srl",
        "spa",
        "ug",
    }
)


def skeleton(name: str) -> str:
    """What a name looks like, drawn in the fewest letters and without legal forms: `PayPaI Ltd.` is `paypal`."""
    words = "".join(_seen(one) for one in unicodedata.normalize("NFKD", name.casefold())).split()
    kept = [word for word in words if word not in _LEGAL_FORMS] or words
    drawn = "".join(_DRAWN_ALIKE.get(one, one) for one in "".join(kept))
    for pair, one in _PAIRS:
        drawn = drawn.replace(pair, one)
    return drawn.translate(_I_LIKE_L)[:200]


def _seen(character: str) -> str:
    kind = unicodedata.category(character)
    if kind[0] in "LN" or character in "|!$@€":
        return character
    return "" if kind[0] in "MCP" or character == "'" else " "


def scripts(name: str) -> tuple[str, ...]:
    """Alphabets of the letters in a name, as `Latin`, `Cyrillic`."""
    found = {unicodedata.name(one, "").split(" ")[0].capitalize() for one in name if one.isalpha()}
    return tuple(sorted(found & {"Latin", "Cyrillic", "Greek", "Armenian", "Cherokee", "Coptic", "Georgian"}))


def escaped(name: str) -> str:
    """The text with everything that hides, or turns the text around it, written out as `[U+202E]`; line ends stay."""
    return "".join(
        f"[U+{ord(one):04X}]" if unicodedata.category(one)[0] == "C" and one != "\n" else one for one in name
    )


def peculiarities(name: str) -> list[str]:
    """What a reviewer should know about a name, in sentences."""
    found, used = [], scripts(name)
    if len(used) > 1 and not _is_apart(name):
        found.append(f"The name mixes {' and '.join(used)} letters in one word.")
    if escaped(name) != name:
        found.append("The name has characters that nobody can see, or that turn text around.")
    return found


def _is_apart(name: str) -> bool:
    """Whether every word keeps to one alphabet, as in `Пример (Example)`."""
    return all(len(scripts(word)) <= 1 for word in name.split())
