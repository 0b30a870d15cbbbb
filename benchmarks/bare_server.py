"""The least that the SDK can serve: one tool, which answers at once with what the command line holds."""

import json
import sys
from typing import Any

from mcp.server.mcpserver import MCPServer

server = MCPServer("bare")
answer: dict[str, Any] = json.loads(sys.argv[1])


@server.tool()
async def get_subscriber(id_or_email: str) -> dict[str, Any]:
    """Get one person by id or e-mail address."""
    return answer


if __name__ == "__main__":
    server.run()
