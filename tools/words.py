"""Finds the words that the code promises to others, by reading it: error codes, kinds of ledger records, metrics.

A word is often put together on its way: `_refused("token_expired")` calls `Refused("unauthorised", reason)`, which calls
`PiepowderError(f"gateway_{reason}")`. So a function that hands a parameter of its own on into a word is a carrier; each
call of a carrier is read with its arguments put in, until no new carrier appears. Nothing is imported or run.
"""

import ast
import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
ROOM = "__room__"  # stands for the package in which the call is
CONSOLE_WORDS = "piepowder.rooms.consent.templatetags.console_words"
ANY = ""  # the module of a carrier that is known by its name alone, being a method

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """`value` with `<name>` for what is not known here, `says` with `…`; `means` is how the function's docstring begins."""

    value: str
    says: str
    means: str
    module: str  # piepowder.rooms.consent.rules

    @property
    def room(self) -> str:
        return room_of(self.module)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Called with `parameters`, it makes the word `value` and the sentence `says`, expressions over the parameters."""

    parameters: tuple[str, ...]
    value: ast.expr
    says: ast.expr


@dataclass(slots=True)
class Module:
    name: str
    tree: ast.Module
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)  # name here -> (module, name there)
    tables: dict[str, ast.Dict] = field(default_factory=dict)
    calls: list[tuple[ast.Call, Function | None, ast.ClassDef | None, tuple[str, str]]] = field(default_factory=list)


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def carrier(parameters: str, value: str, says: str = "''") -> Carrier:
    """`carrier("reason message", "f'gateway_{reason}'", "message")`"""
    return Carrier(tuple(parameters.split()), _expression(value), _expression(says))


ERROR_CODES: Mapping[tuple[str, str], Carrier] = {
    ("piepowder.core.kernel.errors", "PiepowderError"): carrier("code message", "code", "message"),
    ("piepowder.core.marketplace.dialect", "Refusal"): carrier("", f"f'{{{ROOM}}}_{{reason}}'", "message"),
    # becomes an `UpstreamFailure` of the same reason, as a value
    ("piepowder.gateway.exchange", "Fault"): carrier("reason sentence", "f'gateway_{reason}'", "sentence"),
}
LEDGER_KINDS: Mapping[tuple[str, str], Carrier] = {
    ("piepowder.core.ledger.model", "Record"): carrier("", "kind"),
    ("piepowder.rooms.ground.ledger", "record"): carrier("kind", "kind"),
    (ANY, "advance"): carrier("", f"f'{{{ROOM}}}.{{verb}}'"),
}
METRICS: Mapping[tuple[str, str], Carrier] = {
    ("prometheus_client", name): carrier("name documentation", "name", "documentation")
    for name in ("Counter", "Gauge", "Histogram", "Summary")
}


def error_codes() -> list[Word]:
    """Every error code; one that begins with the table of a row is listed for each table whose rows have a status."""
    modules = read_modules()
    tables = list(_stateful_tables(modules))
    return sorted_words(
        Word(value=word.value.replace("<db_table>", table), says=word.says, means=word.means, module=module)
        for word in words(ERROR_CODES, modules)
        if not word.value.startswith("<")  # an error told anew, under the code that it had
        for table, module in (tables if "<db_table>" in word.value else [("", word.module)])
    )


def ledger_kinds() -> list[Word]:
    """Every kind of record; one whose function has no docstring means what the console says of it."""
    modules = read_modules()
    shown = _shown_kinds(modules)
    found = [word for word in words(LEDGER_KINDS, modules) if "<" not in word.value]
    return sorted_words(word if word.means else replace(word, means=shown.get(word.value, "")) for word in found)


def _shown_kinds(modules: list[Module]) -> dict[str, str]:
    """Kind -> its words in the console's table of kinds."""
    tables = [module.tables["KINDS"] for module in modules if module.name == CONSOLE_WORDS and "KINDS" in module.tables]
    return {key: text for table in tables for key, text in ast.literal_eval(table).items()}


def metrics() -> list[Word]:
    return sorted_words(words(METRICS, read_modules()))


def sorted_words(found: Iterator[Word]) -> list[Word]:
    return sorted(found, key=lambda word: (word.value, word.module))


def room_of(module: str) -> str:
    """The room or package of a module: `consent` of `piepowder.rooms.consent.rules`, `cli` of `piepowder.cli.up`."""
    steps = module.split(".")[1:]
    return steps[1] if steps[0] in ("core", "rooms") and len(steps) > 1 else steps[0]


@cache
def read_modules(root: Path = SOURCE) -> list[Module]:
    """Every module below `root` but migrations."""
    paths = [path for path in sorted(root.rglob("*.py")) if "migrations" not in path.parts]
    return [_module(path, root) for path in paths]


def words(bases: Mapping[tuple[str, str], Carrier], modules: list[Module]) -> Iterator[Word]:
    """All words that are made through the carriers `bases`, and through whatever turns out to carry to them."""
    known: dict[tuple[str, str], Carrier] = dict(bases)
    while True:
        sites = [(module, function, *read) for module in modules for function, read in _sites(module, known)]
        new: dict[tuple[str, str], Carrier] = {}
        for module, function, owner, value, says in sites:
            if function is not None and _holes(value) & set(_parameters(function)):
                new.setdefault((module.name, owner), Carrier(_positional(function), value, says))
        if new.keys() <= known.keys():
            break
        known = {**new, **known}
    for module, function, _owner, value, says in sites:
        if function is None or not _holes(value) & set(_parameters(function)):
            means = _first_sentence(function) if function is not None else ""
            for text, sentence in product(texts(value, module), texts(says, module, unknown="…")):
                yield Word(value=text, says=sentence, means=means, module=module.name)


