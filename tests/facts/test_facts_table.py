"""The persistent table behaves as a dict that is copied for each change, and never changes itself."""

from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.facts.table import Table

CHANGES = st.lists(st.dictionaries(st.integers(0, 3000), st.none() | st.text(max_size=3), max_size=40), max_size=12)


@given(st.dictionaries(st.integers(0, 3000), st.text(max_size=3), max_size=300), CHANGES)
def test_each_table_is_what_a_copied_dict_would_be(first: dict[int, str], steps: list[dict[int, str | None]]) -> None:
    """After every change the new table holds what it should, and every older one what it held."""
    tables, models = [Table(first.items())], [first]
    for changes in steps:
        tables.append(tables[-1].replace(changes))
        model = {**models[-1], **{key: value for key, value in changes.items() if value is not None}}
        models.append({key: value for key, value in model.items() if changes.get(key, "") is not None})
    for table, model in zip(tables, models, strict=True):
        assert dict(table.items()) == model
        assert len(table) == len(model)


def test_looking_up_what_is_not_there() -> None:
    """An absent key is absent in every way a mapping can be asked."""
    table: Table[str, int] = Table([("a", 1)])
    assert ("b" in table, table.get("b"), table.get("b", 7)) == (False, None, 7)
    assert ("a" in table, table.get("a"), table["a"], list(table)) == (True, 1, 1, ["a"])


def test_nothing_to_change_is_the_same_table() -> None:
    """A change of nothing costs nothing."""
    table = Table([("a", 1)])
    assert table.replace({}) is table
