"""Settings: one TOML file, then `PIEPOWDER_…` in the environment, then the command line; the later one wins.

Every setting is described in `docs/settings.md` (a test compares). Frozen: who wants another value starts again.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from piepowder.core.kernel.errors import PiepowderError
from piepowder.core.kernel.folder import default_data_folder

PREFIX = "PIEPOWDER_"
CONFIG_VARIABLE = "PIEPOWDER_CONFIG"
FILE_NAME = "piepowder.toml"
MAIL_SCHEMES = ("smtp", "smtps", "smtp+starttls")
# Read by others than `Settings`: where the file is, and the root key, which belongs into no configuration file.
OTHER_VARIABLES = frozenset({CONFIG_VARIABLE, "PIEPOWDER_ROOT_KEY"})


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
        raise ValueError("is not an http:// or https:// address without user name")
    return value.rstrip("/")


def _postgres_address(value: str) -> str:
    if value and urlsplit(value).scheme not in ("postgresql", "postgres"):
        raise ValueError("is not a postgresql:// address")
    return value


def _mail_address(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in MAIL_SCHEMES or not parts.hostname):
        raise ValueError(f"is not an address that begins with {', '.join(f'{one}://' for one in MAIL_SCHEMES)}")
    return value


def _time_zone(value: str) -> str:
    """A name of the time zone data; plain UTC needs none."""
    if value != "UTC" and value not in available_timezones():
        raise ValueError("is no time zone; give a name like Europe/Berlin")
    return value


def _dates(value: str) -> str:
    for word in value.replace(",", " ").split():
        try:
            date.fromisoformat(word)
        except ValueError:
            raise ValueError(f"`{word}` is no date such as 2027-12-25") from None
    return value


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


def local_address(host: str, port: int) -> str:
    """Where a program on this machine reaches a server bound to `host`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reachable}:{port}"


def mail_domain(address: str) -> str:
    """The host of a web address, for mail addresses; a number of a host is no domain."""
    host = urlsplit(address).hostname or ""
    return host if any(character.isalpha() for character in host) and ":" not in host else "localhost"


Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=600)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Secret = Annotated[str, Field(repr=False)]


class Settings(BaseSettings):
    """All of an installation's choices. Build with `load`; secrets stay out of `repr`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, validate_default=True
    )

    data: Annotated[Path, AfterValidator(_absolute)] = Field(default_factory=default_data_folder)
    database_url: Annotated[Secret, AfterValidator(_postgres_address)] = ""
    secret_key: Secret = ""

    dialect: Literal["spapi", "stall"] = "spapi"
    environment: Literal["production", "sandbox"] = "production"
    upstream_url: WebAddress = ""
    upstream_credential: Secret = ""
    upstream_deadline_seconds: Seconds = 30.0
    upstream_connections_max: Annotated[int, Field(ge=1, le=10_000)] = 64
    upstream_body_bytes_max: Annotated[int, Field(ge=1024)] = 32 << 20
    request_body_bytes_max: Annotated[int, Field(ge=1024)] = 8 << 20
    header_deadline_seconds: Seconds = 10.0
    answer_deadline_seconds: Seconds = 60.0
    rates: Literal["published", "generous"] = "published"
    relay_domain: Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")] = "relay.invalid"

    workers: Annotated[int, Field(ge=1, le=256)] = Field(default_factory=lambda: min(4, os.cpu_count() or 1))
    gateway_host: str = "127.0.0.1"
    gateway_port: Port = 8400
    console_host: str = "127.0.0.1"
    console_port: Port = 8401
    marketplace_port: Port = 8402
    mailbox_port: Port = 8403
    relay_port: Port = 8425

    gateway_url: WebAddress = Field(
        default_factory=lambda known: local_address(known["gateway_host"], known["gateway_port"])
    )
    public_url: WebAddress = Field(
        default_factory=lambda known: local_address(known["console_host"], known["console_port"])
    )
    hosts: str = "localhost,127.0.0.1,[::1]"
    secure_cookies: bool = Field(default_factory=lambda known: known["public_url"].startswith("https://"))
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    static_root: str = ""
    debug: bool = False
    demo: bool = False

    mail_url: Annotated[Secret, AfterValidator(_mail_address)] = ""
    mail_from: Annotated[str, Field(max_length=254)] = Field(
        default_factory=lambda known: f"piepowder@{mail_domain(known['public_url'])}"
    )

    grant_days: Annotated[int, Field(ge=1, le=3650)] = 365
    evidence_bytes_max: Annotated[int, Field(ge=1 << 10, le=1 << 28)] = 10 << 20
    identity_review_days: Annotated[int, Field(ge=1, le=120)] = 5
    identity_valid_days: Annotated[int, Field(ge=30, le=3650)] = 730
    identity_grace_days: Annotated[int, Field(ge=1, le=365)] = 60

    deletion_days: Annotated[int, Field(ge=1, le=365)] = 30

    ladder: str = "default"

    assessment_days: Annotated[int, Field(ge=1, le=250)] = 10
    correction_days: Annotated[int, Field(ge=1, le=250)] = 5
    message_days: Annotated[int, Field(ge=1, le=250)] = 3
    assessment_four_eyes: bool = True
    app_review_days: Annotated[int, Field(ge=1, le=250)] = 10
    app_review_four_eyes: bool = True
    own_use_sellers_max: Annotated[int, Field(ge=1, le=10_000)] = 10
    unlisted_sellers_max: Annotated[int, Field(ge=1, le=10_000)] = 25
    holidays: Annotated[str, AfterValidator(_dates)] = ""
    questionnaire: Annotated[str, Field(min_length=1, max_length=100)] = "data-protection"
    questionnaires: str = ""

    billing_time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    payment_provider: Literal["by_hand", "recording"] = "by_hand"

    oidc_issuer: WebAddress = ""
    oidc_client_id: str = ""
    oidc_client_secret: Secret = ""
    staff_oidc_issuer: WebAddress = ""
    staff_oidc_client_id: str = ""
    staff_oidc_client_secret: Secret = ""

    @model_validator(mode="after")
    def _ports_apart(self) -> Self:
        ports = {
            "gateway_port": self.gateway_port,
            "console_port": self.console_port,
            "marketplace_port": self.marketplace_port,
            "mailbox_port": self.mailbox_port,
            "relay_port": self.relay_port,
        }
        if len(set(ports.values())) < len(ports):
            raise ValueError(f"two of {', '.join(ports)} are the same port")
        return self

    @property
    def keys(self) -> Path:
        """Folder of the key ring."""
        return self.data / "keys"

    def variables(self) -> dict[str, str]:
        """The environment that gives a child process these very settings."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {PREFIX + name.upper(): _as_text(value) for name, value in values.items() if value != ""}


