"""What a hosted server keeps: accounts with encrypted credentials, and access tokens as hashes."""

from flodesk_mcp.store.accounts import AccountInfo, StoredAccounts
from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.sealing import Sealer, new_key
from flodesk_mcp.store.tokens import FoundToken, StoredTokens, TokenInfo, TokenLimits

__all__ = [
    "AccountInfo",
    "Database",
    "FoundToken",
    "Sealer",
    "StoreError",
    "StoredAccounts",
    "StoredTokens",
    "TokenInfo",
    "TokenLimits",
    "new_key",
]
