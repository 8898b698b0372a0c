"""What the votes of a run say about its judge: whether it can tell right ends from wrong ones."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

_Z = 1.96  # 95 % intervals
_FEWEST = 8  # ends of each kind before anything is concluded
_LOST = 0.5  # share of right ends that self-evaluation may reject without a hint


@dataclass(frozen=True, slots=True)
class Votes:
    """Votes on the ends of one kind that measure the judge, from the first trees.

    ends: drawn without regard to the votes. accepted: of them, by traces.agreement. votes, yes: in all.
    """

    ends: int
    accepted: int
    votes: int
    yes: int

    @classmethod
    def of(cls, counts: Mapping[str, int], kind: str) -> "Votes":
        """From the counts of a run; kind is right or wrong."""
        return cls(*(counts.get(f"judge.{kind}.{name}", 0) for name in ("ends", "accepted", "votes", "yes")))

    @property
    def rate(self) -> float:
        """Share of yes votes."""
        return self.yes / self.votes if self.votes else 0.0

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the rate. Votes on one end are alike, so each end counts as one observation."""
        if not self.ends:
            return 0.0, 1.0
        share = _Z * _Z / self.ends
        middle = (self.rate + share / 2) / (1 + share)
        half = _Z / (1 + share) * math.sqrt(self.rate * (1 - self.rate) / self.ends + share / (4 * self.ends))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval()
        rate = f"{self.rate:.1%}; {self.ends} ends, 95 % interval {low:.0%}-{high:.0%}"
        return f"{self.yes} of {self.votes} votes ({rate})"


def judge_lines(counts: Mapping[str, int], *, has_judge: bool) -> list[str]:
    """What the judge said to right and to wrong ends, and advice if it cannot tell them; empty without votes.

    has_judge: whether roles.judge names a model; otherwise the solver votes.
    """
    right, wrong = Votes.of(counts, "right"), Votes.of(counts, "wrong")
    if not right.votes and not wrong.votes:
        return []
    lines = [f"yes on right ends: {right}"]
    if wrong.votes:
        lines.append(f"yes on wrong ends: {wrong}")
    better = "name a better model in roles.judge" if has_judge else "name a judge in roles.judge"
    if cannot_tell(right, wrong):
        lines.append(f"these votes do not tell right ends from wrong ones: set traces.votes=0, or {better}")
    elif right.ends >= _FEWEST and right.accepted < (1 - _LOST) * right.ends:
        rejected = f"{right.ends - right.accepted} of {right.ends} right ends were rejected"
        lines.append(f"{rejected}: lower traces.agreement, or {better}")
    return lines


def cannot_tell(right: Votes, wrong: Votes) -> bool:
    """Whether enough ends were judged, and a difference of the rates of 0 is within its 95 % interval (Newcombe)."""
    if min(right.ends, wrong.ends) < _FEWEST:
        return False
    low = right.rate - right.interval()[0]
    high = wrong.interval()[1] - wrong.rate
    return right.rate - wrong.rate - math.hypot(low, high) <= 0
