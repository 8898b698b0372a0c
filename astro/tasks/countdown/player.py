"""A scripted model that plays Countdown in the embedded model's English, with given rates of right and wrong choices.

It reads the prompt and answers the pipeline's four requests: solve, rewrite a step, go back to a step, judge a
solution. So searches and traces can be tested end to end, with every right answer known.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from astro.errors import SamplingError
from astro.tasks.countdown import dialect
from astro.tasks.countdown.dialect import Operation, Term
from astro.tasks.playing import Asked, Request, check_rates, continuation

_PROBLEM = re.compile(
    r"Using [^\n]{0,60}numbers (?P<numbers>[^\n]{1,200}?) (?P<use>exactly|at most) once"
    r"(?:, with (?P<symbols>[^\n]{1,40}?))?, make (?P<target>\d{1,9})\."
)
_STEP = re.compile(r"I take (\d{1,9}) ([-+*/]) (\d{1,9}) = (\d{1,9}), which leaves ([\d, and]{1,200})\.")
_CONCLUSION = re.compile(
    r"That is (?P<value>\d{1,9}) and the target is \d{1,9}, so the solution is (?P<missed>not )?correct\. "
    r"The answer is (?P<boxed>\\boxed\{[^\n]{1,300}\})"
)


@dataclass(frozen=True, slots=True)
class CountdownPlayer:
    """Continues a Countdown prompt with these probabilities, in [0, 1]; a ScriptedModel for ScriptedSampler.

    skill: a step keeps the target reachable, if it is; otherwise the step is any legal one.
    honesty: a solution that missed the target says so; otherwise its last line claims success.
    fidelity: a rewritten step keeps its figures; otherwise one figure changes.
    judgement: a self-evaluation is right.
    """

    skill: float = 0.5
    honesty: float = 1.0
    fidelity: float = 1.0
    judgement: float = 1.0

    def __post_init__(self) -> None:
        check_rates(self)

    def __call__(self, prompt: str, seed: int) -> str:
        """The continuation under this seed. Raises SamplingError if the prompt holds no Countdown problem."""
        request = Request.read(prompt, _PROBLEM)
        if request is None:
            raise SamplingError(f"the scripted Countdown player found no Countdown problem in {prompt[-200:]!r}")
        rng = random.Random(f"{seed} {prompt}")  # noqa: S311 - reproducible play, not secrets
        game = _Game.read(request.problem)
        match request.asked:
            case Asked.REWRITE:
                return self._rewrite(game, request, rng)
            case Asked.GO_BACK:
                return _go_back(game, request.step)
            case Asked.JUDGE:
                right = game.is_solved_by(request.solution) == (rng.random() < self.judgement)
                return "Yes." if right else "No."
            case Asked.SOLVE:
                return self._solve(game, request.solution, rng)

    def _solve(self, game: "_Game", partial: str, rng: random.Random) -> str:
        if _CONCLUSION.search(partial):
            return ""
        table = game.replay(partial)
        lines = []
        while not game.is_over(table):
            operation = self._choose(game, table, rng)
            table = dialect.after(table, operation)
            lines.append(dialect.step(operation, table))
        final = table[0]
        if final.value != game.target and rng.random() >= self.honesty:
            final = Term(game.target, final.expression)
        text = dialect.STEP_DELIMITER.join([*lines, dialect.conclusion(final, game.target)])
        return continuation(partial, text, dialect.STEP_DELIMITER)

    def _choose(self, game: "_Game", table: Sequence[Term], rng: random.Random) -> Operation:
        legal = list(_legal(table, game.symbols))
        if rng.random() < self.skill:
            winning = [move for move in legal if game.is_winnable(dialect.after(table, move))]
            legal = winning or legal
        return rng.choice(legal)

    def _rewrite(self, game: "_Game", request: Request, rng: random.Random) -> str:
        slip = int(rng.random() >= self.fidelity)
        if found := _STEP.search(request.step):
            left, symbol, right, value, leaves = found.groups()
            opening = "Next," if request.thoughts else "Let's start with"
            if request.went_back:
                opening = "Instead, let's try"
            return f"{opening} {left} {symbol} {right} = {int(value) + slip}, which leaves {leaves}."
        if ended := _CONCLUSION.search(request.step):
            value = int(ended["value"]) + slip
            if ended["missed"]:
                return f"That gives {value}, which is not the target {game.target}."
            return f"That gives {value}, which is the target. So the answer is {ended['boxed']}."
        return request.step


@dataclass(frozen=True, slots=True)
class _Game:
    numbers: tuple[int, ...]
    target: int
    symbols: str
    uses_all: bool

    @classmethod
    def read(cls, problem: re.Match[str]) -> "_Game":
        numbers = tuple(int(number) for number in re.findall(r"\d{1,9}", problem["numbers"]))
        symbols = "".join(symbol for symbol in "+-*/" if symbol in (problem["symbols"] or "+-*/"))
        return cls(numbers, int(problem["target"]), symbols, problem["use"] == "exactly")

    def is_winnable(self, table: Sequence[Term]) -> bool:
        """Whether legal steps lead from the table to the target."""
        return _reachable(_values(table), self.target, self.symbols)

    def is_over(self, table: Sequence[Term]) -> bool:
        """Whether nothing is left to combine, or the newest number is the target and numbers may stay unused."""
        made = len(table) < len(self.numbers)
        return len(table) == 1 or (made and not self.uses_all and table[0].value == self.target)

    def replay(self, solution: str) -> list[Term]:
        """The table after the steps of a partial solution. Skips illegal steps."""
        table = [Term.given(number) for number in self.numbers]
        for left, symbol, right, value, _ in _STEP.findall(solution):
            for move in _legal(table, self.symbols):
                if (move.left.value, move.symbol, move.right.value) == (int(left), symbol, int(right)):
                    table = dialect.after(table, Operation(move.left, symbol, move.right, int(value)))
                    break
        return table

    def is_solved_by(self, solution: str) -> bool:
        table = self.replay(solution)
        honest = all(_apply(int(a), symbol, int(b)) == int(value) for a, symbol, b, value, _ in _STEP.findall(solution))
        ended = _CONCLUSION.search(solution)
        boxed = f"\\boxed{{{table[0].expression}}}"
        return (
            honest and self.is_over(table) and table[0].value == self.target and bool(ended and ended["boxed"] == boxed)
        )


def _go_back(game: _Game, step: str) -> str:
    found = _STEP.search(step)
    if found is None:
        return f"Let's restart our solution from the beginning with {dialect.spoken(game.numbers)}."
    return f"Let's go back to where we had {found[5]}."


def _apply(left: int, symbol: str, right: int) -> int | None:
    """The value of an operation; None if it is not a positive integer."""
    if symbol == "/":
        return left // right if right and left % right == 0 else None
    value = left + right if symbol == "+" else left - right if symbol == "-" else left * right
    return value if value > 0 else None


def _legal(table: Sequence[Term], symbols: str) -> Iterator[Operation]:
    for one in range(len(table)):
        for two in range(one + 1, len(table)):
            left, right = sorted((table[one], table[two]), key=lambda term: -term.value)
            for symbol in symbols:
                value = _apply(left.value, symbol, right.value)
                if value is not None:
                    yield Operation(left, symbol, right, value)


def _values(table: Sequence[Term]) -> tuple[int, ...]:
    return tuple(sorted(term.value for term in table))


@lru_cache(maxsize=1 << 16)
def _reachable(values: tuple[int, ...], target: int, symbols: str) -> bool:
    """Whether all the numbers together can make the target."""
    if len(values) == 1:
        return values[0] == target
    table = [Term.given(value) for value in values]
    return any(_reachable(_values(dialect.after(table, move)), target, symbols) for move in _legal(table, symbols))
