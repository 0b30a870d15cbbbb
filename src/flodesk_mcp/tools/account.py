"""The tool on the account itself."""

from flodesk_mcp.flodesk import Account, FlodeskClient
from flodesk_mcp.tools.catalog import tool


@tool("Get the connected account", "GET /subscribers")
async def get_flodesk_account(flodesk: FlodeskClient) -> Account:
    """Tell which Flodesk account is connected, whether its credential works, the request quota left, and how many
    subscribers and segments it has.
    """
    return await flodesk.get_account()
