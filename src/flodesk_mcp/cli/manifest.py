"""`flodesk-mcp manifest`: every tool as agents see it, with the operation of Flodesk behind it."""

import json

import click

from flodesk_mcp.tools import CATALOG

__all__ = ["manifest", "manifest_text"]


@click.command()
def manifest() -> None:
    """Print every tool as JSON, as tool_manifest.json holds it."""
    click.echo(manifest_text(), nl=False)


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
