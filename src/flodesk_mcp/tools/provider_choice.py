"""What tools on any provider's contacts are to one caller: with the providers that there are, and what each lacks."""

from typing import Any

from mcp_types import Tool

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.providers import Provider
from flodesk_mcp.tools.spec import ToolSpec

__all__ = ["ALL", "chosen", "tailored"]

ALL = "all"
"""What `get_contact` takes for every provider at once."""


def chosen(caller: Caller, tool: str, provider: str | None, *ids: str) -> Provider:
    """Return the provider for a call of the tool on contacts, segments or workflows with these ids, or names.

    Raises InvalidArgument for a provider that there is not, that cannot do it, or that has not shown one of the ids.
    """
    there = caller.providers.chosen(provider)
    there.check(tool, {})
    for known in ids:
        caller.providers.check_belongs(there, known)
    return there


def tailored(spec: ToolSpec, caller: Caller) -> Tool:
    """Return the tool with `provider` as a choice of those that there are, left out where there is one alone."""
    ids = caller.providers.ids
    schema: dict[str, Any] = {**spec.input_schema, "properties": dict(spec.input_schema["properties"])}
    if len(ids) == 1:
        del schema["properties"]["provider"]
    else:
        choice = [*ids, ALL] if spec.name == "get_contact" else ids
        schema["properties"]["provider"] = {**schema["properties"]["provider"], "enum": choice}
        if "next_cursor" not in schema["properties"]:  # which says of which provider it is
            schema["required"] = ["provider", *schema.get("required", [])]
    told = " ".join(filter(None, (caller.providers.kind(known).about(spec.name) for known in ids)))
    description = f"{spec.description} {told}".strip()
    return spec.advertised.model_copy(update={"description": description, "input_schema": schema})