def _as_text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def load(config: Path | None = None, **given: Any) -> Settings:
    """Settings from file, environment and `given` (command line; None means not given).

    Errors: `kernel_config_missing`, `kernel_config_malformed`, `kernel_config_unknown`, `kernel_config_invalid`.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    path = config_path(config, chosen.get("data"))
    written = _read(path) if path else {}
    _refuse_unknown(written, path)

    class Located(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=dict(written))

    try:
        return Settings.model_validate(Located(**chosen).model_dump())
    except ValidationError as error:
        raise _invalid(error) from None


def config_path(config: Path | None, data: Path | None) -> Path | None:
    """The file to read: `--config`, `PIEPOWDER_CONFIG` (both must exist), else `piepowder.toml` in the data folder."""
    named = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    if named:
        return named
    folder = data or Path(os.environ.get(PREFIX + "DATA") or default_data_folder())
    try:
        return folder / FILE_NAME if (folder / FILE_NAME).is_file() else None
    except PermissionError:
        return None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PiepowderError(
            "kernel_config_missing",
            f"cannot read configuration file `{path}`: {(error.strerror or str(error)).lower()}",
            hint="name another with --config",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PiepowderError(
            "kernel_config_malformed", f"configuration file `{path}` is not valid TOML: {error}"
        ) from None


def _refuse_unknown(written: Mapping[str, Any], path: Path | None) -> None:
    for name in written:
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, n=1)
            raise PiepowderError(
                "kernel_config_unknown",
                f"unknown setting `{name}` in `{path}`",
                hint=f"did you mean `{near[0]}`?" if near else "docs/settings.md lists all settings",
                setting=name,
            )


def unknown_variables() -> list[str]:
    """`PIEPOWDER_…` variables that mean nothing to us: most likely misspelt."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | OTHER_VARIABLES
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def _invalid(error: ValidationError) -> PiepowderError:
    # Never the value itself: it may be a secret, and this sentence ends up in logs.
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = str(problem["loc"][0]) if problem["loc"] else ""
    reason = problem["msg"].removeprefix("Value error, ")
    return PiepowderError(
        "kernel_config_invalid",
        f"setting `{name}`: {reason[0].lower() + reason[1:]}" if name else reason,
        hint=f"it comes from {PREFIX}{name.upper()}, the configuration file or the command line" if name else "",
        setting=name,
    )
