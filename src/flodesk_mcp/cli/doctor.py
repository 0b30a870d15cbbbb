"""`flodesk-mcp doctor`: whether the server would work as it is set, in words for the person who set it up."""

import os
import socket
import ssl
import sys
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import anyio
import click
import httpx2

from flodesk_mcp import __version__
from flodesk_mcp.audience.errors import AudienceError
from flodesk_mcp.callers.clients import KEYCHAIN, find_credential
from flodesk_mcp.callers.single import flodesk_client, machine_quota
from flodesk_mcp.flodesk import (
    Credential,
    FlodeskError,
    Forbidden,
    NoAnswer,
    NotRenewed,
    Page,
    QuotaExhausted,
    Segment,
    ServerError,
    SignInAgain,
    StatusError,
    Unauthorized,
    UnreadableAnswer,
)
from flodesk_mcp.server import operator_filter
from flodesk_mcp.settings import LOOPBACK, Settings, load_settings, variable
from flodesk_mcp.tools import CATALOG

__all__ = ["doctor", "examine"]


@click.command()
@click.pass_obj
def doctor(flags: Mapping[str, Any]) -> None:
    """Check settings, network and credential with one small request."""
    sys.exit(0 if examine(load_settings(**flags)) else 1)


def examine(settings: Settings) -> bool:
    """Print what works and what does not; return whether all is well.

    Raises SettingsError for a setting that is missing or does not work.
    """
    click.echo(f"flodesk-mcp {__version__}")
    found = find_credential(settings)
    _say("ok", "Settings", _in_words(settings, found.source))
    _say_where_the_quota_is(settings, found.credential)
    anyio.run(_say_what_the_mirror_is, settings)
    if not _say_what_redis_is():
        return False
    try:
        segments = anyio.run(_cheapest_call, settings, found.credential)
    except (NoAnswer, UnreadableAnswer) as error:
        return _fail("Network", *_no_flodesk(error, settings))
    except NotRenewed as error:  # nothing is known of the network
        return _refused(error, found.source)
    except FlodeskError as error:
        if isinstance(error, StatusError) and not isinstance(error, Unauthorized | Forbidden | ServerError):
            return _fail("Network", *_not_flodesk(settings, f"answers {error.status}"))
        _say("ok", "Network", f"{_place(settings)} answers")
        return _refused(error, found.source)
    _say("ok", "Network", f"{_place(settings)} answers")
    _say("ok", "Credential", f"Flodesk accepts it; segments in the account: {segments.meta.total_items}")
    if all_work := _say_what_other_providers_say(settings):
        click.echo("All is well. Next: connect flodesk-mcp to your MCP client, as the README shows.")
    return all_work


def _say_what_other_providers_say(settings: Settings) -> bool:
    """Tell of the other providers that there is a credential for; return whether all let us in."""
    from flodesk_mcp.cli.provider_check import look_at_providers

    found = anyio.run(look_at_providers, settings)
    for one in found:
        _say("wrong" if one.remedy else "ok", one.name, one.words)
        if one.remedy:
            _say("", "What to do", one.remedy)
    return not any(one.remedy for one in found)


async def _cheapest_call(settings: Settings, credential: Credential) -> Page[Segment]:
    # A doctor tells what is, and does not wait until it is better.
    async with flodesk_client(settings.model_copy(update={"max_wait_seconds": 0.0}), credential) as flodesk:
        return await flodesk.segments.list(per_page=1)


def _say_where_the_quota_is(settings: Settings, credential: Credential) -> None:
    quota = machine_quota(settings, credential)
    if quota is None:
        return
    path, problem = anyio.run(quota.whereabouts)
    if problem:  # the server says so in its log, and works
        _say("note", "Quota", f"Counted by each process for itself. {path}: {problem}.")
        _say("", "What to do", "Set FLODESK_DATA_DIR to a folder that this user can write.")
    else:
        _say("ok", "Quota", f"shared by all processes of this user, in {path}")


def _say_what_redis_is() -> bool:
    """Tell of what a hosted server shares with its replicas, where that is set; return whether it works."""
    if not os.environ.get(variable("redis_url")):
        return True
    from flodesk_mcp.cli.redis_check import look_at_redis
    from flodesk_mcp.web.settings import HostedSettings

    found = anyio.run(look_at_redis, load_settings(HostedSettings).redis_address or "")
    _say(found.state, "Redis", found.words)
    if found.remedy:
        _say("", "What to do", found.remedy)
    return found.state != "wrong"


async def _say_what_the_mirror_is(settings: Settings) -> None:
    """Tell of the copy of the list, where there is one, without a request."""
    if settings.sandbox or not (settings.data_folder / "audience").exists():
        return
    from flodesk_mcp.audience.audience import as_of
    from flodesk_mcp.cli.audience import open_audience

    try:
        async with open_audience(settings) as audience:
            if not await audience.mirror.exists():
                return
            known = await audience.mirror.status()
    except AudienceError as error:
        _say("note", "Mirror", str(error))
        return
    age = f"as of {as_of(known)}" if known.checked_at else "not yet read to its end"
    _say("ok", "Mirror", f"{known.people:,} people in {known.place}, {age}")


