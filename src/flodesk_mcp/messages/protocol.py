"""What whoever publishes or listens relies on, however messages travel."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

__all__ = ["Listener", "Messages", "Stop"]

Listener = Callable[[bytes], object]
Stop = Callable[[], None]


class Messages(Protocol):
    """Messages by topic, to all processes that listen."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Carry messages for as long as this is open."""

    def listen(self, topic: str, listener: Listener) -> Stop:
        """Call `listener` with each message on `topic`, until the function that is returned is called."""

    def publish(self, topic: str, message: bytes) -> None:
        """Tell all who listen to `topic`, those of this process before this returns."""

    async def ready(self) -> None:
        """Return when all that is listened to here is heard from other processes, too, or none can be reached."""
