"""How often one of two was preferred, and what that says: free of torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preference:
    """Answers to "which is better?", each of them for one of two, or undecided.

    Attributes:
        wins, losses: answers for the first, and for the second.
        undecided: answers for neither; they count for nothing else.
        share: of the decided answers, those for the first; NaN without any.
        low, high: its 95 % interval (Wilson 1927).
        p: of the two-sided sign test: how likely so uneven a count is where neither is better.
    """

    wins: int
    losses: int
    undecided: int
    share: float
    low: float
    high: float
    p: float

    @classmethod
    def of(cls, wins: int, losses: int, undecided: int = 0) -> "Preference":
        """Make it of the counts."""
        decided, nan = wins + losses, float("nan")
        if not decided:
            return cls(wins, losses, undecided, nan, nan, nan, nan)
        from scipy.stats import binomtest  # noqa: PLC0415 - takes half a second to load

        test = binomtest(wins, decided)
        low, high = test.proportion_ci(0.95, method="wilson")
        return cls(wins, losses, undecided, wins / decided, low, high, float(test.pvalue))

    @property
    def decided(self) -> int:
        """How many answers were for one of the two."""
        return self.wins + self.losses

    def sentence(self, first: str, second: str) -> str:
        """Say it, and no more than it says.

        Args:
            first: what the one is called, plain text; the caller makes it safe for his page.
            second: what the other is called.
        """
        undecided = f", {self.undecided:,} undecided" if self.undecided else ""
        if not self.decided:
            return f"Blind test, {first} or {second}: no answer for either yet{undecided}."
        counts = f"{first} preferred to {second} in {self.wins:,} of {self.decided:,}"
        low, high = (f"{100 * bound:.0f}" for bound in (self.low, self.high))
        interval = f"{100 * self.share:.0f} %, 95 % Wilson interval {low}–{high} %"
        p = f"p = {self.p:.2f}" if self.p >= 0.095 else f"p = {self.p:.1g}"
        p = "p < 0.001" if self.p < 0.001 else p
        told = (
            " So uneven a count is not rare where neither is better: this does not tell which is."
            if self.p >= 0.05
            else ""
        )
        return f"Blind test: {counts} ({interval}){undecided}; two-sided sign test {p}.{told}"
