"""What a sandbox remembers of every request that arrived."""

import json
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.requests import Request

from flodesk_mcp.sandbox.credentials import credential_of


@dataclass
class RecordedRequest:
    """A request as it arrived.

    `path` is raw (not decoded), `body` decoded JSON or None. Header names are in lower case; of Authorization
    only the kind ("basic", "bearer") is kept there. `at` is on the event loop's clock.
    `status` is None while the request is under way, and stays so if the connection broke.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    credential: str | None = field(repr=False)
    at: float
    status: int | None = None


def record(request: Request, path: str, body: bytes) -> RecordedRequest:
    """Return the record of a request that arrives now."""
    credential = credential_of(request.headers.get("authorization", ""))
    headers = {name.lower(): value for name, value in request.headers.items()}
    if "authorization" in headers:
        headers["authorization"] = credential.kind if credential else "unknown"
    return RecordedRequest(
        method=request.method,
        path=path,
        query=dict(request.query_params),
        body=_json(body),
        headers=headers,
        credential=credential.value if credential else None,
        at=anyio.current_time(),
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
