"""From the names of segments, as people and tags have them, to segments."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["SegmentNames"]


@dataclass
class SegmentNames:
    """Knows the segments that there are, names by id. Other names are those of segments to create, or unknown."""

    by_id: Mapping[str, str]
    to_create: dict[str, str] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    ambiguous: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._by_name: dict[str, list[str]] = {}
        for known, name in self.by_id.items():
            self._by_name.setdefault(name.strip().casefold(), []).append(known)

    def of(self, names: Sequence[str], *, create: bool) -> tuple[list[str], list[str]]:
        """Return the ids of the segments that there are, and the names of those that are to be created."""
        ids, new = [], []
        for name in names:
            folded = name.strip().casefold()
            found = [name] if name in self.by_id else self._by_name.get(folded, [])
            if len(found) == 1:
                ids.append(found[0])
            elif found:
                self.ambiguous[name] += 1
            elif create or folded in self.to_create:
                new.append(self.to_create.setdefault(folded, name.strip()))
            else:
                self.unknown[name] += 1
        return ids, new
