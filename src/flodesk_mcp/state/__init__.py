"""What a hosted server keeps: accounts with encrypted credentials, and access tokens as hashes."""

from flodesk_mcp.state.accounts import AccountInfo, StoredAccounts
from flodesk_mcp.state.database import Database
from flodesk_mcp.state.errors import StateError
from flodesk_mcp.state.tokens import FoundToken, StoredTokens, TokenInfo, TokenLimits
from flodesk_mcp.state.vault import Vault, new_key

__all__ = [
    "AccountInfo",
    "Database",
    "FoundToken",
    "StateError",
    "StoredAccounts",
    "StoredTokens",
    "TokenInfo",
    "TokenLimits",
    "Vault",
    "new_key",
]