def _sites(
    module: Module, known: Mapping[tuple[str, str], Carrier]
) -> Iterator[tuple[Function | None, tuple[str, ast.expr, ast.expr]]]:
    """Calls of known carriers: the function around, and (its name as a carrier, value, sentence) with arguments put in."""
    for call, function, owner, target in module.calls:
        found = known.get(target)
        if found is None:
            continue
        given = dict(zip(found.parameters, call.args, strict=False))
        given |= {word.arg: word.value for word in call.keywords if word.arg}
        needed = _holes(found.value) - {ROOM}
        if not needed <= given.keys():
            continue
        given[ROOM] = ast.Constant(room_of(module.name))
        local = _assigned(function) if function else {}
        value, says = (_filled(_filled(part, given), local) for part in (found.value, found.says))
        name = owner.name if owner and function and function.name == "__init__" else function.name if function else ""
        yield function, (name, value, says)


def _calls(
    node: ast.AST, function: Function | None, owner: ast.ClassDef | None
) -> Iterator[tuple[ast.Call, Function | None, ast.ClassDef | None]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, function, owner
        if isinstance(child, ast.ClassDef):
            yield from _calls(child, None, child)
        elif isinstance(child, Function):
            yield from _calls(child, child, owner)
        else:
            yield from _calls(child, function, owner)


def _target(call: ast.Call, module: Module, owner: ast.ClassDef | None) -> tuple[str, str]:
    """(module, name) of what is called; `super().__init__` is the first base, a method is (this module or ANY, name)."""
    match call.func:
        case ast.Name(id=name):
            return module.imported.get(name, (module.name, name))
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__") if owner and owner.bases:
            return _target(ast.Call(func=owner.bases[0], args=[], keywords=[]), module, None)
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return module.name, name
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in module.imported:
            return ".".join(module.imported[name]), attribute
        case ast.Attribute(attr=attribute):
            return ANY, attribute
    return ANY, ""


def texts(expression: ast.expr, module: Module, unknown: str = "") -> list[str]:
    """What the expression may be; `unknown`, or else `<name>`, for the parts that nobody can tell from here."""
    match expression:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=other):
            return texts(body, module, unknown) + texts(other, module, unknown)
        case ast.JoinedStr(values=parts):
            return ["".join(chosen) for chosen in product(*(texts(part, module, unknown) for part in parts))]
        case ast.FormattedValue(value=value):
            return texts(value, module, unknown)
        case ast.Subscript(value=ast.Name(id=table), slice=ast.Constant(value=key)) if table in module.tables:
            entries = zip(module.tables[table].keys, module.tables[table].values, strict=True)
            return [
                text for k, v in entries if isinstance(k, ast.Constant) and k.value == key for text in texts(v, module)
            ]
    return [unknown or f"<{_last_name(expression)}>"]


def _last_name(expression: ast.expr) -> str:
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name) if name not in ("lower", "removeprefix"):
            return name
        case ast.Call(func=ast.Attribute(value=inner)) | ast.Attribute(value=inner):
            return _last_name(inner)
    return "word"


def _first_sentence(function: Function) -> str:
    paragraph = " ".join((ast.get_docstring(function) or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.;]) ", paragraph)[0].rstrip(".;")


class _Fill(ast.NodeTransformer):
    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        # A copy for each place: a node that stood in two places would be filled twice, and the tree of the source with it.
        return copy.deepcopy(self._given[node.id]) if node.id in self._given else node


def _filled(expression: ast.expr, given: Mapping[str, ast.expr]) -> ast.expr:
    filled: ast.expr = _Fill(given).visit(copy.deepcopy(expression))
    return filled


@cache
def _assigned(function: Function) -> dict[str, ast.expr]:
    """Local names and what they are set to; several settings become one choice."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            found[name] = ast.IfExp(ast.Constant(True), node.value, found[name]) if name in found else node.value
    return found


def _holes(expression: ast.expr) -> set[str]:
    """Names that are a part of the text as they are; not those of which only an attribute or a function's result is."""
    match expression:
        case ast.Name(id=name):
            return {name}
        case ast.FormattedValue(value=value):
            return _holes(value)
        case ast.IfExp(body=body, orelse=other):
            return _holes(body) | _holes(other)
        case ast.JoinedStr(values=parts):
            return {name for part in parts for name in _holes(part)}
    return set()


def _positional(function: Function) -> tuple[str, ...]:
    return tuple(one.arg for one in function.args.args if one.arg not in ("self", "cls"))


def _parameters(function: Function) -> tuple[str, ...]:
    return _positional(function) + tuple(one.arg for one in function.args.kwonlyargs)


def _module(path: Path, root: Path) -> Module:
    steps = path.relative_to(root).with_suffix("").parts
    module = Module(".".join(steps).removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8")))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module.imported |= {name.asname or name.name: (node.module, name.name) for name in node.names}
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            module.tables[node.targets[0].id] = node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict) and isinstance(node.target, ast.Name):
            module.tables[node.target.id] = node.value
    module.calls = [(*site, _target(site[0], module, site[2])) for site in _calls(module.tree, None, None)]
    return module


def _stateful_tables(modules: list[Module]) -> Iterator[tuple[str, str]]:
    """(table, module) of every model whose status changes through `advance()`."""
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and any("StatefulModel" in ast.unparse(base) for base in node.bases):
                yield f"{room_of(module.name)}_{node.name.lower()}", module.name
