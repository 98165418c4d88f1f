"""Every operation that changes something, against generated requests."""

from typing import Any

from schemathesis import Case

from tests.support.generated_requests import ask, many, schema


@schema.exclude(method="GET").parametrize()
@many
def test_changes(case: "Case[Any]", keys: dict[str, str], ids: dict[str, list[str]]) -> None:
    """No request, of whoever, makes the API fail or answer what its document does not say."""
    ask(case, keys, ids)
