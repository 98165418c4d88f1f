"""An export as a file: rows for a spreadsheet, a tree for programs, Markdown for people."""

import csv
import io
import re
from html import escape
from typing import Any

from piepowder.rooms.assessments.exports import Export

_MARKS = re.compile(r"([\\`*_{}\[\]#|~!])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("part", "article", "statement", "text", "source", "missing")


def as_csv(export: Export) -> str:
    """A row for each statement. A cell that a spreadsheet would take for a formula gets a quote before it."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for part in export.parts:
        for one in part.statements:
            row = (part.title, part.article, one.name, one.text, one.source, one.missing)
            writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return file.getvalue()


def as_tree(export: Export) -> dict[str, Any]:
    return {
        "title": export.title,
        "developer": export.developer,
        "assessment": export.assessment,
        "questionnaire": export.questionnaire,
        "approved_at": f"{export.approved_at:%Y-%m-%dT%H:%M:%SZ}",
        "made_at": f"{export.made_at:%Y-%m-%dT%H:%M:%SZ}",
        "parts": [
            {
                "title": part.title,
                "article": part.article,
                "statements": [
                    {"statement": one.name, "text": one.text, "source": one.source, "missing": one.missing}
                    for one in part.statements
                ],
            }
            for part in export.parts
        ],
        "missing": [{"part": part, "statement": one.name, "says": one.missing} for part, one in export.missing],
    }


def as_markdown(export: Export) -> str:
    """What people wrote stays text: no character of it becomes a heading, a link or a tag."""
    lines = [
        f"# {_text(export.title)}",
        "",
        f"{_text(export.developer)}. From the assessment approved on {export.approved_at:%-d %B %Y} "
        f"({_text(export.questionnaire)}); made on {export.made_at:%-d %B %Y}. Each statement says where it came from.",
        "",
    ]
    if export.missing:
        lines += ["## Still missing", ""]
        lines += [f"- {_text(part)}, {_text(one.name)}: {_text(one.missing)}" for part, one in export.missing]
        lines.append("")
    for part in export.parts:
        lines += [f"## {_text(part.title)}", "", f"{_text(part.article)}", ""]
        for one in part.statements:
            said = "; ".join(_text(line) for line in one.lines) or f"**Missing.** {_text(one.missing)}"
            lines.append(f"- **{_text(one.name)}** {said} _(from: {_text(one.source)})_")
        lines.append("")
    return "\n".join(lines)


def _text(words: str) -> str:
    return _MARKS.sub(r"\\\1", escape(" ".join(words.split()), quote=False))
