"""What `doctor` says of the other marketing tools that there is a credential for."""

from functools import partial
from typing import NamedTuple

from flodesk_mcp.callers.clients import open_connections
from flodesk_mcp.callers.providers import FLODESK, Providers, providers_of_settings
from flodesk_mcp.callers.single import machine_provider_quota
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError, Forbidden, InvalidArgument, NoCredential, Unauthorized
from flodesk_mcp.settings import Settings

__all__ = ["ProviderFindings", "look_at_providers"]


class ProviderFindings(NamedTuple):
    """What a provider said; `remedy` is what to do about it, where that is needed."""

    name: str
    words: str
    remedy: str = ""


async def look_at_providers(settings: Settings) -> list[ProviderFindings]:
    """Ask each for one contact, and wait for nothing."""
    async with open_connections(settings) as http:
        providers = providers_of_settings(
            settings.model_copy(update={"max_wait_seconds": 0.0}),
            _no_flodesk,
            lambda: http,
            None if settings.sandbox else partial(machine_provider_quota, settings),
        )
        return [await _look_at(providers, known) for known in providers.ids if known != FLODESK]


async def _look_at(providers: Providers, id: str) -> ProviderFindings:
    name = providers.kind(id).name
    source = providers.source_of(name)
    try:
        await providers.get(id).list_contacts(limit=1, after=None, search=None, segment_id=None, status=None)
    except Unauthorized:
        return ProviderFindings(name, f"{name} refuses the credential (401).", f"Check {source}: copy it again, whole.")
    except Forbidden as error:
        remedy = error.advice or f"Check what {source} is allowed to do."
        return ProviderFindings(name, f"{name} does not let it in ({error.status}).", remedy)
    except InvalidArgument as error:
        return ProviderFindings(name, str(error), f"Check {source}.")
    except FlodeskError as error:
        return ProviderFindings(name, str(error), f"Try again in some minutes: the trouble is at {name} or on the way.")
    return ProviderFindings(name, f"{name} accepts {source}")


def _no_flodesk() -> FlodeskClient:
    raise NoCredential("Flodesk was asked before.")
