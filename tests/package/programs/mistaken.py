"""A program with a mistake that only the package's types show."""

from flodesk_mcp.flodesk import FlodeskClient


async def count(flodesk: FlodeskClient) -> int:
    """Return an address as if it were a number."""
    person = await flodesk.subscribers.get("a@example.com")
    return person.email  # type: ignore[return-value]
