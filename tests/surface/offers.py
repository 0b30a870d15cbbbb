"""All that a server offers a client, as the client sees it."""

from typing import Any

from mcp import Client

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.server import single_server
from flodesk_mcp.settings import Settings
from flodesk_mcp.tools import CATALOG

ARGUMENTS = {
    "review_my_audience": {"custom_field": "Birthday"},
    "add_people_and_start_workflow": {"people": "Ada, ada@example.com", "segment": "VIP", "workflow": "Birthday posy"},
    "tidy_my_segments": {},
    "webhook_for_unsubscribes": {"post_url": "https://example.com/hook?secret=1"},
}
"""Arguments that each prompt is shown with."""

TOOLSETS = ["default", *dict.fromkeys(spec.toolset.id for spec in CATALOG), "all"]
MODES = ("legacy", "auto")


def plain(model: Any) -> dict[str, Any]:
    """Return a model as it comes over the wire, less what only one era has."""
    data: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {key: value for key, value in data.items() if key not in {"_meta", "ttlMs", "cacheScope", "resultType"}}


async def offered(mode: str, **settings: Any) -> dict[str, Any]:
    """Return what is offered in an era (legacy, or what `auto` negotiates), with every text and schema."""
    chosen = Settings.model_validate({"sandbox": True, **settings})
    async with Client(single_server(chosen, Sandbox().transport()), mode=mode) as client:
        prompts = plain(await client.list_prompts())["prompts"]
        texts = [plain(await client.get_prompt(prompt["name"], ARGUMENTS[prompt["name"]])) for prompt in prompts]
        return {
            "capabilities": plain(client.server_capabilities),
            "instructions": client.instructions,
            "tools": plain(await client.list_tools())["tools"],
            "resources": plain(await client.list_resources())["resources"],
            "templates": plain(await client.list_resource_templates())["resourceTemplates"],
            "prompts": prompts,
            "texts": {
                prompt["name"]: text["messages"][0]["content"]["text"]
                for prompt, text in zip(prompts, texts, strict=True)
            },
        }
