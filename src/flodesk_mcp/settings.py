"""Every setting, once: environment variable, flag, default and meaning."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import unquote

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from typing_extensions import TypeVar

__all__ = [
    "LOOPBACK",
    "PREFIX",
    "DatabaseUrl",
    "PersonalData",
    "Settings",
    "SettingsError",
    "flag",
    "is_secret",
    "load_settings",
    "variable",
]

PREFIX = "FLODESK_"
OTHERS = ("flownurture_", "highlevel_")
"""How settings of other providers begin: their variables have no prefix before that."""

PersonalData = Literal["shown", "masked"]
"""Whether answers show who people are."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsError(Exception):
    """A missing or contradictory setting; the message says in one line what to set."""


_PASSWORD = re.compile(r"://[^:/]*:[^@]+@")  # as SQLAlchemy reads it: a password may hold anything but @
_PASSWORD_PARAMETER = re.compile(r"[?&][^=&]*pass(word|wd)?=", re.IGNORECASE)


class DatabaseUrl:
    """Where a database is. It may hold a password: then it is no flag, and never is it in a repr, an error or a log."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def holds_password(self) -> bool:
        """Whether there is a password in it, before the host or among the parameters."""
        return bool(_PASSWORD.search(self._url) or _PASSWORD_PARAMETER.search(unquote(self._url)))

    def whole(self) -> str:
        """Return the address with its password."""
        return self._url

    def __repr__(self) -> str:
        return "DatabaseUrl('**********')"

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> CoreSchema:
        """Take text, as a variable or a flag has it."""
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.to_string_ser_schema()
        )


def _api_address(value: str) -> str:
    from httpx2 import URL, InvalidURL

    try:
        url = URL(value)
    except InvalidURL:
        raise ValueError("must be an address such as https://api.flodesk.com/v1") from None
    if url.userinfo or url.query or url.fragment or not url.host:
        raise ValueError("must be an address without user name, query or fragment")
    if url.scheme != "https" and not (url.scheme == "http" and url.host in LOOPBACK):
        raise ValueError("must be https (http only on this machine): the credential goes there")
    return value.rstrip("/")


def _folder(value: Path) -> Path:
    try:
        return value.expanduser().absolute()
    except RuntimeError:
        raise ValueError("must be a folder: there is no user of that name") from None


def _folders(value: Any) -> Any:
    return tuple(_folder(Path(part)) for part in value.split(os.pathsep) if part) if isinstance(value, str) else value


ApiAddress = Annotated[str, AfterValidator(_api_address)]


class Settings(BaseSettings):
    """What an operator can set. The flag of a setting, where it has one, wins over its variable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, hide_input_in_errors=True)

    api_key: SecretStr | None = Field(None, description="Flodesk API key (Account settings, Integrations)")
    access_token: SecretStr | None = Field(None, description="OAuth access token, instead of the key")
    client_id: str | None = Field(None, description="Our client at Flodesk's OAuth, to sign in with Flodesk")
    client_secret: SecretStr | None = Field(None, description="Secret of that client")
    base_url: ApiAddress = Field(
        "https://api.flodesk.com/v1", description="Where the API is (https, or http on this machine)"
    )
    key_help: str | None = Field(
        None, description="Start without a credential, too, and let every tool say this: where a person enters one"
    )
    sandbox: bool = Field(False, description="Use the embedded Flodesk with a sample account; needs no key")
    toolsets: str = Field("default", description="Toolsets to offer, separated by commas, or default, or all")
    tools: str | None = Field(None, description="Of these, only the tools named here")
    exclude_tools: str | None = Field(None, description="Tools not to offer")
    read_only: bool = Field(False, description="Offer only tools that read")
    confirm: Literal["auto", "always", "never"] = Field(
        "auto", description="Ask a person before what cannot be undone: auto (where the client can), always, never"
    )
    personal_data: PersonalData = Field(
        "shown", description="Whether answers show who subscribers are: shown, or masked"
    )
    requests_per_minute: int = Field(100, ge=1, description="Requests to stay within, per minute")
    batches_per_minute: int = Field(20, ge=1, description="Batch requests to stay within, per minute")
    max_wait_seconds: float = Field(20, ge=0, le=3600, description="Longest wait of a tool call for quota or retries")
    timeout_seconds: float = Field(30, gt=0, le=600, description="Longest time for one HTTP request")
    data_dir: Annotated[Path, AfterValidator(_folder)] | None = Field(
        None, description="Folder of this user for the quota, copies of lists, and jobs (default: the system's place)"
    )
    mirror_days: int = Field(30, ge=1, description="Days after which a copy of the list that nobody used is deleted")
    folders: Annotated[tuple[Path, ...] | None, NoDecode, BeforeValidator(_folders)] = Field(
        None, description="Folders whose files tools may read and write, separated as in PATH"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("WARNING", description="Log on standard error")
    # An alias takes no prefix: these variables begin with the provider's name.
    flownurture_api_key: SecretStr | None = Field(
        None, validation_alias="flownurture_api_key", description="FlowNurture API key, for toolset unified"
    )
    flownurture_base_url: ApiAddress = Field(
        "https://api.flownurture.com/api/v1",
        validation_alias="flownurture_base_url",
        description="Where FlowNurture's API is",
    )
    highlevel_token: SecretStr | None = Field(
        None, validation_alias="highlevel_token", description="HighLevel private integration token, for toolset unified"
    )
    highlevel_location_id: str | None = Field(
        None, validation_alias="highlevel_location_id", description="HighLevel location that the token opens"
    )
    highlevel_base_url: ApiAddress = Field(
        "https://services.leadconnectorhq.com",
        validation_alias="highlevel_base_url",
        description="Where HighLevel's API is",
    )
    highlevel_version: str = Field(
        "2021-07-28", validation_alias="highlevel_version", description="Version of HighLevel's API"
    )

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if self.api_key and self.access_token and not self.sandbox:
            raise ValueError("FLODESK_API_KEY and FLODESK_ACCESS_TOKEN are both set: unset one of them.")
        if bool(self.client_id) != bool(self.client_secret):
            raise ValueError("FLODESK_CLIENT_ID and FLODESK_CLIENT_SECRET belong together: set both, or neither.")
        if bool(self.highlevel_token) != bool(self.highlevel_location_id):
            raise ValueError("HIGHLEVEL_TOKEN and HIGHLEVEL_LOCATION_ID belong together: set both, or neither.")
        for variable, secret in (
            ("FLODESK_API_KEY", self.api_key),
            ("FLODESK_ACCESS_TOKEN", self.access_token),
            ("FLOWNURTURE_API_KEY", self.flownurture_api_key),
            ("HIGHLEVEL_TOKEN", self.highlevel_token),
        ):
            text = secret.get_secret_value().strip() if secret else "none"
            if not (text.isascii() and text.isprintable()) or " " in text:
                raise ValueError(f"{variable} is not one word of printable characters: copy it again.")
            if ":" in text and variable == "FLODESK_API_KEY":
                raise ValueError("FLODESK_API_KEY has a colon, which no Flodesk key has: copy the key alone.")
        return self

    @property
    def data_folder(self) -> Path:
        """Where this user's data is: what is set, or the system's place for it."""
        if self.data_dir is not None:
            return self.data_dir
        from platformdirs import user_data_path  # it takes time, and only what needs the folder pays

        return user_data_path("flodesk-mcp", appauthor=False)

    @property
    def names_account(self) -> bool:
        """Whether there is a credential among the settings, or the sandbox, which needs none."""
        return bool(self.api_key or self.access_token or self.sandbox)

    @property
    def credential_source(self) -> str:
        """Where the credential comes from, as a person would look for it."""
        return "the setting FLODESK_ACCESS_TOKEN" if self.access_token else "the setting FLODESK_API_KEY"


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return ("" if name.startswith(OTHERS) else PREFIX) + name.upper()


def flag(name: str) -> str:
    """Return the flag of a setting."""
    return "--" + name.replace("_", "-")


def is_secret(field: FieldInfo) -> bool:
    """Tell by its type whether a setting is secret: it has no flag, because others see the arguments of a process."""
    return _holds_secret(field.annotation)


def _holds_secret(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, SecretStr):
        return True
    return any(map(_holds_secret, get_args(annotation)))


AnySettings = TypeVar("AnySettings", bound=Settings, default=Settings)


def load_settings(settings_type: type[AnySettings] = Settings, /, **flags: Any) -> AnySettings:  # type: ignore[assignment] # mypy has no defaults for type variables of functions
    """Return the settings of the environment, with the flags that are not None before it.

    Raises SettingsError with one line that says what to set.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = settings_type(**given)
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0]) if problem["loc"] else ""
        where = f"{flag(name) if name in given else variable(name)}: " if name else ""
        raise SettingsError(where + problem["msg"].removeprefix("Value error, ")) from None
    for name in given:
        value = getattr(settings, name, None)
        if isinstance(value, DatabaseUrl) and value.holds_password:
            raise SettingsError(f"{flag(name)} holds a password, which others could see: set {variable(name)} instead.")
    return settings
