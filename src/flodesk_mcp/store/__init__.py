"""What a hosted server keeps: accounts with encrypted credentials, and every token as a hash."""

from flodesk_mcp.store.accounts import AccountInfo, StoredAccount, StoredAccounts
from flodesk_mcp.store.attempts import Allowance, StoredAttempts
from flodesk_mcp.store.clients import StoredClient, StoredClients
from flodesk_mcp.store.database import Database
from flodesk_mcp.store.deliveries import Delivery, DeliveryState, StoredDeliveries
from flodesk_mcp.store.errors import StoreError
from flodesk_mcp.store.events import EventFilter, EventState, StoredEvent, StoredEvents, Verdict
from flodesk_mcp.store.file_links import FileLink, Holder, StoredFileLinks, Way
from flodesk_mcp.store.grant_tokens import EndedGrant, FoundCode, IssuedTokens, StoredGrantTokens
from flodesk_mcp.store.grants import FoundGrant, GrantInfo, StoredGrants
from flodesk_mcp.store.logins import StoredLogins
from flodesk_mcp.store.names import is_name
from flodesk_mcp.store.random_secrets import digest_of
from flodesk_mcp.store.received import Announced, Post, ReceivedEvents, Taken
from flodesk_mcp.store.receivers import NewReceiver, ReceiverInfo, StoredReceivers
from flodesk_mcp.store.sealing import CredentialKind, SealedSecret, Sealer, new_key
from flodesk_mcp.store.sign_ins import Asked, Granted, StoredSignIns
from flodesk_mcp.store.store import Store
from flodesk_mcp.store.subjects import StoredSubjects
from flodesk_mcp.store.tokens import FoundToken, StoredTokens, TokenInfo, TokenLimits
from flodesk_mcp.store.uploads import MOST_UPLOAD_BYTES, UPLOAD_KEPT_SECONDS, NoRoom, StoredUploads, TooLarge, Upload
from flodesk_mcp.store.uses import Uses

__all__ = [
    "MOST_UPLOAD_BYTES",
    "UPLOAD_KEPT_SECONDS",
    "AccountInfo",
    "Allowance",
    "Announced",
    "Asked",
    "CredentialKind",
    "Database",
    "Delivery",
    "DeliveryState",
    "EndedGrant",
    "EventFilter",
    "EventState",
    "FileLink",
    "FoundCode",
    "FoundGrant",
    "FoundToken",
    "GrantInfo",
    "Granted",
    "Holder",
    "IssuedTokens",
    "NewReceiver",
    "NoRoom",
    "Post",
    "ReceivedEvents",
    "ReceiverInfo",
    "SealedSecret",
    "Sealer",
    "Store",
    "StoreError",
    "StoredAccount",
    "StoredAccounts",
    "StoredAttempts",
    "StoredClient",
    "StoredClients",
    "StoredDeliveries",
    "StoredEvent",
    "StoredEvents",
    "StoredFileLinks",
    "StoredGrantTokens",
    "StoredGrants",
    "StoredLogins",
    "StoredReceivers",
    "StoredSignIns",
    "StoredSubjects",
    "StoredTokens",
    "StoredUploads",
    "Taken",
    "TokenInfo",
    "TokenLimits",
    "TooLarge",
    "Upload",
    "Uses",
    "Verdict",
    "Way",
    "digest_of",
    "is_name",
    "new_key",
]
