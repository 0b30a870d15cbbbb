"""Tools on HighLevel's social planner: their names alone, so that nothing is imported while they are off."""

from flodesk_mcp.tools.spec import Later, Toolset

_WRITTEN_IN = "flodesk_mcp.tools.social_planner"

toolset = Toolset(
    "highlevel_social",
    "HighLevel's social planner",
    in_all=False,
    listed_by={"tag_ids": "list_highlevel_social_tags"},
)

toolset.tool("List tags of social posts", "GET /social-media-posting/{locationId}/tags")(
    Later(_WRITTEN_IN, "list_highlevel_social_tags")
)
toolset.tool(
    "Get tags of social posts", "GET by POST /social-media-posting/{locationId}/tags/details", target=("tag_ids",)
)(Later(_WRITTEN_IN, "get_highlevel_social_tag_details"))
toolset.tool("Get social statistics", "GET by POST /social-media-posting/statistics", target=("profile_ids",))(
    Later(_WRITTEN_IN, "get_highlevel_social_statistics")
)
toolset.tool("Get a HighLevel user", "GET /users/{id}", target=("user_id",))(Later(_WRITTEN_IN, "get_highlevel_user"))
