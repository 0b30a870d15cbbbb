"""Who is active and who is not, as the answers of the last minutes say."""

from collections.abc import Sequence

from flodesk_mcp.flodesk.models import Subscriber
from flodesk_mcp.freshness import FreshMap

__all__ = ["Statuses"]

REMEMBERED_SECONDS = 300
MAX_REMEMBERED = 2_000


class Statuses:
    """The status of each person that was lately seen, by id and by address."""

    def __init__(self) -> None:
        self._seen: FreshMap[str, str] = FreshMap(REMEMBERED_SECONDS, MAX_REMEMBERED)

    def remember(self, people: Sequence[Subscriber]) -> None:
        """Take note of everybody in an answer; the longest unseen are forgotten."""
        for person in people[-MAX_REMEMBERED:]:
            if person.status:
                for name in filter(None, (person.id, person.email)):
                    self._seen.set(name.casefold(), person.status)

    def recall(self, id_or_email: str) -> str | None:
        """Return the status that somebody had in the last five minutes, if it was seen."""
        return self._seen.get(id_or_email.strip().casefold())
