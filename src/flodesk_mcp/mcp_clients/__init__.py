"""The MCP clients on a person's machine: where each keeps its servers, and how an entry gets in and out."""

from flodesk_mcp.mcp_clients.edit import NotValid
from flodesk_mcp.mcp_clients.entries import KEY, NAME, Entry, Launch, launch_of
from flodesk_mcp.mcp_clients.file import Change, ConfigFile
from flodesk_mcp.mcp_clients.known import CLIENTS, McpClient
from flodesk_mcp.mcp_clients.machine import Machine, this_machine

__all__ = [
    "CLIENTS",
    "KEY",
    "NAME",
    "Change",
    "ConfigFile",
    "Entry",
    "Launch",
    "Machine",
    "McpClient",
    "NotValid",
    "launch_of",
    "this_machine",
]
