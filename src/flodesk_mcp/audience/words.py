"""Numbers in sentences."""

__all__ = ["counted"]


def counted(number: int, one: str, many: str) -> str:
    """Return a number with the word for what it counts."""
    return f"{number:,} {one if number == 1 else many}"
