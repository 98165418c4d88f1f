from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.imports import rules
from piepowder.rooms.imports.reading import by_kind, kind_of, read
from piepowder.rooms.imports.rules import COLUMNS, AppRow, GrantRow, Kind
from tests.support.imports import app, as_csv, as_json, developer, grant, seller, token

GOOD: dict[Kind, dict[str, Any]] = {
    Kind.DEVELOPERS: developer(),
    Kind.SELLERS: seller(),
    Kind.APPS: app(),
    Kind.GRANTS: grant(),
    Kind.TOKENS: token(),
}


def test_the_drawing_is_the_table() -> None:
    """The module's docstring draws exactly the moves there are."""
    drawn = [line.strip() for line in (rules.__doc__ or "").splitlines() if "->" in line]
    table = rules.TRANSITIONS
    assert drawn == [f"{before} -> {', '.join(sorted(after)) or '(final)'}" for before, after in table.items()]


@pytest.mark.parametrize("kind", list(Kind))
def test_csv_and_json_say_the_same(kind: Kind) -> None:
    """Commas, semicolons or tabs, with or without a byte order mark, CRLF or LF: the same rows."""
    plain = as_csv([GOOD[kind]])
    table = read(kind, "x.csv", plain)
    assert table.bad == []
    assert table.rows[0].number == 2
    assert read(kind, "x.csv", b"\xef\xbb\xbf" + plain).rows == table.rows
    assert read(kind, "x.csv", plain.replace(b"\r\n", b"\n") + b"\n\n").rows == table.rows
    [row] = read(kind, "x.json", as_json([GOOD[kind]])).rows
    assert {name: getattr(row, name) for name in row.__struct_fields__ if name != "number"} == {
        name: getattr(table.rows[0], name) for name in row.__struct_fields__ if name != "number"
    }


def test_semicolons_are_understood() -> None:
    """As spreadsheets of half the world write them."""
    assert read(Kind.SELLERS, "x.csv", b"key;name\nA1;Shop, the\n").rows[0].key == "A1"


def test_lists_and_objects_of_json_stay_what_they_are() -> None:
    """A manifest as an object, purposes as a list."""
    row = read(Kind.APPS, "x.json", as_json([app(manifest={"operations": {}}, roles=["a", "b"])])).rows[0]
    assert isinstance(row, AppRow)
    assert (row.manifest, row.roles) == ({"operations": {}}, ("a", "b"))
    one = read(Kind.GRANTS, "x.json", as_json([grant(purposes=[])])).rows[0]
    assert isinstance(one, GrantRow)
    assert one.purposes is None


@pytest.mark.parametrize(
    ("kind", "changes", "column"),
    [
        (Kind.DEVELOPERS, {"key": ""}, "key"),
        (Kind.DEVELOPERS, {"key": "two words"}, "key"),
        (Kind.DEVELOPERS, {"name": "   "}, "name"),
        (Kind.DEVELOPERS, {"name": "a\u202eb"}, "name"),
        (Kind.DEVELOPERS, {"name": "n" * 201}, "name"),
        (Kind.SELLERS, {"active": "perhaps"}, "active"),
        (Kind.APPS, {"manifest": "{not json"}, "manifest"),
        (Kind.APPS, {"manifest": "[]"}, "manifest"),
        (Kind.APPS, {"kind": "private"}, "kind"),
        (Kind.APPS, {"client_secret_sha256": "the secret itself"}, "client_secret_sha256"),
        (Kind.GRANTS, {"expires_at": "soon"}, "expires_at"),
        (Kind.GRANTS, {"expires_at": "2027-06-30T00:00:00"}, "expires_at"),
        (Kind.GRANTS, {"expires_at": "9999-06-30"}, "expires_at"),
        (Kind.TOKENS, {"refresh_token_sha256": "Atzr|the token itself"}, "refresh_token_sha256"),
        (Kind.TOKENS, {"refresh_token_sha256": ""}, "refresh_token_sha256"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(kind: Kind, changes: dict[str, str], column: str) -> None:
    """And the rows around it are read all the same."""
    good = GOOD[kind]
    table = read(kind, "x.csv", as_csv([good, {**good, **changes}, good]))
    assert [(bad.number, bad.column) for bad in table.bad] == [(3, column)]
    assert [row.number for row in table.rows] == [2, 4]
    assert not [bad for bad in table.bad if "itself" in bad.words and "secret itself" not in bad.words]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("sellers.csv", b"key,name\n\xff,x\n", "imports_file_malformed"),
        ("sellers.csv", b'key,name\nA1,"open\n', "imports_file_malformed"),
        ("sellers.csv", b"key,name,key\n", "imports_column_twice"),
        ("sellers.csv", b"key,nme\n", "imports_column_unknown"),
        ("sellers.csv", b"key\n", "imports_column_missing"),
        ("sellers.csv", b"", "imports_column_missing"),
        ("sellers.json", b"{}", "imports_file_malformed"),
        ("sellers.json", b"[{]", "imports_file_malformed"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole(name: str, data: bytes, code: str) -> None:
    """With the place, and what was probably meant."""
    with pytest.raises(PiepowderError) as raised:
        read(Kind.SELLERS, name, data)
    assert raised.value.code == code
    assert "sellers." in raised.value.message


def test_files_are_known_by_their_names() -> None:
    """Two of a kind, none, and others are refused."""
    assert kind_of("folder/Grants.CSV") is Kind.GRANTS
    assert list(by_kind({"tokens.csv": b"", "developers.json": b""})) == [Kind.DEVELOPERS, Kind.TOKENS]
    for names, code in ((["a.csv"], "file_unknown"), ([], "no_files"), (["apps.csv", "apps.json"], "file_twice")):
        with pytest.raises(PiepowderError) as raised:
            by_kind(dict.fromkeys(names, b""))
        assert raised.value.code == f"imports_{code}"


def test_odd_rows_of_json_are_named() -> None:
    """No object, an unknown member, a number where a text belongs."""
    table = read(Kind.SELLERS, "x.json", as_json([1, seller(shop="x"), seller(name=3)]))  # type: ignore[list-item]
    assert [(bad.number, bad.column) for bad in table.bad] == [(1, "row"), (2, "shop"), (3, "name")]


CELLS = st.text(max_size=20)


@given(
    st.sampled_from(list(Kind)),
    st.lists(st.dictionaries(st.sampled_from(["key", "app", "seller", "name", "x"]), CELLS)),
)
def test_any_json_is_read_or_refused(kind: Kind, rows: list[dict[str, str]]) -> None:
    """No row whatever makes another error; each is either read or named."""
    table = read(kind, "x.json", as_json(rows))
    assert len(table.rows) + len(table.bad) == len(rows)


@given(st.sampled_from(list(Kind)), st.lists(st.lists(CELLS, max_size=12), max_size=5))
def test_any_csv_is_read_or_refused(kind: Kind, rows: list[list[str]]) -> None:
    """The header is right, the rest is what it is."""
    header = ",".join(one.name for one in COLUMNS[kind])
    body = "\n".join(",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows)
    try:
        read(kind, "x.csv", f"{header}\n{body}\n".encode("utf-8", "replace"))
    except PiepowderError as error:
        code = error.code
    else:
        code = "imports_file_malformed"
    assert code == "imports_file_malformed"
