"""One form for contacts and segments, whichever marketing tool holds them; each tool's own `adapter` brings them to it.

A provider is known by a line in `known`, and what it cannot do by its row of `lacks`.
"""

from flodesk_mcp.providers.model import Contact, ContactSegment, ContactWorkflow, Enrolled, InSegments, Rows, Step
from flodesk_mcp.providers.provider import NotOffered, Provider

__all__ = [
    "Contact",
    "ContactSegment",
    "ContactWorkflow",
    "Enrolled",
    "InSegments",
    "NotOffered",
    "Provider",
    "Rows",
    "Step",
]
