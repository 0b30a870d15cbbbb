"""One person at one provider, or at all of them side by side."""

import anyio
from pydantic import BaseModel, Field

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.flodesk import FlodeskError, InvalidArgument, NotFound
from flodesk_mcp.providers import Contact
from flodesk_mcp.tools.errors import reason
from flodesk_mcp.tools.provider_choice import chosen

__all__ = ["Failure", "FoundContacts", "at_all", "at_one"]


class Failure(BaseModel):
    """A provider that could not be asked."""

    provider: str
    reason: str = Field(description="Why it could not be asked")


class FoundContacts(BaseModel):
    """Who was found: one contact for each provider that was asked."""

    result: list[Contact]
    not_found_at: list[str] | None = Field(None, description="Providers where nobody has this address")
    failed: list[Failure] | None = Field(None, description="Providers that could not be asked: nothing is known")


async def at_one(caller: Caller, provider: str | None, id_or_email: str) -> FoundContacts:
    """Return the contact at one provider. Raises NotFound, FlodeskError."""
    there = chosen(caller, "get_contact", provider, id_or_email)
    found = await there.get_contact(id_or_email)
    caller.providers.note(there, [found.id])
    return FoundContacts(result=[found])


async def at_all(caller: Caller, email: str) -> FoundContacts:
    """Return what each provider has of an address, whatever happens to the others.

    Raises InvalidArgument for an id, NotFound where nobody has the address, and the first error where all fail.
    """
    if "@" not in email:
        raise InvalidArgument('provider "all" needs an e-mail address: an id belongs to one provider.')
    outcomes: dict[str, Contact | FlodeskError] = {}

    async def ask(provider: str) -> None:
        try:
            outcomes[provider] = (await at_one(caller, provider, email)).result[0]
        except FlodeskError as error:
            outcomes[provider] = error

    async with anyio.create_task_group() as tasks:
        for provider in caller.providers.ids:
            tasks.start_soon(ask, provider)
    found: list[Contact] = []
    missing: dict[str, FlodeskError] = {}
    failed: dict[str, FlodeskError] = {}
    for provider in caller.providers.ids:
        outcome = outcomes[provider]
        if isinstance(outcome, Contact):
            found.append(outcome)
        else:
            (missing if isinstance(outcome, NotFound) else failed)[provider] = outcome
    if not found and not (missing and failed):
        raise next(iter((missing or failed).values()))
    return FoundContacts(
        result=found,
        not_found_at=list(missing) or None,
        failed=[
            Failure(provider=provider, reason=reason(caller, "get_contact", error))
            for provider, error in failed.items()
        ]
        or None,
    )
