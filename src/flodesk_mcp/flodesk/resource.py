"""What the operations of every resource share: one way to send, one way to read an answer."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from flodesk_mcp.flodesk.errors import InvalidArgument, UnreadableAnswer
from flodesk_mcp.flodesk.paths import request_paths
from flodesk_mcp.flodesk.transport import Request, Transport

__all__ = ["Resource", "Result", "given", "person"]

Result = TypeVar("Result")


class Resource:
    """Operations on one kind of thing in a Flodesk account."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def _send(
        self,
        answers: TypeAdapter[Result],
        method: str,
        *path: str,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        repeatable: bool = True,
        batch: bool = False,
        versioned: bool = True,
    ) -> Result:
        received = await self._transport.send(
            Request(
                method,
                request_paths(*path),
                query=given(query or {}),
                body=body,
                repeatable=repeatable,
                batch=batch,
                versioned=versioned,
            )
        )
        try:
            return answers.validate_python(received.data)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, problem["loc"])) or "all of it"
            reason = f"Flodesk's answer ({received.status}) has not the documented form: {where} ({problem['type']})."
            raise UnreadableAnswer(reason, status=received.status) from None

    async def _command(
        self, method: str, *path: str, body: Mapping[str, Any] | None = None, repeatable: bool = True
    ) -> None:
        """Send what is answered with 204, or whatever success comes instead."""
        await self._transport.send(
            Request(method, request_paths(*path), body=body, repeatable=repeatable, answered=False)
        )


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not None: Flodesk sees only what the caller gave."""
    return {name: value for name, value in values.items() if value is not None}


def person(id: str | None, email: str | None) -> dict[str, str]:
    """Return who is meant, as a body names a subscriber.

    Raises InvalidArgument unless at least one of the two is given.
    """
    if not id and not email:
        raise InvalidArgument("Either `email` or `id` is needed, to know who is meant.")
    return given({"id": id, "email": email})
