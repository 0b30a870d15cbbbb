"""An embedded Flodesk: the same API in process, with invented data and faults on request."""

from flodesk_mcp.sandbox.account import Account
from flodesk_mcp.sandbox.sample import sample_account

__all__ = ["Account", "sample_account"]
