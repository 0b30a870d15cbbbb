"""How files come from people and leave to them, where a caller and its server share no folders: by links."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from flodesk_mcp.audience.source import Source

__all__ = ["Exchange", "Leaving", "LinkTo", "Reading"]


@dataclass(frozen=True)
class Reading:
    """What a file is for, in words, and how its columns will be understood: its page shows them before it is sent.

    `fields` are the labels of custom fields by their keys, `columns` what was chosen for headings.
    """

    purpose: str
    fields: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)
    create_missing_fields: bool = False


@dataclass(frozen=True)
class Leaving:
    """What leaves: of a job its `export`, or the `report` of what became of each row, as a file of that name."""

    job: str
    what: str
    file: str


@dataclass(frozen=True)
class LinkTo:
    """A link, until when it is good in seconds since 1970, and the name of the file that comes or leaves by it."""

    url: str
    expires_at: float
    file: str


class Exchange(Protocol):
    """What one caller sends and gets by links. Each is for that caller and its account alone, and works once."""

    async def sent(self, file: str) -> "Source | None":
        """Return the file of that name that a person has sent, None while there is none.

        Raises StorageFailed.
        """

    async def ask_for(self, file: str | None, reading: Reading) -> LinkTo:
        """Return a link by which a person sends a file, which is then found under that name, or one of our own.

        Raises FileRefused where too many are open, StorageFailed.
        """

    async def offer(self, leaving: Leaving) -> LinkTo | None:
        """Return a link by which a person gets a file, None where too many are open. Raises StorageFailed."""
