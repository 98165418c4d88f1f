"""Settings: three sources, one winner, no misspelling passes, every one documented."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from piepowder.core.kernel import folder
from piepowder.core.kernel.config import FILE_NAME, Settings, load, local_address, unknown_variables
from piepowder.core.kernel.errors import PiepowderError
from tests.support.commands import forget_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_settings(monkeypatch, tmp_path)


def error_of(config: Path | None = None, **given: Any) -> PiepowderError:
    with pytest.raises(PiepowderError) as caught:
        load(config, **given)
    return caught.value


def test_the_later_source_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Command line beats environment beats file beats default."""
    (tmp_path / FILE_NAME).write_text('workers = 2\nrates = "generous"\nconsole_port = 9001\n')
    monkeypatch.setenv("PIEPOWDER_WORKERS", "3")
    monkeypatch.setenv("PIEPOWDER_RATES", "")
    settings = load(console_port=9002, gateway_port=None)
    assert (settings.workers, settings.rates, settings.console_port, settings.gateway_port) == (
        3,
        "generous",
        9002,
        8400,
    )
    assert settings.data == tmp_path


def test_the_file_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--config` beats `PIEPOWDER_CONFIG`, which beats the data folder's file; a named file must exist."""
    for name, port in (("a.toml", 9001), ("b.toml", 9002), (FILE_NAME, 9003)):
        (tmp_path / name).write_text(f"console_port = {port}\n")
    assert load().console_port == 9003
    monkeypatch.setenv("PIEPOWDER_CONFIG", str(tmp_path / "b.toml"))
    assert load().console_port == 9002
    assert load(tmp_path / "a.toml").console_port == 9001
    assert error_of(tmp_path / "c.toml").code == "kernel_config_missing"


def test_a_misspelt_name_in_the_file_is_refused(tmp_path: Path) -> None:
    """An unknown name is refused, with the nearest known one as a hint."""
    (tmp_path / FILE_NAME).write_text("worker = 2\n")
    error = error_of()
    assert error.code == "kernel_config_unknown"
    assert "workers" in error.hint


def test_a_misspelt_variable_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of ours that means nothing is named for the doctor to tell."""
    monkeypatch.setenv("PIEPOWDER_WROKERS", "2")
    assert unknown_variables() == ["PIEPOWDER_WROKERS"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workers", 0),
        ("gateway_port", 70_000),
        ("gateway_port", 8401),
        ("upstream_url", "ftp://example.com"),
        ("upstream_url", "https://user:secret@example.com"),
        ("database_url", "mysql://secret@example.com/x"),
        ("relay_domain", "not a domain"),
        ("dialect", "mws9"),
        ("upstream_deadline_seconds", -1),
    ],
)
def test_a_value_out_of_range_is_refused_without_repeating_it(name: str, value: Any) -> None:
    """A bad value is refused under its setting's name; the value itself is not repeated, as it may be a secret."""
    error = error_of(None, **{name: value})
    assert error.code == "kernel_config_invalid"
    assert "secret" not in str(error)


def test_malformed_toml_is_named(tmp_path: Path) -> None:
    """A file that is not TOML is named with the place of the fault."""
    (tmp_path / FILE_NAME).write_text("workers = \n")
    error = error_of()
    assert error.code == "kernel_config_malformed"
    assert "line 1" in error.message


def test_children_get_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables made from settings give the same settings again."""
    settings = load(workers=3, demo=True, upstream_url="http://127.0.0.1:9/", upstream_credential="made-up")
    for name, value in settings.variables().items():
        monkeypatch.setenv(name, value)
    assert load() == settings


def test_settings_are_frozen_and_keep_secrets_to_themselves() -> None:
    """A setting cannot be changed afterwards, and secrets do not show when settings are printed."""
    settings = load(upstream_credential="made-up-secret", database_url="postgresql://u:made-up-secret@h/d")
    assert "made-up-secret" not in repr(settings)
    with pytest.raises(ValueError, match="frozen"):
        settings.workers = 5


def test_addresses_follow_hosts_and_ports() -> None:
    """Public addresses default to where the servers can be reached from this machine; HTTPS turns secure cookies on."""
    settings = load(gateway_host="0.0.0.0", gateway_port=9400, public_url="https://apps.example/")
    assert settings.gateway_url == "http://127.0.0.1:9400"
    assert settings.public_url == "https://apps.example"
    assert settings.secure_cookies
    assert local_address("::1", 1) == "http://[::1]:1"


def test_every_setting_is_documented_and_nothing_else() -> None:
    """`docs/settings.md` has a row for each setting and none for a setting that does not exist."""
    text = (ROOT / "docs" / "settings.md").read_text()
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))
    assert documented == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        assert ("(secret)" in row) == (field.repr is False)


def test_the_default_data_folder_is_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As an ordinary user the data folder lies under the XDG state home."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert folder.default_data_folder() == tmp_path / "piepowder"
    assert stat.S_IMODE(folder.prepare(tmp_path / "piepowder").stat().st_mode) == 0o700
