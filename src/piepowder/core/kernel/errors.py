"""The one family of errors. Doors (HTTP, CLI) translate `kind`; nothing here knows a status code.

A message is lower case, quotes the user's word in backticks; the hint says what to do next.
"""

from enum import StrEnum
from typing import Any


class ErrorKind(StrEnum):
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"


class PiepowderError(Exception):
    """Every failure that a person or a program may meet.

    `code` is stable and begins with its room (`kernel_data_folder_in_use`); `fields` carry what the sentence names.
    """

    def __init__(
        self, code: str, message: str, *, hint: str = "", kind: ErrorKind = ErrorKind.INVALID, **fields: Any
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.kind, self.fields = code, message, hint, kind, fields

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message
