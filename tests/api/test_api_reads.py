"""Every operation that reads, against generated requests."""

from collections.abc import Callable
from typing import Any

import pytest

from piepowder.web.wiring import api
from tests.support.generated_requests import CHANGES, READS, ask


@pytest.mark.parametrize("operation", READS)
def test_reads(
    operation: Any, keys: dict[str, str], ids: dict[str, list[str]], record_property: Callable[[str, object], None]
) -> None:
    """No request, of whoever, makes the API fail or answer what its document does not say."""
    ask(operation, keys, ids, record_property)


def test_no_operation_is_left_out() -> None:
    """The two files of generated requests are about every operation of the document, each under a name of its own."""
    operations = [method for item in api.get_openapi_schema()["paths"].values() for method in item]
    assert len(READS) + len(CHANGES) == len({one.id for one in [*READS, *CHANGES]}) == len(operations)
