"""The client: what Tiny's API can do, as typed methods. It has people, whom it lists and shows, and nothing else."""

from typing import Annotated

from pydantic import TypeAdapter

from flodesk_mcp.api.client import ApiClient
from flodesk_mcp.api.fields import Model, OptionalText, Personal, Text
from flodesk_mcp.api.request import Request
from flodesk_mcp.api.service import Service


class Tiny(Service):
    """What is particular to it: its name, and the version that it wants to be told."""

    name = "Tiny"
    headers = {"Tiny-Version": "1"}  # noqa: RUF012 - nobody changes it


class Person(Model):
    id: Text
    mail: Annotated[OptionalText, Personal.ADDRESS] = None


_PERSON = TypeAdapter(Person)
_PEOPLE = TypeAdapter(list[Person])


class TinyClient(ApiClient):
    """One account at Tiny."""

    async def people(self) -> list[Person]:
        """Return everybody. Source: GET /people."""
        return await self._sender.send(_PEOPLE, Request("GET", "people"))

    async def person(self, id_or_mail: str) -> Person:
        """Return one person. Raises NotFound. Source: GET /people/{id_or_mail}."""
        return await self._sender.send(_PERSON, Request("GET", "people", id_or_mail))
