"""What a person is told at a page, and can do something about."""

import math

__all__ = ["Problem"]


class Problem(Exception):
    """What a person sent does not do; the message tells them why. `retry_after` is in whole seconds."""

    def __init__(self, words: str, status: int = 400, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": str(math.ceil(retry_after))}
