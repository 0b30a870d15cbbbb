"""Tools on custom fields."""

from flodesk_mcp.flodesk import CustomField, FlodeskClient
from flodesk_mcp.tools.arguments import FieldLabel
from flodesk_mcp.tools.results import CreatedCustomField, Everything, notice_of_twins
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("custom_fields", "custom fields", default=True)


@toolset.tool("List custom fields", "GET /custom-fields/all")
async def list_all_flodesk_custom_fields(flodesk: FlodeskClient) -> Everything[CustomField]:
    """List which custom fields exist already: the extra info that can be stored about people, with the key to use in
    custom_fields.
    """
    return Everything(result=await flodesk.custom_fields.all())


@toolset.tool(
    "Create a custom field",
    "POST /custom-fields",
    target=("label",),
)
async def create_a_flodesk_custom_field(flodesk: FlodeskClient, label: FieldLabel) -> CreatedCustomField:
    """Make a new custom field of some name, add a place to save, and keep track of, one more thing about everyone, such
    as a shoe size. Flodesk makes its key. No tool can delete it.
    """
    made = await flodesk.custom_fields.create(label)
    existed = "A custom field of this label existed before, with the key"
    notice = await notice_of_twins(made.key, flodesk.custom_fields.keys_of(label), existed)
    return CreatedCustomField.model_validate(made.model_dump() | {"notice": notice})
