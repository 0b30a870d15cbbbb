"""The credential that `flodesk-mcp login` keeps in this computer's keychain. Imported where no variable names one."""

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import keyring
from anyio import to_thread
from keyring.errors import KeyringError, PasswordDeleteError
from pydantic import SecretStr

from flodesk_mcp.callers.clients import open_connections
from flodesk_mcp.flodesk import ApiKey, Credential, NotRenewed
from flodesk_mcp.flodesk.login import OAuthLogin
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.quota.locking import locked_file
from flodesk_mcp.settings import Settings, SettingsError
from flodesk_mcp.token_pair import TokenPair

__all__ = ["KeptApiKey", "KeptLogin", "Keychain"]

SERVICE = "flodesk-mcp"
SESSION_BUSES = Path("/run/user")
SIGN_IN_AT = "run `flodesk-mcp login` on this computer."
ALONE_WITHIN_SECONDS = 21


@dataclass(frozen=True)
class KeptApiKey:
    """An API key."""

    secret: SecretStr

    def text(self) -> str:
        """Return it as the keychain holds it."""
        return json.dumps({"kind": "api_key", "secret": self.secret.get_secret_value()})


@dataclass(frozen=True)
class KeptLogin:
    """A login by OAuth: whose, its tokens, and the client that renews them. One that has `ended` opens nothing."""

    identity: str
    pair: TokenPair
    client_id: str
    client_secret: SecretStr
    ended: bool = False

    def text(self) -> str:
        """Return it as the keychain holds it."""
        return json.dumps(
            {
                "kind": "oauth",
                "identity": self.identity,
                "pair": self.pair.secret(),
                "client_id": self.client_id,
                "client_secret": self.client_secret.get_secret_value(),
                "ended": self.ended,
            }
        )

    @classmethod
    def of(cls, parts: dict[str, str]) -> Self:
        """Return what `text` made a text of. Raises ValueError, LookupError or TypeError for another one."""
        secret, pair = SecretStr(parts["client_secret"]), TokenPair.of(parts["pair"])
        return cls(parts["identity"], pair, parts["client_id"], secret, bool(parts["ended"]))


class Keychain:
    """What this computer's keychain holds for one address of Flodesk's API.

    Every method raises SettingsError where there is no keychain that can be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._address = settings.base_url

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Keep all other processes of this user from changing what is kept, for as long as the block lasts."""
        lock = self._settings.data_folder / "login.lock"
        async with AsyncExitStack() as held:
            try:
                lock.parent.mkdir(0o700, parents=True, exist_ok=True)
                await held.enter_async_context(locked_file(lock, ALONE_WITHIN_SECONDS))
            except OSError as error:
                why = error.strerror or "another process holds it"
                raise SettingsError(
                    f"The file {lock} cannot be locked: {why}. FLODESK_DATA_DIR names its folder."
                ) from error
            yield

    def read(self) -> KeptApiKey | KeptLogin | None:
        """Return what is kept, if anything is."""
        with _usable():
            text = keyring.get_password(SERVICE, self._address)
        if text is None:
            return None
        try:
            parts = json.loads(text)
            return KeptApiKey(SecretStr(parts["secret"])) if parts["kind"] == "api_key" else KeptLogin.of(parts)
        except (ValueError, LookupError, TypeError):
            raise SettingsError(
                "The keychain holds something for flodesk-mcp that this version does not know: "
                "run `flodesk-mcp login` again."
            ) from None

    def keep(self, kept: KeptApiKey | KeptLogin) -> None:
        """Keep `kept`, and nothing else any more."""
        with _usable():
            keyring.set_password(SERVICE, self._address, kept.text())

    def forget(self) -> bool:
        """Keep nothing any more; return whether there was something."""
        with _usable():
            if keyring.get_password(SERVICE, self._address) is None:
                return False
            try:
                keyring.delete_password(SERVICE, self._address)
            except PasswordDeleteError:  # somebody else was faster
                return False
        return True

    def credential(self) -> Credential | None:
        """Return what opens the account that is kept, if one is.

        Raises ValueError for a key that is none.
        """
        kept = self.read()
        if isinstance(kept, KeptLogin):
            return self._login(kept)
        return ApiKey(kept.secret.get_secret_value()) if kept else None

    def _login(self, kept: KeptLogin) -> OAuthLogin:
        settings = self._settings

        async def refresh(pair: TokenPair) -> TokenPair:
            # Connections of its own: it happens once a day, and those of the account are not open at the start.
            async with open_connections(settings) as http:
                oauth = OAuthClient(kept.client_id, kept.client_secret, http=http, base_url=settings.base_url)
                return await oauth.refresh(pair)

        return OAuthLogin(kept.identity, kept.pair, _KeptPair(self), refresh, sign_in_at=SIGN_IN_AT, ended=kept.ended)


class _KeptPair:
    """The tokens in the keychain, for all processes of this user."""

    def __init__(self, keychain: Keychain) -> None:
        self._keychain = keychain

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        with _in_words():
            async with self._keychain.alone():
                yield

    async def read(self) -> TokenPair | None:
        kept = await self._read()
        return None if kept is None or kept.ended else kept.pair

    async def replace(self, used: TokenPair, new: TokenPair) -> TokenPair:
        kept = await self._read()
        if kept is None:
            raise NotRenewed(f"There is no sign-in in this computer's keychain any more: {SIGN_IN_AT}")
        if kept.pair != used:
            return kept.pair
        await self._keep(replace(kept, pair=new, ended=False))
        return new

    async def give_up(self, used: TokenPair) -> None:
        kept = await self._read()
        if kept is not None and kept.pair == used:
            await self._keep(replace(kept, ended=True))

    async def _read(self) -> KeptLogin | None:
        with _in_words():
            kept = await to_thread.run_sync(self._keychain.read)
        return kept if isinstance(kept, KeptLogin) else None

    async def _keep(self, kept: KeptLogin) -> None:
        with _in_words():
            await to_thread.run_sync(self._keychain.keep, kept)


@contextmanager
def _usable() -> Iterator[None]:
    _find_session_bus()
    try:
        yield
    except (KeyringError, OSError, RuntimeError) as error:
        raise SettingsError(
            f"This computer has no keychain that can be used ({type(error).__name__}): set FLODESK_API_KEY instead."
        ) from error


def _find_session_bus() -> None:
    """Say where Linux's keychain listens: clients start servers with hardly any variables, and not with this one."""
    if sys.platform == "linux" and "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        bus = SESSION_BUSES / str(os.getuid()) / "bus"
        if bus.exists():
            os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={bus}"


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise NotRenewed(f"The access token could not be renewed: {error} Nothing was sent.") from error
