"""The OpenAPI document as people read it: chapters of operations, each with what it takes, an example call and its command. Pure."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from piepowder.core.kernel.json import encode_text

Schema = Mapping[str, Any]
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "nothing",
}
_FORMATS = {"date-time": "moment", "date": "date", "binary": "file"}
_SAMPLES: Mapping[str, Any] = {
    "whole number": 1,
    "number": 1,
    "true or false": True,
    "date": "2027-01-31",
    "moment": "2027-01-31T12:00:00Z",
}
CHOICES_SHOWN = 12


class Part(NamedTuple):
    """A parameter, or a member of a body."""

    name: str
    kind: str
    needed: bool
    otherwise: str  # what holds where it is left out


class Operation(NamedTuple):
    id: str
    method: str
    path: str
    summary: str
    rest: str  # of the description
    parameters: tuple[Part, ...]
    body: tuple[Part, ...]
    answers: str
    example: str
    commands: tuple[str, ...]


class Chapter(NamedTuple):
    name: str
    about: str
    operations: tuple[Operation, ...]

    @property
    def slug(self) -> str:
        return self.name.replace(" ", "-")


def chapters(document: Schema, address: str) -> dict[str, Chapter]:
    """Slug -> chapter, in the order of the document's tags. `address`: of this installation, for the examples."""
    reader = _Reader(document, address)
    found = [(given["tags"][0], reader.operation(method, path, given)) for method, path, given in _operations(document)]
    made = [
        Chapter(tag["name"], tag["description"], tuple(one for name, one in found if name == tag["name"]))
        for tag in document["tags"]
    ]
    return {one.slug: one for one in made}


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


class _Reader:
    def __init__(self, document: Schema, address: str) -> None:
        self.shapes, self.address = document["components"]["schemas"], address

    def operation(self, method: str, path: str, given: Schema) -> Operation:
        description = " ".join(given.get("description", "").split())
        content = given.get("requestBody", {}).get("content", {})
        kind, shape = next(iter((kind, self.shape(one["schema"])) for kind, one in content.items()), ("", {}))
        return Operation(
            id=given["operationId"],
            method=method.upper(),
            path=path,
            summary=given["summary"],
            rest=description.removeprefix(given["summary"]).strip(),
            parameters=tuple(self.part(one["name"], one["schema"], one["required"]) for one in given["parameters"]),
            body=tuple(self.members(shape)),
            answers=self.answers(given["responses"]),
            example=self.example(method, path, given, kind, shape),
            commands=tuple(given["x-piepowder-commands"]),
        )

    def shape(self, given: Schema) -> Schema:
        """With its reference followed."""
        name = given.get("$ref", "").rpartition("/")[2]
        found: Schema = self.shapes[name] if name else given
        return found

    def members(self, shape: Schema) -> Iterator[Part]:
        for name, given in shape.get("properties", {}).items():
            yield self.part(name, given, name in shape.get("required", ()))

    def part(self, name: str, given: Schema, needed: bool) -> Part:
        default = given.get("default")
        otherwise = "" if needed or default in (None, "", [], {}) else encode_text(default)
        return Part(name, self.kind(given), needed, otherwise)

    def kind(self, given: Schema) -> str:
        given = self.shape(given)
        if several := given.get("anyOf"):
            return " or ".join(dict.fromkeys(self.kind(one) for one in several if one.get("type") != "null"))
        if choices := given.get("enum") or ([given["const"]] if "const" in given else []):
            more = ", …" if len(choices) > CHOICES_SHOWN else ""
            return "one of " + ", ".join(map(str, choices[:CHOICES_SHOWN])) + more
        if given.get("type") == "array":
            return f"list of: {self.kind(given.get('items', {}))}"
        if given.get("type") == "object":
            return "members: " + ", ".join(given["properties"]) if given.get("properties") else "by name"
        return _FORMATS.get(given.get("format", ""), _WORDS.get(given.get("type", ""), "anything"))

    def answers(self, responses: Schema) -> str:
        """What comes back if all went well."""
        status, found = next((status, one) for status, one in responses.items() if int(status) < 400)
        content = next(iter(found.get("content", {}).values()), None)
        return f"{status}: {self.kind(content['schema'])}" if content else f"{status}"

    def example(self, method: str, path: str, given: Schema, kind: str, shape: Schema) -> str:
        query = [one for one in given["parameters"] if one["in"] == "query" and one["required"]]
        asked = "?" + "&".join(f"{one['name']}=…" for one in query) if query else ""
        verb = "" if method == "get" else f"-X {method.upper()} "
        lines = [f'curl {verb}"{self.address}{path}{asked}"', '-H "Authorization: Bearer $KEY"']
        if kind == "application/json":
            needed = {name: shape["properties"][name] for name in shape.get("required", ())}
            body = encode_text({name: self.sample(one) for name, one in needed.items()})
            lines += ['-H "Content-Type: application/json"', f"-d {shlex.quote(body)}"]
        elif kind:
            lines += [f'-F "{name}=@FILE"' for name, one in shape["properties"].items() if "file" in self.kind(one)]
        return " \\\n  ".join(lines if given.get("security") else [lines[0], *lines[2:]])

    def sample(self, given: Schema) -> Any:
        given = self.shape(given)
        if choices := given.get("enum"):
            return choices[0]
        if given.get("type") == "array":
            return [self.sample(given.get("items", {}))]
        if given.get("type") == "object":
            needed = given.get("required", ())
            return {name: self.sample(given["properties"][name]) for name in needed}
        return _SAMPLES.get(self.kind(given), "…")
