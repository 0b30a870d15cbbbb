"""Erasing an account: what is stored of it, wherever that is."""

from flodesk_mcp.flodesk import FlodeskError
from flodesk_mcp.store import StoredAccounts, StoreError
from flodesk_mcp.web.audiences import Audiences

__all__ = ["erase_account"]


async def erase_account(accounts: StoredAccounts, audiences: Audiences, account_id: str) -> None:
    """Forget an account with all that is kept of its list: the copy, jobs and their reports, plans, uploads, exports.

    Raises StoreError; then it can be done once more, for the account itself goes last.
    """
    await _erase_list(audiences, account_id)
    await accounts.forget(account_id)
    await _erase_list(audiences, account_id)  # what a call wrote that was under way


async def _erase_list(audiences: Audiences, account_id: str) -> None:
    try:
        await audiences.erase(account_id)
    except (FlodeskError, OSError) as error:
        raise StoreError(f"What is kept of the list could not be erased: {error}") from error
