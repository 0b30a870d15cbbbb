"""What is particular to FlowNurture's API. Errors are {statusCode, message, error}; a 429 has a Retry-After."""

from flodesk_mcp.api.service import Service

__all__ = ["FLOWNURTURE"]


class _FlowNurture(Service):
    name = "FlowNurture"


FLOWNURTURE = _FlowNurture()
