"""The tool on the account itself."""

from flodesk_mcp.flodesk import AccountSummary, FlodeskClient
from flodesk_mcp.tools.spec import tool


@tool("Get the connected account", "GET /subscribers")
async def get_flodesk_account(flodesk: FlodeskClient) -> AccountSummary:
    """Tell whose Flodesk account this is connected to, whether the API key (or access token) is working, how many
    requests are left of the quota, and how many subscribers and segments there are.
    """
    return await flodesk.account.summary()