def _in_words(settings: Settings, found_in: str) -> str:
    on = len(operator_filter(settings).of(CATALOG))
    source = "the sandbox, which needs no key" if settings.sandbox else f"credential in {found_in}"
    return f"{source}; {on} of {len(CATALOG)} tools; {settings.requests_per_minute} requests a minute"


def _no_flodesk(error: NoAnswer | UnreadableAnswer, settings: Settings) -> tuple[str, str]:  # noqa: PLR0911 - a table
    """Return what keeps Flodesk's answer away, and what to do."""
    host = urlsplit(settings.base_url).hostname
    causes = list(_causes(error))

    def caused_by(kind: type[BaseException]) -> bool:
        return any(isinstance(cause, kind) for cause in causes)

    if isinstance(error, UnreadableAnswer):
        return _not_flodesk(settings, "answers with something else than Flodesk's API does")
    if caused_by(httpx2.ProxyError):
        return f"The proxy {_proxy(settings)} refuses to connect to {host}.", "Ask for access, or correct HTTPS_PROXY."
    if caused_by(socket.gaierror):
        name = f"the proxy {_proxy(settings)}" if _proxy(settings) else host
        return f"There is no address for {name} (DNS).", "Check the internet connection, and the name itself."
    if caused_by(ssl.SSLCertVerificationError):
        return (
            f"The certificate of {host} is not trusted.",
            "A company proxy or virus scanner may replace it: add its certificate to this computer's, or name its "
            "file in SSL_CERT_FILE.",
        )
    if caused_by(ssl.SSLError):
        return f"{host} is reached, but does not speak TLS.", "Check FLODESK_BASE_URL, and the proxy if there is one."
    if not error.sent:
        where = f"the proxy {_proxy(settings)}" if _proxy(settings) else host
        return (
            f"No connection to {where}.",
            "Check the internet connection, firewall, FLODESK_BASE_URL and HTTPS_PROXY.",
        )
    return str(error), "Try again in a minute; if it stays so, raise FLODESK_TIMEOUT_SECONDS or check the connection."


def _not_flodesk(settings: Settings, what: str) -> tuple[str, str]:
    return (
        f"{_place(settings)} {what}.",
        "Check FLODESK_BASE_URL, and whether a login page or proxy stands between here and Flodesk.",
    )


def _refused(error: FlodeskError, found_in: str) -> bool:  # noqa: PLR0911 - a table
    """Say why Flodesk, which was reached, does not do what it was asked."""
    match error:
        case SignInAgain():
            return _fail("Credential", "Flodesk no longer accepts the sign-in.", "Run `flodesk-mcp login` again.")
        case NotRenewed():
            return _fail("Credential", str(error), "Try again in a minute.")
        case Unauthorized() if found_in == KEYCHAIN:
            return _fail("Credential", "Flodesk refuses it (401).", f"It is in {found_in}: run that command again.")
        case Unauthorized():
            return _fail(
                "Credential",
                "Flodesk refuses it (401).",
                f"Check {found_in}: copy it again, whole. An API key belongs into FLODESK_API_KEY, "
                "an OAuth access token (valid for a day) into FLODESK_ACCESS_TOKEN.",
            )
        case Forbidden():
            return _fail(
                "Credential", "Flodesk does not let it in (403).", "Check the plan and the rights of the account."
            )
        case QuotaExhausted():
            return _fail(
                "Quota",
                "Flodesk's quota is spent (429), perhaps by another application.",
                f"Try again in {ceil(error.retry_after)} seconds.",
            )
        case _:
            return _fail("Flodesk", str(error), "The trouble is at Flodesk: try again in some minutes.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _place(settings: Settings) -> str:
    if settings.sandbox:
        return "The sandbox"
    proxy = _proxy(settings)
    return settings.base_url + (f" (through the proxy {proxy})" if proxy else "")


def _proxy(settings: Settings) -> str:
    """Return host and port of the proxy in use, if any, without the password that its address may hold."""
    url = urlsplit(settings.base_url)
    proxies = getproxies()
    address = proxies.get(url.scheme) or proxies.get("all") or ""
    if not address or url.hostname in LOOPBACK or proxy_bypass(url.hostname or ""):
        return ""
    return address.rpartition("://")[2].rpartition("@")[2].rstrip("/")


def _say(state: str, check: str, words: str) -> None:
    color = {"ok": "green", "note": "yellow"}.get(state, "red")
    click.echo(f"{click.style(f'{state:<5}', fg=color, bold=True)} {check:<11} {words}")


def _fail(check: str, problem: str, remedy: str) -> bool:
    _say("wrong", check, problem)
    _say("", "What to do", remedy)
    return False
