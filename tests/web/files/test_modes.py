"""Every kind of caller of a hosted server is told of links, and gets them; who is on their own machine is not."""

from typing import Any

import httpx2
import pytest

from flodesk_mcp.tools import TOOLSETS

from ..calls import ANN, Hosted, result_of
from ..sign_in.person import Person
from ..sign_in.program import PUBLIC_URL, Program, bearer
from .visitor import Caller, Visitor

pytestmark = pytest.mark.anyio

DISCOVER = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


async def told(server: httpx2.AsyncClient, headers: dict[str, str]) -> str:
    answer = result_of(await server.post("/mcp", json={**DISCOVER, "params": HELLO}, headers=headers))
    text: str = answer["instructions"]
    return text


@pytest.mark.parametrize("toolsets", ["all", "audience"])
async def test_agents_are_told_how_files_come(hosted: Hosted, toolsets: str) -> None:
    async with hosted(auth="headers", toolsets=toolsets, personal_data="masked") as server:
        text = await told(server, ANN)
    assert "Files come and leave by links" in text
    assert len(text.encode()) < 2048


async def test_who_works_on_no_whole_lists_is_told_nothing_of_files(hosted: Hosted) -> None:
    async with hosted(auth="headers") as server:
        assert "links" not in await told(server, ANN)


async def test_a_program_that_was_signed_in_gets_links_to_the_public_address(
    hosted: Hosted, encryption_key: str
) -> None:
    settings: dict[str, Any] = {"auth": "sign-in", "public_url": PUBLIC_URL, "toolsets": "all", "confirm": "never"}
    async with hosted(**settings) as server:
        programs = []
        for _ in range(2):
            program = Program(server)
            await program.register()
            chosen = Person(server, toolset=[toolset.id for toolset in TOOLSETS])
            programs.append(Caller(server, bearer(await program.tokens(chosen))))
        first, second = programs
        asked = await first.called("plan_flodesk_import", file="people")
        assert asked["upload_url"].startswith(f"{PUBLIC_URL}/upload?link=")
        await Visitor(server).send(asked["upload_url"])
        assert (await first.called("plan_flodesk_import", file="people"))["will_write"] == 2
        assert "upload_url" in await second.called("plan_flodesk_import", file="people")
