"""A real process behind https, and the Python SDK's client at it."""

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from .https import Secured
from .person import Person
from .program import Program
from .test_python_sdk import Remembered, segments_in, signing_in

pytestmark = pytest.mark.anyio


async def test_the_python_sdk(secured: Secured) -> None:
    remembered = Remembered()
    async with secured.browser() as window:
        auth = signing_in(Person(window), remembered, secured.url)
        refresh_tokens = []
        for _ in range(2):
            async with (
                httpx2.AsyncClient(auth=auth, verify=secured.trusted, timeout=30) as http,
                Client(streamable_http_client(f"{secured.url}/mcp", http_client=http)) as client,
            ):
                assert segments_in(await client.call_tool("list_all_flodesk_segments", {})) == ["Friends of ann"]
            assert remembered.tokens is not None
            refresh_tokens.append(remembered.tokens.refresh_token)
            auth.context.token_expiry_time = 1  # the hour is over
        assert len(set(refresh_tokens)) == 2


async def test_cookies_are_for_https_and_this_host_alone(secured: Secured) -> None:
    async with secured.browser() as window:
        page = await window.get("/connected")
    cookie = page.headers["set-cookie"]
    assert cookie.startswith("__Host-flodesk-browser=")
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert attribute.lower() in cookie.lower()


async def test_the_address_that_a_trusted_proxy_names_is_the_one_that_guesses(secured: Secured) -> None:
    async with secured.browser(**{"X-Forwarded-For": "203.0.113.5"}) as window:
        program, person = Program(window), Person(window)
        await program.register()
        page = await person.open(secured.url + program.authorization(resource=None))
        for number in range(11):
            answer = await person.submit(page, way="key", key=f"guess-{number}")
        assert answer.status_code == 429
        window.headers["X-Forwarded-For"] = "203.0.113.6"
        assert (await person.submit(page, way="key", key="key-ann")).status_code == 303
