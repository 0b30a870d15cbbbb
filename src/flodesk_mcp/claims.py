"""What may happen only once, such as the use of an answer: who claims its name first has it."""

from typing import Protocol

from flodesk_mcp.freshness import FreshMap

__all__ = ["Claims", "ClaimsOfProcess"]


class Claims(Protocol):
    """Names that are claimed for a while, one time each."""

    async def claim(self, name: str) -> bool:
        """Claim a name, and return whether nobody had. False where that cannot be told."""

    async def is_claimed(self, name: str) -> bool:
        """Tell whether somebody has claimed a name, as far as that can be told."""


class ClaimsOfProcess:
    """Claims that this process alone knows. They hold for `seconds`; of more than `most` the oldest are forgotten."""

    def __init__(self, seconds: float, most: int) -> None:
        self._claimed: FreshMap[str, bool] = FreshMap(seconds, most)

    async def claim(self, name: str) -> bool:
        """Claim a name, and return whether nobody had."""
        is_new = not self._claimed.get(name)
        self._claimed.set(name, value=True)
        return is_new

    async def is_claimed(self, name: str) -> bool:
        """Tell whether somebody has claimed a name."""
        return bool(self._claimed.get(name))
