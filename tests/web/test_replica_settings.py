"""FLODESK_REDIS_URL: what is accepted, and what is said of the rest."""

import pytest

from flodesk_mcp.http import create_app
from flodesk_mcp.settings import SettingsError, load_settings
from flodesk_mcp.store import new_key
from flodesk_mcp.web.settings import HostedSettings

SECRET = "p4ssw0rd"


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:6379/0", f"redis://:{SECRET}@host/1", f"rediss://user:{SECRET}@host:6380/0"]
)
def test_plain_and_encrypted_addresses_with_and_without_a_password_are_accepted_and_not_shown(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLODESK_REDIS_URL", url)
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", new_key())
    settings = load_settings(HostedSettings, sandbox=True)
    create_app(settings)
    assert settings.redis_address == url
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("url", ["http://host", "host:6379", f"postgresql://user:{SECRET}@host/name"])
def test_another_address_is_refused_in_a_line_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_REDIS_URL", url)
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", new_key())
    with pytest.raises(SettingsError, match=r"FLODESK_REDIS_URL: must look like redis://host:6379/0") as refused:
        load_settings(HostedSettings)
    assert SECRET not in str(refused.value)


def test_an_address_with_a_password_is_no_flag() -> None:
    with pytest.raises(SettingsError, match="--redis-url holds a password, which others could see") as refused:
        load_settings(HostedSettings, redis_url=f"redis://:{SECRET}@host/0", encryption_keys=new_key())
    assert SECRET not in str(refused.value)


def test_replicas_must_share_their_keys_too() -> None:
    with pytest.raises(SettingsError, match="set FLODESK_ENCRYPTION_KEYS"):
        load_settings(HostedSettings, redis_url="redis://host/0")
