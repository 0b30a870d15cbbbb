"""What tools on any provider's contacts are to one caller: with the providers that there are, and what each lacks."""

from typing import Any

from mcp_types import Tool

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools.spec import ToolSpec

__all__ = ["ALL", "tailored"]

ALL = "all"
"""What `get_contact` takes for every provider at once."""


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
