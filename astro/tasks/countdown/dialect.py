"""The English of the embedded model: every sentence of a Countdown solution, in one place.

A solution has one step per line. Each step combines two numbers and lists what is left. The last line judges the
outcome and gives the answer as an expression. The scripted Countdown player and the embedded model's corpus use it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

STEP_DELIMITER = "\n"


@dataclass(frozen=True, slots=True)
class Term:
    """A number on the table and the expression that made it."""

    value: int
    expression: str

    @classmethod
    def given(cls, value: int) -> "Term":
        """A number of the problem."""
        return cls(value, str(value))

    @property
    def operand(self) -> str:
        """The expression as an operand: in parentheses if it is compound."""
        return f"({self.expression})" if " " in self.expression else self.expression


@dataclass(frozen=True, slots=True)
class Operation:
    """left symbol right = value, as the model states it; the value may be wrong."""

    left: Term
    symbol: str
    right: Term
    value: int

    @property
    def equation(self) -> str:
        """The operation in figures, such as 50 - 25 = 25."""
        return f"{self.left.value} {self.symbol} {self.right.value} = {self.value}"

    @property
    def outcome(self) -> Term:
        """The number that the operation puts on the table."""
        return Term(self.value, f"{self.left.operand} {self.symbol} {self.right.operand}")


def spoken(numbers: Sequence[int]) -> str:
    """Numbers as a person lists them: 3, 7 and 25."""
    words = [str(number) for number in numbers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def after(table: Sequence[Term], operation: Operation) -> list[Term]:
    """The table after the operation: the new number first, then the others in their order."""
    rest = list(table)
    rest.remove(operation.left)
    rest.remove(operation.right)
    return [operation.outcome, *rest]


def step(operation: Operation, left_over: Sequence[Term]) -> str:
    """One step of a solution; left_over is the table after it."""
    return f"I take {operation.equation}, which leaves {spoken([term.value for term in left_over])}."


def conclusion(final: Term, target: int, *, claim: bool | None = None) -> str:
    """The last line: the judgement, then the answer. claim overrides the honest judgement.

    The two numbers stand side by side before the judgement, because a small model compares adjacent numbers best.
    """
    judgement = "correct" if (final.value == target if claim is None else claim) else "not correct"
    compared = f"That is {final.value} and the target is {target}, so the solution is {judgement}."
    return f"{compared} The answer is \\boxed{{{final.expression}}}."
