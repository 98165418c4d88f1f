"""Names that people type: no character in them may hide, or turn the text around it. Pure."""

import unicodedata

from piepowder.core.kernel.errors import PiepowderError

_JOINERS = "\u200c\u200d"  # several scripts need them between letters


def clean_name(text: str) -> str:
    """One line with single spaces, in normal form; `ground_name_hidden` where a character cannot be seen."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if hidden := hidden_in(name):
        raise PiepowderError(
            "ground_name_hidden",
            f"this name has a character that nobody can see ({hidden})",
            hint="type it anew instead of pasting it",
        )
    return name


def hidden_in(name: str) -> str:
    """The first character that cannot be seen, as `U+202E`; nothing if there is none."""
    for place, character in enumerate(name):
        if _is_hidden(character) and not _joins(name, place):
            return f"U+{ord(character):04X}"
    return ""


def _is_hidden(character: str) -> bool:
    # controls, formats (directions, zero widths), surrogates, private use, unassigned; and the blank letters of Hangul
    return unicodedata.category(character)[0] == "C" or character in "\u115f\u1160\u3164\uffa0\u2800\u034f"


def _joins(name: str, place: int) -> bool:
    around = name[place - 1 : place] + name[place + 1 : place + 2]
    return name[place] in _JOINERS and len(around) == 2 and all(_is_of_script(one) for one in around)


def _is_of_script(character: str) -> bool:
    return ord(character) > 0x24F and unicodedata.category(character)[0] in "LM"
