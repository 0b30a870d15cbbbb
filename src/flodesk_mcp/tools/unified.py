"""Tools on contacts and segments of any provider: their names alone, so that nothing is imported while they are off."""

from flodesk_mcp.tools.spec import Later, Toolset

_LISTED_BY = {
    "id_or_email": "list_contacts",
    "segment_id": "list_contact_segments",
    "segment_ids": "list_contact_segments",
    "segments": "list_contact_segments",
    "unified": "list_contacts",
    "workflow_id": "list_contact_workflows",
    "workflows": "list_contact_workflows",
}
_WRITTEN_IN = "flodesk_mcp.tools.contacts"

toolset = Toolset(
    "unified",
    "contacts of several marketing tools",
    in_all=False,
    tailor=Later("flodesk_mcp.tools.provider_choice", "tailored"),
    listed_by=_LISTED_BY,
)

_WHO = ("provider", "id_or_email")

toolset.tool("List contacts", "GET contacts", target=("provider", "segment_id"))(Later(_WRITTEN_IN, "list_contacts"))
toolset.tool("Get a contact", "GET contact", target=_WHO)(Later(_WRITTEN_IN, "get_contact"))
toolset.tool(
    "Save a contact",
    "POST contact",
    target=("provider", "email"),
    idempotent=True,
    check="get_contact shows what is there.",
)(Later(_WRITTEN_IN, "save_contact"))
toolset.tool("List segments of contacts", "GET segments")(Later(_WRITTEN_IN, "list_contact_segments"))
toolset.tool("Get a segment of contacts", "GET segment", target=("provider", "segment_id"))(
    Later(_WRITTEN_IN, "get_contact_segment")
)
toolset.tool(
    "Add a contact to segments",
    "POST contact in segments",
    target=(*_WHO, "segment_ids"),
    idempotent=True,
    check="get_contact shows what the contact is in.",
)(Later(_WRITTEN_IN, "add_contact_to_segments"))
toolset.tool(
    "Remove a contact from segments",
    "DELETE contact in segments",
    target=(*_WHO, "segment_ids"),
    idempotent=True,
    check="get_contact shows what the contact is in.",
)(Later(_WRITTEN_IN, "remove_contact_from_segments"))
toolset.tool("List workflows of contacts", "GET workflows")(Later(_WRITTEN_IN, "list_contact_workflows"))
toolset.tool("Get a workflow of contacts", "GET workflow", target=("provider", "workflow_id"))(
    Later(_WRITTEN_IN, "get_contact_workflow")
)
toolset.tool(
    "Enroll a contact in a workflow",
    "POST contact in workflow",
    target=(*_WHO, "workflow_id"),
    check="Look in the provider whether the contact is in the workflow.",
)(Later(_WRITTEN_IN, "enroll_contact"))
