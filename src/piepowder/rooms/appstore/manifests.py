"""A manifest as somebody sends it: a file in JSON or YAML, or what the editor's boxes say."""

from collections.abc import Collection
from typing import Any

import msgspec
import yaml

from piepowder.core.facts.model import ManifestFact
from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.policy.taxonomy import PURPOSES

FILE_BYTES_MAX = 256 * 1024
OPERATIONS_MAX, PURPOSES_MAX, CATEGORIES_MAX = 1000, 100, 200
_MEMBERS = ("operations", "categories", "substitutes_everywhere")


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases: ten lines of them unfold to gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not taken")
        return super().compose_node(parent, index)


def manifest_from_file(data: bytes) -> ManifestFact:
    """A manifest from JSON or YAML (which JSON is); `appstore_manifest_unreadable` says what is wrong and where."""
    if len(data) > FILE_BYTES_MAX:
        raise _unreadable(f"the file is larger than {FILE_BYTES_MAX // 1024} KiB")
    try:
        text = data.decode("utf-8-sig")
        sent = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader, without aliases
    except UnicodeDecodeError:
        raise _unreadable("the file is not text in UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _unreadable(f"the file is neither JSON nor YAML: {_where(error)}") from None
    return manifest_from(sent)


def manifest_from(sent: object) -> ManifestFact:
    """A manifest from decoded JSON or YAML. A member that is not documented is refused, so that no wish is silently dropped."""
    if not isinstance(sent, dict):
        raise _unreadable("a manifest is an object with `operations` and `categories`")
    if unknown := sorted(str(name) for name in sent if name not in _MEMBERS):
        raise _unreadable(f"a manifest has no member `{unknown[0][:60]}`")
    if "\0" in repr(sent) or "\\x00" in repr(sent):
        raise _unreadable("the file holds a NUL character")
    try:
        manifest = msgspec.convert({"categories": {}, **sent}, ManifestFact)
    except msgspec.ValidationError as error:
        raise _unreadable(str(error)[:1].lower() + str(error)[1:300]) from None
    _check_size(manifest)
    return tidy(manifest)


def tidy(manifest: ManifestFact) -> ManifestFact:
    """The same without anything twice, so that two ways of writing it are one manifest."""
    return ManifestFact(
        operations={name: tuple(dict.fromkeys(purposes)) for name, purposes in manifest.operations.items()},
        categories={purpose: tuple(sorted(set(words))) for purpose, words in manifest.categories.items() if words},
        substitutes_everywhere=manifest.substitutes_everywhere,
    )


def with_purpose(
    manifest: ManifestFact, purpose: str, *, operations: Collection[str], categories: Collection[str]
) -> ManifestFact:
    """The manifest where one purpose has exactly these operations and categories, and the others stay."""
    rest = without_purpose(manifest, purpose)
    called = dict(rest.operations)
    for name in operations:
        called[name] = (*called.get(name, ()), purpose)
    words = {**rest.categories, **({purpose: tuple(categories)} if categories else {})}
    return tidy(ManifestFact(called, words, manifest.substitutes_everywhere))


def without_purpose(manifest: ManifestFact, purpose: str) -> ManifestFact:
    """The manifest without a purpose, and without operations that were called for nothing else."""
    called = {name: tuple(one for one in purposes if one != purpose) for name, purposes in manifest.operations.items()}
    return ManifestFact(
        {name: purposes for name, purposes in called.items() if purposes},
        {name: words for name, words in manifest.categories.items() if name != purpose},
        manifest.substitutes_everywhere,
    )


def purposes_left(taken: Collection[str]) -> list[tuple[str, str]]:
    """Purposes that can still be added, with their words."""
    return [(name, f"{words[:1].upper()}{words[1:]}") for name, words in PURPOSES.items() if name not in taken]


def _check_size(manifest: ManifestFact) -> None:
    sizes = (
        (len(manifest.operations), OPERATIONS_MAX, "operations"),
        (len(manifest.categories), PURPOSES_MAX, "purposes"),
        (
            max((len(words) for words in manifest.categories.values()), default=0),
            CATEGORIES_MAX,
            "categories for a purpose",
        ),
        (
            max((len(words) for words in manifest.operations.values()), default=0),
            PURPOSES_MAX,
            "purposes of an operation",
        ),
    )
    for found, most, what in sizes:
        if found > most:
            raise _unreadable(f"a manifest has at most {most} {what}")


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error).splitlines()[0][:120] if str(error) else "it cannot be read"
    return f"{problem} (line {mark.line + 1})" if mark is not None else problem


def _unreadable(message: str) -> PiepowderError:
    return PiepowderError(
        "appstore_manifest_unreadable",
        message,
        hint='`{"operations": {"orders.v0.getOrders": ["shipping"]}, "categories": {"shipping": ["buyer.name"]}}`',
    )
