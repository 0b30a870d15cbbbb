"""How many requests an account has left: moving windows."""

from collections import deque
from collections.abc import Mapping

import anyio

from flodesk_mcp.sandbox.account import Account

WINDOW_SECONDS = 60.0


class Window:
    """At most `limit` requests in any `seconds`, counted when they arrive."""

    def __init__(self, limit: int, seconds: float = WINDOW_SECONDS) -> None:
        self.limit = limit
        self._seconds = seconds
        self._arrivals: deque[float] = deque()

    @property
    def remaining(self) -> int:
        """How many requests fit in now."""
        while self._arrivals and self._arrivals[0] <= anyio.current_time() - self._seconds:
            self._arrivals.popleft()
        return max(0, self.limit - len(self._arrivals))

    @property
    def seconds_until_free(self) -> float:
        """How long until one more fits in."""
        if self.remaining:
            return 0.0
        return self._arrivals[0] + self._seconds - anyio.current_time()

    def spend(self, requests: int = 1) -> None:
        """Count requests that arrive now."""
        self._arrivals.extend([anyio.current_time()] * requests)


class Quotas:
    """The windows of all accounts; the credentials of one account share them."""

    def __init__(self, requests_per_minute: int, batches_per_minute: int) -> None:
        self._limits = requests_per_minute, batches_per_minute
        self._windows: dict[Account, tuple[Window, Window]] = {}

    def admit(self, account: Account, *, batch: bool) -> bool:
        """Count a request if it fits in; one that does not is not counted."""
        requests, batches = self._of(account)
        needed = [requests, batches] if batch else [requests]
        if not all(window.remaining for window in needed):
            return False
        for window in needed:
            window.spend()
        return True

    def spend(self, account: Account, requests: int) -> None:
        """Count requests that somebody else sends now."""
        self._of(account)[0].spend(requests)

    def headers(self, account: Account | None) -> Mapping[str, str]:
        """Return the quota headers; to a stranger, those of an untouched quota."""
        limit = self._limits[0]
        remaining = self._of(account)[0].remaining if account else limit
        return {"X-Fd-RateLimit-Limit": str(limit), "X-Fd-RateLimit-Remaining": str(remaining)}

    def clear(self) -> None:
        """Forget what was spent."""
        self._windows.clear()

    def _of(self, account: Account) -> tuple[Window, Window]:
        if account not in self._windows:
            requests, batches = self._limits
            self._windows[account] = Window(requests), Window(batches)
        return self._windows[account]
