"""A server that signs people in, and a program that they connect."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from ..calls import Hosted
from .program import PUBLIC_URL, Program


@pytest.fixture
async def server(hosted: Hosted, encryption_key: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with hosted(auth="sign-in", public_url=PUBLIC_URL) as client:
        yield client


@pytest.fixture
async def program(server: httpx2.AsyncClient) -> Program:
    """A program that has registered."""
    made = Program(server)
    await made.register()
    return made
