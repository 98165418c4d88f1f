"""A policy pack: a folder of Cedar policies with a title page, example questions and a README; carried between processes as text.

Files: `pack.toml` (name, version, title, description), any number of `*.cedar`, `questions.toml`, `README.md`, and
`schema.cedarschema`, which is our own schema written out for editors: a pack may leave it out but not change it.

`extends = "data-protection"` in `pack.toml` takes over every file of a shipped pack that this one does not have itself. It is
resolved when the folder is read: what travels, and what the digest covers, is the whole text.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from msgspec import Struct

from piepowder.core.kernel.errors import ErrorKind, PiepowderError

DEFAULT_PACK = "data-protection"
SCHEMA_FILE = "schema.cedarschema"
QUESTIONS_FILE = "questions.toml"
_SUFFIXES = (".cedar", ".toml", ".md", ".cedarschema")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,31}")


class Pack(Struct, frozen=True, kw_only=True, eq=False):
    """A pack as text. `files` maps file name to text, sorted by name; equal packs have equal digests."""

    name: str
    pack_version: str
    title: str
    description: str
    files: dict[str, str]
    digest: str  # hex SHA-256 over all names and texts

    @property
    def version(self) -> str:
        """What questions and records call this policy: `<name>@<version>+<12 hex digits of the digest>`."""
        return f"{self.name}@{self.pack_version}+{self.digest[:12]}"

    @property
    def policies(self) -> dict[str, str]:
        """The Cedar files, by name."""
        return {name: text for name, text in self.files.items() if name.endswith(".cedar")}

    @staticmethod
    def from_files(files: Mapping[str, str]) -> "Pack":
        """A pack from file name -> text. `policy_pack_unreadable` where the title page is missing or wrong."""
        ordered = {name: files[name] for name in sorted(files)}
        head = _title_page(ordered)
        return Pack(
            name=_field(head, "name", _NAME),
            pack_version=_field(head, "version", _VERSION),
            title=_field(head, "title"),
            description=_field(head, "description"),
            files=ordered,
            digest=_digest(ordered),
        )


def read_pack(place: str | Path | Traversable) -> Pack:
    """A pack from a folder, or a shipped one by its name (`data-protection`, `strict`, `minimal`).

    A plain word names a shipped pack first; write `./strict` for a folder of that name.
    """
    folder = _shipped(place) if isinstance(place, str) and place in shipped_packs() else place
    if isinstance(folder, str):
        folder = Path(folder)
    if not folder.is_dir():
        raise PiepowderError(
            "policy_pack_not_found",
            f"there is no policy pack `{place}`",
            hint=f"give a folder with a pack.toml, or one of {', '.join(shipped_packs())}",
            kind=ErrorKind.NOT_FOUND,
            pack=str(place),
        )
    return Pack.from_files(_with_base(_texts(folder)))


def _texts(folder: Path | Traversable) -> dict[str, str]:
    return {entry.name: _text(entry) for entry in folder.iterdir() if entry.name.endswith(_SUFFIXES)}


def _with_base(files: dict[str, str]) -> dict[str, str]:
    """The files, with those of the pack that is extended beneath them. Only one step: shipped packs to extend stand alone."""
    base = _title_page(files).get("extends")
    if base is None:
        return files
    if base not in shipped_packs():
        raise _unreadable(f"a pack cannot extend `{base}`", f"give one of {', '.join(shipped_packs())}")
    beneath = _texts(_shipped(str(base)))
    if "extends" in _title_page(beneath):
        raise _unreadable(f"a pack cannot extend `{base}`, which extends another itself", "extend that one instead")
    return {**beneath, **files}


def shipped_packs() -> tuple[str, ...]:
    """Names of the packs that come with Piepowder."""
    return tuple(sorted(entry.name for entry in _root().iterdir() if entry.is_dir() and _NAME.fullmatch(entry.name)))


def _root() -> Traversable:
    return resources.files("piepowder.core.policy").joinpath("packs")


def _shipped(name: str) -> Traversable:
    return _root().joinpath(name)


def _text(entry: Traversable) -> str:
    try:
        return entry.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _unreadable(f"`{entry.name}` is not UTF-8 text", f"byte {error.start} cannot be read") from None


def _title_page(files: Mapping[str, str]) -> dict[str, object]:
    if "pack.toml" not in files:
        raise _unreadable("the pack has no `pack.toml`", "write one with name, version, title and description")
    try:
        return tomllib.loads(files["pack.toml"])
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(f"`pack.toml` is not TOML: {error}", "") from None


def _field(head: Mapping[str, object], name: str, pattern: re.Pattern[str] | None = None) -> str:
    value = head.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _unreadable(f"`pack.toml` has no `{name}`", "it is a text in double quotes")
    if pattern and not pattern.fullmatch(value):
        raise _unreadable(f"`{value}` cannot be the {name} of a pack", f"it must match {pattern.pattern}")
    return value.strip()


def _digest(files: Mapping[str, str]) -> str:
    """Names and lengths are hashed as well, so that no two packs run together into one digest."""
    digest = hashlib.sha256()
    for name, text in files.items():
        for part in (name.encode(), text.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _unreadable(message: str, hint: str) -> PiepowderError:
    return PiepowderError("policy_pack_unreadable", message, hint=hint)
