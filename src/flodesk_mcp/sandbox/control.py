"""Endpoints for whoever tests an integration: ask for faults, let tokens end, start anew, see what arrived."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flodesk_mcp.sandbox.answers import Refused, created, no_content, ok
from flodesk_mcp.sandbox.faults import Fault
from flodesk_mcp.sandbox.gate import CONTROL_PREFIX
from flodesk_mcp.sandbox.recorded import RecordedRequest

_FAULT = TypeAdapter(Fault)


def control_routes(
    fail: Callable[[Fault], None],
    reset: Callable[[], None],
    expire_tokens: Callable[[], None],
    requests: Iterable[RecordedRequest],
) -> list[Route]:
    """Return the routes that control a sandbox: no credential needed, neither counted nor recorded."""

    async def post_fault(request: Request) -> Response:
        try:
            fault = _FAULT.validate_json(await request.body())
        except ValidationError as error:
            raise Refused(400, json.dumps(error.errors(include_url=False, include_input=False))) from error
        fail(fault)
        return created(asdict(fault))

    async def post_reset(_: Request) -> Response:
        reset()
        return no_content()

    async def post_expiry(_: Request) -> Response:
        expire_tokens()
        return no_content()

    async def get_requests(_: Request) -> Response:
        return ok([_without_credential(recorded) for recorded in requests])

    return [
        Route(CONTROL_PREFIX + "faults", post_fault, methods=["POST"]),
        Route(CONTROL_PREFIX + "reset", post_reset, methods=["POST"]),
        Route(CONTROL_PREFIX + "expire-tokens", post_expiry, methods=["POST"]),
        Route(CONTROL_PREFIX + "requests", get_requests, methods=["GET"]),
    ]


def _without_credential(recorded: RecordedRequest) -> dict[str, object]:
    shown = asdict(recorded)
    del shown["credential"]
    return shown
