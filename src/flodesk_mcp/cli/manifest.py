"""Every tool as agents see it, with the operation of Flodesk behind it."""

import json

from flodesk_mcp.tools import CATALOG

__all__ = ["manifest_text"]


def manifest_text() -> str:
    """Return the text of tool_manifest.json."""
    tools = [
        {
            "name": spec.name,
            "title": spec.title,
            "description": spec.description,
            "inputSchema": spec.input_schema,
            "outputSchema": spec.output_schema,
            "annotations": spec.annotations.model_dump(by_alias=True, exclude_none=True),
            "toolset": spec.toolset.id,
            "operation": spec.operation,
        }
        for spec in CATALOG
    ]
    return json.dumps({"tools": tools}, indent=2, ensure_ascii=False) + "\n"
