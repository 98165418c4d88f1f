"""Every operation's shape, made once; and the release type of request bodies."""

from typing import Any

import msgspec

from piepowder.core.marketplace.model import Operation
from piepowder.gateway.project import Shape
from piepowder.gateway.refused import Refused
from piepowder.gateway.shape import KEEP, Compiler, Slot, collect

_encode = msgspec.json.Encoder().encode


class ShapeBook:
    def __init__(self) -> None:
        self._shapes: dict[str, Shape] = {}
        self._bodies: dict[str, msgspec.json.Decoder[Any]] = {}

    def of(self, operation: Operation) -> Shape:
        found = self._shapes.get(operation.id)
        if found is None:
            found = self._shapes[operation.id] = Shape(operation)
        return found

    def body(self, operation: Operation, body: bytes) -> bytes:
        """A write's request body with the members the catalogue knows, written anew."""
        if operation.body is None:
            return b""
        decoder = self._bodies.get(operation.id)
        if decoder is None:
            known: set[Slot] = set()
            collect(operation.body, known)
            shape = Compiler(dict.fromkeys(known, KEEP)).type_of(operation.body)
            decoder = self._bodies[operation.id] = msgspec.json.Decoder(shape if shape is not None else Any)
        try:
            return _encode(decoder.decode(body))
        except msgspec.ValidationError as error:
            raise Refused("invalid", "body_invalid", f"the body does not have the documented form: {error}") from None
