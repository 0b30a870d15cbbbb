"""Messages within one process."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flodesk_mcp.messages.protocol import Listener, Stop

__all__ = ["InProcessMessages"]

logger = logging.getLogger(__name__)


class InProcessMessages:
    """Tells the listeners of this process."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[object, Listener]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do nothing: what is in the same process hears at once."""
        yield

    def listen(self, topic: str, listener: Listener) -> Stop:
        """Call `listener` with each message on `topic`, until the function that is returned is called."""
        token = object()
        self._listeners.setdefault(topic, {})[token] = listener

        def stop() -> None:
            listeners = self._listeners.get(topic, {})
            if listeners.pop(token, None) and not listeners:
                del self._listeners[topic]
                self._unheard(topic)

        return stop

    def publish(self, topic: str, message: bytes) -> None:
        """Tell all who listen to `topic`."""
        for listener in list(self._listeners.get(topic, {}).values()):
            try:
                listener(message)
            except Exception:
                logger.exception("A listener failed")

    async def ready(self) -> None:
        """Return at once."""

    def _unheard(self, topic: str) -> None:
        """Take note that nobody listens to `topic` any more."""
