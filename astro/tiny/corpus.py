"""The corpus of the embedded model: solving, rewriting, backtracking and judging, all generated.

Three in five solutions reach the target, the others end elsewhere and say so: a base that is honest about failure can
later be taught to act on it, while one whose corpus fakes the last step cannot. No solution backtracks.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from astro.problems import countdown, dialect
from astro.problems.countdown import Use
from astro.problems.countdown_solver import legal_operations
from astro.problems.dialect import Operation, Term

NUMBERS = range(1, 16)
LARGEST = 100
SIZES = (2, 3, 4)
SIZE_WEIGHTS = (0.12, 0.30, 0.58)
TOLD_SIZE_WEIGHTS = (0.06, 0.30, 0.50, 0.14)  # 2 to 5: tables of five numbers are read and told, never solved
ORDERED = 0.15  # of the problems: the numbers have to be used in the order given
RIGHT_SOLUTIONS = 0.6

REFLECTION = "But wait, are we solving the problem correctly so far? Hmm..."
POSITIVE = "Our solution seems to be correct so far."
NEGATIVE = "I'm not sure if we're solving the problem correctly so far."

_OPENING = (
    "Let's start with {equation}, which leaves {left}.",
    "First, let's try {equation}, which leaves {left}.",
    "We can begin with {equation}, which leaves {left}.",
)
_NEXT = (
    "Next, {equation}, which leaves {left}.",
    "Then {equation}, which leaves {left}.",
    "Now we can take {equation}, which leaves {left}.",
)
_INSTEAD = (
    "Instead, let's try {equation}, which leaves {left}.",
    "This time, let's take {equation}, which leaves {left}.",
    "Another way is {equation}, which leaves {left}.",
)
_REACHED = (
    "That gives {value}, which is the target. So the answer is \\boxed{{{expression}}}.",
    "That makes {value}, the target we want. So the answer is \\boxed{{{expression}}}.",
)
_MISSED = (
    "That gives {value}, which is not the target {target}.",
    "That makes {value}, but the target is {target}.",
)
_BACK = ("Let's go back to where we had {left}.", "Let's go back to the point where we had {left}.")
_RESTART = "Let's restart our solution from the beginning with {left}."


@dataclass(frozen=True, slots=True)
class Example:
    """One exchange: what the user asks and what the model says."""

    prompt: str
    completion: str


@dataclass(frozen=True, slots=True)
class Path:
    """A way to use up all numbers: the operations in order, and the table after each (tables[0] is the start)."""

    operations: tuple[Operation, ...]
    tables: tuple[tuple[Term, ...], ...]

    @property
    def final(self) -> Term:
        """The one number left."""
        return self.tables[-1][0]

    def steps(self) -> list[str]:
        """The steps in words, without the conclusion."""
        return [dialect.step(op, table) for op, table in zip(self.operations, self.tables[1:], strict=True)]


def examples(rng: random.Random) -> Iterator[Example]:
    """An endless stream of examples, none about numbers of the test split."""
    while True:
        kind = rng.random()
        telling = kind >= 0.82
        size = rng.choices((*SIZES, 5), TOLD_SIZE_WEIGHTS)[0] if telling else rng.choices(SIZES, SIZE_WEIGHTS)[0]
        numbers = rng.choices(NUMBERS, k=size)
        if countdown.split_of(numbers) is not countdown.Split.TRAIN:
            continue
        use = Use.ORDERED if size > 2 and rng.random() < ORDERED else Use.ALL
        right, wrong = random_path(numbers, use, rng), random_path(numbers, use, rng)
        if right is None or wrong is None:
            continue
        target = right.final.value
        problem = countdown.problem_text(numbers, target, use=use)
        if telling:
            yield from _told(problem, target, right, wrong, rng)
        elif kind < 0.68:
            path = right if rng.random() < RIGHT_SOLUTIONS else wrong
            yield Example(problem, solution(path.steps(), path.final, target))
        else:
            yield Example(*judged(problem, target, right, wrong, rng))


def solution(steps: Sequence[str], final: Term, target: int) -> str:
    """A whole solution: its steps, then the conclusion, one a line."""
    return dialect.STEP_DELIMITER.join([*steps, dialect.conclusion(final, target)])


def random_path(numbers: Sequence[int], use: Use, rng: random.Random) -> Path | None:
    """A random way to use up the numbers by legal operations, or None where it runs into a dead end."""
    table = tuple(Term.given(number) for number in numbers)
    operations: list[Operation] = []
    tables = [table]
    while len(table) > 1:
        operation = _next_in_order(table, rng) if use is Use.ORDERED else _random_operation(table, rng)
        if operation is None:
            return None
        table = tuple(dialect.after(table, operation))
        operations.append(operation)
        tables.append(table)
    return Path(tuple(operations), tuple(tables))


def _random_operation(table: Sequence[Term], rng: random.Random) -> Operation | None:
    for _ in range(20):
        one, two = rng.sample(table, 2)
        left, right = (one, two) if one.value >= two.value else (two, one)  # larger first: one way to say a thing
        legal = list(legal_operations(left.value, right.value, "+-*/", LARGEST))
        if legal:
            _, symbol, _, value = rng.choice(legal)
            return Operation(left, symbol, right, value)
    return None


def _next_in_order(table: Sequence[Term], rng: random.Random) -> Operation | None:
    left, right = table[:2]
    path = countdown.ordered_path([left.value, right.value], "+-*/", LARGEST, rng)
    return Operation(left, path[0].symbol, right, path[0].value) if path else None


def judged(problem: str, target: int, right: Path, wrong: Path, rng: random.Random) -> tuple[str, str]:
    """A solution and whether it is right: prompt and Yes. or No. Half are right; the flaws are of several kinds.

    Most flaws claim success, since an honest miss is told from a right solution by one word.
    """
    steps, final, good = right.steps(), right.final, True
    missed = wrong.final.value != target
    flaw = rng.random()
    if flaw < 0.10:  # an honest miss
        steps, final, good = wrong.steps(), wrong.final, not missed
    elif flaw < 0.27:  # a miss that takes the two numbers it names for equal
        if missed:
            text = dialect.STEP_DELIMITER.join([*wrong.steps(), dialect.conclusion(wrong.final, target, claim=True)])
            return dialect.evaluate_prompt(problem, text), "No."
    elif flaw < 0.37:  # a last result that is made up
        steps, final, good = _faked_end(wrong, target)
    elif flaw < 0.45:  # an answer that is not what the steps did
        final = Term(target, wrong.final.expression)
        good = not missed
    elif flaw < 0.52:  # steps that miss, and a claim that they do not
        steps, final, good = wrong.steps(), Term(target, wrong.final.expression), not missed
    text = solution(steps, final, target)
    return dialect.evaluate_prompt(problem, text), "Yes." if good else "No."


def _faked_end(path: Path, target: int) -> tuple[list[str], Term, bool]:
    last = path.operations[-1]
    faked = Operation(last.left, last.symbol, last.right, target)
    steps = path.steps()
    steps[-1] = dialect.step(faked, [faked.outcome])
    return steps, faked.outcome, last.value == target


def _told(problem: str, target: int, right: Path, wrong: Path, rng: random.Random) -> list[Example]:
    """Two exchanges of a trace that tells a miss, then a way that works; the way back is one, if there is one."""
    trace = _Trace(problem, target, rng)
    if wrong.final.value == target or rng.random() < 0.25:
        trace.tell(right, 0)
        return rng.sample(trace.told, k=min(2, len(trace.told)))
    trace.tell(wrong, 0)
    start = trace.go_back(right, wrong)
    back = trace.told.pop()
    trace.tell(right, start)
    return [back, rng.choice(trace.told)]


@dataclass(slots=True)
class _Trace:
    """A trace in the making: the exchanges that tell it, and the thoughts so far."""

    problem: str
    target: int
    rng: random.Random
    told: list[Example] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)

    def tell(self, path: Path, start: int) -> None:
        """Rewrite a path's steps from start on, and its conclusion."""
        for index in range(start, len(path.operations)):
            style = _OPENING if not self.thoughts else _INSTEAD if _just_went_back(self.thoughts) else _NEXT
            table = path.tables[index + 1]
            thought = self.rng.choice(style).format(
                equation=path.operations[index].equation, left=dialect.spoken([term.value for term in table])
            )
            self._say(dialect.step(path.operations[index], table), thought)
            if self.rng.random() < 0.15:
                self.thoughts.append(f"{REFLECTION} {POSITIVE}")
        ends = _REACHED if path.final.value == self.target else _MISSED
        thought = self.rng.choice(ends).format(
            value=path.final.value, target=self.target, expression=path.final.expression
        )
        self._say(dialect.conclusion(path.final, self.target), thought)

    def _say(self, step: str, thought: str) -> None:
        self.told.append(Example(dialect.rewrite_prompt(self.problem, self.thoughts[-3:], step), thought))
        self.thoughts.append(thought)

    def go_back(self, right: Path, wrong: Path) -> int:
        """Go back from the end of wrong to where right leaves it; returns how many operations they share."""
        shared = 0
        while shared < len(right.operations) and right.operations[shared] == wrong.operations[shared]:
            shared += 1
        # Paths drawn at random seldom share a step, so the sentence is also practised on steps right does not continue.
        ancestor = shared or (self.rng.randrange(len(wrong.operations)) if self.rng.random() < 0.5 else 0)
        table = wrong.tables[ancestor]
        left = dialect.spoken([term.value for term in table])
        if ancestor == 0:
            step, sentence = dialect.BEGINNING, _RESTART.format(left=left)
        else:
            step = dialect.step(wrong.operations[ancestor - 1], table)
            sentence = self.rng.choice(_BACK).format(left=left)
        if self.rng.random() < 0.7:
            self.thoughts.append(f"{REFLECTION} {NEGATIVE}")
            self.told.append(Example(dialect.backtrack_prompt(self.problem, self.thoughts[-3:], step), sentence))
            self.thoughts.append(sentence)
        else:
            self.told.append(Example(dialect.backtrack_prompt(self.problem, self.thoughts[-3:], step), sentence))
            self.thoughts.append(f"{REFLECTION} {NEGATIVE} {sentence}")
        return shared


def _just_went_back(thoughts: Sequence[str]) -> bool:
    last = thoughts[-1]
    return "Let's go back to" in last or "Let's restart" in last
