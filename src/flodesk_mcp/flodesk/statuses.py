"""Who is active and who is not, as the answers of the last minutes say."""

import anyio

from flodesk_mcp.flodesk.models import BatchResult, Page, Subscriber

__all__ = ["Statuses"]

REMEMBERED_SECONDS = 300
MAX_REMEMBERED = 2_000


class Statuses:
    """The status of each person that was lately seen, by id and by address."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, float]] = {}

    def remember(self, answer: object) -> None:
        """Take note of everybody in an answer; the longest unseen are forgotten."""
        people: list[object] = [answer]
        if isinstance(answer, Page):
            people = answer.data
        elif isinstance(answer, BatchResult):
            people = [*answer.successes]
        until = anyio.current_time() + REMEMBERED_SECONDS
        for person in people:
            if isinstance(person, Subscriber) and person.status:
                for name in filter(None, (person.id, person.email)):
                    self._seen.pop(name.casefold(), None)
                    self._seen[name.casefold()] = (person.status, until)
        while len(self._seen) > MAX_REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def recall(self, id_or_email: str) -> str | None:
        """Return the status that somebody had in the last five minutes, if it was seen."""
        status, until = self._seen.get(id_or_email.strip().casefold(), (None, 0.0))
        return status if anyio.current_time() < until else None
