"""What changes whenever the credential of an account is replaced, and reveals nothing of it."""

from sqlalchemy import func

from flodesk_mcp.store.models import AccountRow

__all__ = ["CREDENTIAL_MARK", "mark_of"]

LENGTH = 24

CREDENTIAL_MARK = func.substr(
    AccountRow.sealed_credential, func.length(AccountRow.sealed_credential) - LENGTH + 1
).label("mark")
"""The end of a sealed credential, which is its signature, as a column."""


def mark_of(account: AccountRow) -> str:
    """Return the same of a row that was read."""
    return account.sealed_credential[-LENGTH:]
