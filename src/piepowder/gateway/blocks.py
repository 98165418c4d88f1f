"""Blocks of an answer that an app asks for by name (`includedData`). What it did not ask for is absent, as the API promises; what the
gateway needs to learn an order's state is asked for all the same, and left behind here."""

from msgspec import Struct

from piepowder.core.marketplace.model import Operation
from piepowder.gateway.parameters import Parameters


class Blocks(Struct, frozen=True):
    hidden: frozenset[str]  # members of blocks the app did not ask for
    query: tuple[tuple[str, str], ...]  # what goes upstream


def requested_blocks(operation: Operation, parameters: Parameters) -> Blocks:
    if not operation.included_data:
        return Blocks(frozenset(), tuple(parameters.forward))
    name = block_parameter(operation)
    asked = parameters.values.get(name, [])
    shown = {member for block in asked for member in operation.included_data.get(block, ())}
    every = {member for members in operation.included_data.values() for member in members}
    wanted = [(name, block) for block in dict.fromkeys([*asked, *operation.state_needs])]
    rest = [(key, value) for key, value in parameters.forward if key != name]
    return Blocks(frozenset(every - shown), (*rest, *wanted))


def block_parameter(operation: Operation) -> str:
    """The query parameter whose values name the blocks."""
    blocks = set(operation.included_data)
    return next(each.name for each in operation.parameters if each.enum and blocks <= set(each.enum))
