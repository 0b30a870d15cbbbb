"""A process that calls Flodesk with a stored login, and may be killed on its way. Says what its calls came to."""

import os
import signal
import sys

import anyio
from pydantic import SecretStr

from flodesk_mcp.callers.logins import StoredCredentials
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError, open_http
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET
from flodesk_mcp.store import Store, StoredLogins
from flodesk_mcp.token_pair import TokenPair


def die_at(here: str) -> None:
    """End this process as kill -9 does, if this is where it shall end."""
    if sys.argv[4] == here:
        os.kill(os.getpid(), signal.SIGKILL)


class Client(OAuthClient):
    """Our client at Flodesk's OAuth, in a process that may be killed around a refresh."""

    async def refresh(self, pair: TokenPair) -> TokenPair:
        die_at("before the request")
        new = await super().refresh(pair)
        die_at("after the answer")
        return new


class Logins(StoredLogins):
    """The stored logins, in a process that may be killed around a commit."""

    async def replace(self, account_id: str, used: TokenPair, new: TokenPair) -> TokenPair:
        seal = self._sealer.seal

        def last_before_the_commit(*arguments: str) -> str:
            sealed = seal(*arguments)  # type: ignore[arg-type] # it gets what it always gets
            die_at("before the commit")
            return sealed

        self._sealer.seal = last_before_the_commit  # type: ignore[method-assign,assignment]
        kept = await super().replace(account_id, used, new)
        die_at("after the commit")
        return kept


async def main() -> None:
    """Make so many calls at once as the last argument says."""
    database_url, key, flodesk_url, _, calls = sys.argv[1:]
    async with Store(database_url, SecretStr(key)) as store, open_http() as http:
        secret = SecretStr(SANDBOX_CLIENT_SECRET)
        oauth = Client(SANDBOX_CLIENT_ID, secret, http=http, base_url=flodesk_url, timeout_seconds=2)
        logins = Logins(store.logins._database, store.logins._sealer)
        credentials = StoredCredentials(logins, oauth, "https://mcp.example.com/connect")
        stored = await store.accounts.account("Studio")
        flodesk = FlodeskClient(credentials.credential(stored), identity=stored.id, base_url=flodesk_url, http=http)
        said: list[str] = []

        async def call() -> None:
            try:
                await flodesk.segments.list()
            except FlodeskError as error:
                said.append(f"{type(error).__name__}: {error}")
            else:
                said.append("ok")

        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()
        async with anyio.create_task_group() as tasks:
            for _ in range(int(calls)):
                tasks.start_soon(call)
        print("\n".join(said), flush=True)  # noqa: T201


if __name__ == "__main__":
    anyio.run(main)
