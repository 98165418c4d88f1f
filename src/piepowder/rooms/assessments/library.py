"""Questionnaires as files: the folder of this room, and the marketplace's own (`questionnaires` in the settings).

A file that is malformed, or in which the check finds a problem, is not loaded: `assessments_questionnaire_faulty` says what is wrong.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.kernel.json import decode_strict
from piepowder.rooms.assessments.rules.check import check
from piepowder.rooms.assessments.rules.questionnaire import Questionnaire, parse

OWN_FOLDER = Path(__file__).parent / "questionnaires"
FILE_BYTES_MAX = 1 << 20
_ENDINGS = (".yaml", ".yml", ".json")


def read_tree(content: bytes) -> Any:
    """What a YAML or JSON file holds, in one way only: no name twice, no references that unfold."""
    if len(content) > FILE_BYTES_MAX:
        raise _malformed(f"it is larger than {FILE_BYTES_MAX >> 20} MiB")
    if content.lstrip()[:1] in (b"{", b"["):
        return decode_strict(content.strip())
    try:
        return yaml.load(content.decode("utf-8"), Loader=_PlainLoader)  # noqa: S506 # a SafeLoader, made stricter
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _malformed(" ".join(str(error).split())[:300]) from None


def written(tree: Any) -> bytes:
    """A tree as a YAML file that `read_tree` reads again."""
    text: str = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, width=110)
    return text.encode()


class _PlainLoader(yaml.SafeLoader):
    """Refuses aliases, by which a small file unfolds to a huge one, and a name that stands twice, of which one is lost."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("references (`*name`) are not possible here")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.YAMLError(f"`{key.value}` stands there twice, {key.start_mark}")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


# A date stays the text that it is: answers and questionnaires write dates in ISO form.
_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(path: Path) -> Questionnaire:
    """The questionnaire in a file, checked."""
    questionnaire, problems = checked(path)
    if problems:
        raise PiepowderError(
            "assessments_questionnaire_faulty",
            f"`{path.name}`: {problems[0]}",
            hint=f"`piepowder assessment questionnaire check` lists all {len(problems)} problems",
        )
    return questionnaire


def checked(path: Path) -> tuple[Questionnaire, list[str]]:
    """The questionnaire in a file, and what is wrong with it."""
    try:
        stamp = path.stat().st_mtime_ns
        return _checked(path, stamp)
    except OSError as error:
        raise PiepowderError(
            "assessments_questionnaire_missing",
            f"cannot read `{path}`: {(error.strerror or str(error)).lower()}",
            kind=ErrorKind.NOT_FOUND,
        ) from None


@lru_cache(maxsize=32)
def _checked(path: Path, stamp: int) -> tuple[Questionnaire, list[str]]:
    questionnaire = parse(read_tree(path.read_bytes()))
    return questionnaire, check(questionnaire)


def files() -> Iterator[Path]:
    own = settings.PIEPOWDER.questionnaires
    for folder in (OWN_FOLDER, Path(own)) if own else (OWN_FOLDER,):
        yield from sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS)


def current(today: date) -> Questionnaire:
    """The version in force today of the questionnaire that the marketplace uses."""
    wanted = settings.PIEPOWDER.questionnaire
    found = [one for one in map(load, files()) if one.id == wanted and one.in_force_from <= today.isoformat()]
    if not found:
        raise PiepowderError(
            "assessments_questionnaire_missing",
            f"no questionnaire `{wanted}` is in force",
            hint="`questionnaire` and `questionnaires` in the settings say which, and where it is",
            kind=ErrorKind.UNAVAILABLE,
        )
    return max(found, key=lambda one: (one.in_force_from, one.version))


def _malformed(words: str) -> PiepowderError:
    return PiepowderError(
        "assessments_file_malformed", f"this file cannot be read: {words}", hint="YAML or JSON, in UTF-8"
    )
