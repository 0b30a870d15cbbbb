"""What can go wrong with what is stored."""

__all__ = ["StoreError"]


class StoreError(Exception):
    """Something cannot be stored, found or read; the message says in one line why, and what to do."""
