"""How a door of the gateway says no: one exception that carries the refusal in words of no dialect."""

from piepowder.core.kernel.errors import ErrorKind, PiepowderError
from piepowder.core.marketplace.dialect import Refusal

_KINDS = {"unauthorised": ErrorKind.FORBIDDEN, "forbidden": ErrorKind.FORBIDDEN, "not_found": ErrorKind.NOT_FOUND}


class Refused(PiepowderError):
    """A call that goes no further. `refusal` is what `Dialect.refuse` turns into an answer; `code` is `gateway_<reason>`."""

    def __init__(
        self,
        kind: str,
        reason: str,
        message: str,
        *,
        hint: str = "",
        allow: tuple[str, ...] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(f"gateway_{reason}", message, hint=hint, kind=_KINDS.get(kind, ErrorKind.INVALID))
        self.refusal = Refusal(
            kind=kind,
            reason=reason,
            message=message,
            hint=hint,
            allow=allow,
            retry_after_seconds=retry_after_seconds,
        )
