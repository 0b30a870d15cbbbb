"""One thing that is measured, beside what it is compared with."""

from dataclasses import dataclass
from statistics import median

__all__ = ["Measure"]


@dataclass(frozen=True)
class Measure:
    """Pairs of ours and the baseline, taken one after the other. A ratio above `bound` is a failure."""

    name: str
    unit: str
    pairs: list[tuple[float, float]]
    bound: float

    @property
    def ours(self) -> float:
        """The median of ours."""
        return median(ours for ours, _ in self.pairs)

    @property
    def baseline(self) -> float:
        """The median of the baseline."""
        return median(baseline for _, baseline in self.pairs)

    @property
    def ratio(self) -> float:
        """The median of the ratios of each pair."""
        return median(ours / baseline for ours, baseline in self.pairs)

    @property
    def holds(self) -> bool:
        """Whether the ratio stays within its bound."""
        return self.ratio <= self.bound
