"""Tools on custom fields."""

from flodesk_mcp.flodesk import CustomField, FlodeskClient
from flodesk_mcp.tools.arguments import FieldLabel
from flodesk_mcp.tools.results import Everything
from flodesk_mcp.tools.spec import tool


@tool("List custom fields", "GET /custom-fields/all")
async def list_all_flodesk_custom_fields(flodesk: FlodeskClient) -> Everything[CustomField]:
    """List which custom fields exist already: the extra info that can be kept about people, with the key to use in
    custom_fields.
    """
    return Everything(result=await flodesk.custom_fields.all())


@tool("Create a custom field", "POST /custom-fields")
async def create_a_flodesk_custom_field(flodesk: FlodeskClient, label: FieldLabel) -> CustomField:
    """Add a new field: a place to save one more thing about everyone. Flodesk makes its key: use the one returned. No
    tool can delete it.
    """
    return await flodesk.custom_fields.create(label)
