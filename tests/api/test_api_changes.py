"""Every operation that changes something, against generated requests."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.generated_requests import CHANGES, ask


@pytest.mark.parametrize("operation", CHANGES)
def test_changes(
    operation: Any, keys: dict[str, str], ids: dict[str, list[str]], record_property: Callable[[str, object], None]
) -> None:
    """No request, of whoever, makes the API fail or answer what its document does not say."""
    ask(operation, keys, ids, record_property)
