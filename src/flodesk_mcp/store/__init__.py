"""What a hosted server keeps: accounts with encrypted credentials, and access tokens as hashes."""

from flodesk_mcp.store.accounts import AccountInfo, StoredAccount, StoredAccounts
from flodesk_mcp.store.database import Database
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.logins import StoredLogins
from flodesk_mcp.store.names import is_name
from flodesk_mcp.store.sealing import CredentialKind, SealedSecret, Sealer, new_key
from flodesk_mcp.store.store import Store
from flodesk_mcp.store.tokens import FoundToken, StoredTokens, TokenInfo, TokenLimits

__all__ = [
    "AccountInfo",
    "CredentialKind",
    "Database",
    "FoundToken",
    "SealedSecret",
    "Sealer",
    "Store",
    "StoreError",
    "StoredAccount",
    "StoredAccounts",
    "StoredLogins",
    "StoredTokens",
    "TokenInfo",
    "TokenLimits",
    "is_name",
    "new_key",
]
