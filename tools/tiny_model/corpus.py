"""The corpus of the embedded model: solving, rewriting, backtracking and judging, all generated.

At least three in four solutions reach the target; the others miss it and say so. A base that is honest about failure
can later learn to act on it, while one whose corpus fakes the last step cannot. No solution backtracks. Thoughts that
backtrack occur in the requests to rewrite or to go back, and the loss includes them: like any language model, this one
has read the words before it is trained to use them.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile

from astro.records.split import Split
from astro.tasks import playing
from astro.tasks.countdown import dialect
from astro.tasks.countdown import generator as countdown
from astro.tasks.countdown.dialect import Operation, Term
from astro.tasks.countdown.solver import legal_operations
from astro.verify.forms.countdown import Use

NUMBERS = range(1, 16)
LARGEST = 100
SIZES = (2, 3, 4)
SIZE_WEIGHTS = (0.12, 0.30, 0.58)
REWRITE_SIZE_WEIGHTS = (0.06, 0.30, 0.50, 0.14)  # 2 to 5: tables of five numbers are read and rewritten, never solved
ORDERED = 0.15  # of the problems: the numbers have to be used in the order given
RIGHT_TRACES = 0.7  # of the traces that are judged

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
# Value and target stand side by side before the judgement, as in a solution.
_REACHED = (
    "That gives {value} and the target is {target}, so it is correct. So the answer is \\boxed{{{expression}}}.",
    "That makes {value} and the target is {target}, so this is correct. So the answer is \\boxed{{{expression}}}.",
)
_MISSED = (
    "That gives {value} and the target is {target}, so it is not correct.",
    "That makes {value} and the target is {target}, so this is not correct.",
)
_BACK = ("Let's go back to where we had {left}.", "Let's go back to the point where we had {left}.")
_RESTART = "Let's restart our solution from the beginning with {left}."


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Example:
    """One exchange: the user's prompt and the model's completion.

    read: the parts of the prompt (first character, one after the last) that the loss includes: thoughts.
    unlearned: the parts of the completion that the loss excludes.
    """

    prompt: str
    completion: str
    read: tuple[Span, ...] = ()
    unlearned: tuple[Span, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Mix:
    """The mixture of a phase, as shares of the draws; the rest are requests to rewrite a trace.

    solutions: problems and their solutions. judged: solutions to judge. traces: whole traces to judge.
    endings: of the requests to rewrite, those for a trace's conclusion, in addition to those drawn by chance.
    right: of the solutions, those drawn to reach the target (others reach it by chance).
    in_thoughts: of the solutions, those worded as thoughts, half of them right; the loss includes only their end.
    misses: weights of 0, 1, 2, ... misses before the right attempt, in thoughts.
    failed_choices: whether the loss on thoughts includes the numbers that a missed attempt combines.
    """

    solutions: float
    judged: float
    traces: float = 0.0
    endings: float = 0.0
    right: float = 0.75
    in_thoughts: float = 0.0
    misses: tuple[float, ...] = (0.15, 0.45, 0.27, 0.13)
    failed_choices: bool = True

    @property
    def rewritten(self) -> float:
        """The share of the requests to rewrite a trace."""
        return 1 - self.solutions - self.judged - self.traces


FIRST = Mix(solutions=0.62, judged=0.12)
# Whole traces show that a doubt follows a wrong conclusion and none follows a right one. The loss excludes the choices
# of a missed attempt and includes only its results, so that the model learns to choose what works in every attempt.
SECOND = Mix(
    solutions=0.5,
    judged=0.07,
    traces=0.27,
    endings=0.4,
    right=0.9,
    misses=(0.12, 0.24, 0.19, 0.14, 0.11, 0.08, 0.06, 0.04, 0.02),
    failed_choices=False,
)
# A response to a problem ends with its first conclusion, whatever the wording. Without this the model distinguishes a
# solution from a trace by its wording alone, and forgets the difference when it is trained on right solutions.
THIRD = replace(SECOND, in_thoughts=0.35)


def examples(rng: random.Random, mix: Mix = FIRST) -> Iterator[Example]:
    """An endless stream of examples, none about numbers of the test split."""
    while True:
        kind = rng.random()
        rewriting = kind >= mix.solutions + mix.judged
        size = rng.choices((*SIZES, 5), REWRITE_SIZE_WEIGHTS)[0] if rewriting else rng.choices(SIZES, SIZE_WEIGHTS)[0]
        numbers = rng.choices(NUMBERS, k=size)
        if countdown.split_of(numbers) is not Split.TRAIN:
            continue
        use = Use.ORDERED if size > 2 and rng.random() < ORDERED else Use.ALL
        right, wrong = random_path(numbers, use, rng), random_path(numbers, use, rng)
        if right is None or wrong is None:
            continue
        target = right.final.value
        problem = countdown.problem_text(numbers, target, use=use)
        if kind >= 1 - mix.traces:
            yield _judged_trace(_Trace(problem, target, rng, mix), right, use)
        elif rewriting:
            yield _rewritten(_Trace(problem, target, rng, mix), right, use)
        elif kind < mix.solutions:
            path = right if rng.random() < mix.right else wrong
            if mix.in_thoughts and rng.random() < mix.in_thoughts:
                yield _ended(_Trace(problem, target, rng, mix), rng.choice((right, wrong)))
            else:
                yield Example(problem, solution(path.steps(), path.final, target))
        else:
            yield Example(*judged(problem, target, right, wrong, rng))


def solution(steps: Sequence[str], final: Term, target: int) -> str:
    """A whole solution: its steps, then the conclusion, one a line."""
    return dialect.STEP_DELIMITER.join([*steps, dialect.conclusion(final, target)])


def _ended(trace: "_Trace", path: Path) -> Example:
    """A solution worded as thoughts; the loss includes only what follows the conclusion."""
    trace.rewrite(path, 0)
    text = playing.joined(trace.thoughts)
    answer = "" if path.final.value == trace.target else f" The answer is \\boxed{{{path.final.expression}}}."
    return Example(trace.problem, text + answer, unlearned=((0, len(text)),))


def random_path(numbers: Sequence[int], use: Use, rng: random.Random) -> Path | None:
    """A random way to use up the numbers by legal operations, or None if it runs into a dead end."""
    return _finished(Path((), (tuple(Term.given(number) for number in numbers),)), use, rng)


def _finished(path: Path, use: Use, rng: random.Random) -> Path | None:
    operations, tables = list(path.operations), list(path.tables)
    while len(tables[-1]) > 1:
        operation = _next_in_order(tables[-1], rng) if use is Use.ORDERED else _random_operation(tables[-1], rng)
        if operation is None:
            return None
        tables.append(tuple(dialect.after(tables[-1], operation)))
        operations.append(operation)
    return Path(tuple(operations), tuple(tables))


def _parting(path: Path, use: Use, rng: random.Random) -> Path | None:
    """A different continuation of the path: some of its first steps, or none, and then other steps."""
    kept = 0 if rng.random() < 0.3 else rng.randrange(len(path.operations))
    return _finished(Path(path.operations[:kept], path.tables[: kept + 1]), use, rng)


def _random_operation(table: Sequence[Term], rng: random.Random) -> Operation | None:
    for _ in range(20):
        one, two = rng.sample(table, 2)
        left, right = (one, two) if one.value >= two.value else (two, one)  # one way to write it: larger first
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

    Most flaws claim success, since a single word distinguishes an honest miss from a right solution.
    """
    steps, final, good = right.steps(), right.final, True
    missed = wrong.final.value != target
    flaw = rng.random()
    if flaw < 0.10:  # an honest miss
        steps, final, good = wrong.steps(), wrong.final, not missed
    elif flaw < 0.27:  # a miss that treats the two numbers it names as equal
        if missed:
            text = dialect.STEP_DELIMITER.join([*wrong.steps(), dialect.conclusion(wrong.final, target, claim=True)])
            return playing.evaluate_prompt(problem, text), "No."
    elif flaw < 0.37:  # a last result that is made up
        steps, final, good = _faked_end(wrong, target)
    elif flaw < 0.45:  # an answer that is not what the steps did
        final = Term(target, wrong.final.expression)
        good = not missed
    elif flaw < 0.52:  # steps that miss, and a claim that they do not
        steps, final, good = wrong.steps(), Term(target, wrong.final.expression), not missed
    text = solution(steps, final, target)
    return playing.evaluate_prompt(problem, text), "Yes." if good else "No."


def _faked_end(path: Path, target: int) -> tuple[list[str], Term, bool]:
    last = path.operations[-1]
    faked = Operation(last.left, last.symbol, last.right, target)
    steps = path.steps()
    steps[-1] = dialect.step(faked, [faked.outcome])
    return steps, faked.outcome, last.value == target


def _rewritten(trace: "_Trace", right: Path, use: Use) -> Example:
    """One exchange of a trace with some misses, each left where the next attempt diverges from it."""
    rng, mix = trace.rng, trace.mix
    trace.rewrite(right, trace.search(right, use))
    if mix.endings and rng.random() < mix.endings:
        return trace.rewritten[-1]
    return rng.choice(trace.backs if trace.backs and rng.random() < 0.35 else trace.rewritten)


def _judged_trace(trace: "_Trace", right: Path, use: Use) -> Example:
    """A whole trace and whether it is right; the loss includes a right trace, but not one with a false claim."""
    wrong = _parting(right, use, trace.rng)
    good = wrong is None or wrong.final.value == trace.target or trace.rng.random() < RIGHT_TRACES
    last = right if good or wrong is None else wrong
    trace.rewrite(last, trace.search(last, use), claim=True)
    prompt = playing.evaluate_prompt(trace.problem, playing.joined(trace.thoughts))
    return Example(prompt, "Yes." if good else "No.", trace.read_in(prompt) if good else ())


@dataclass(slots=True)
class _Trace:
    """A trace under construction: its exchanges, and the thoughts so far.

    failed: by thought, the equation of a missed attempt up to its result.
    """

    problem: str
    target: int
    rng: random.Random
    mix: Mix
    rewritten: list[Example] = field(default_factory=list)
    backs: list[Example] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)

    def search(self, last: Path, use: Use) -> int:
        """Add misses before last, and go back to where last diverges; return the number of steps kept."""
        counts = range(len(self.mix.misses))
        drawn = [_parting(last, use, self.rng) for _ in range(self.rng.choices(counts, self.mix.misses)[0])]
        misses = [path for path in dict.fromkeys(drawn) if path is not None and path.final.value != self.target]
        start = 0
        for miss, following in pairwise([*misses, last]):
            self.rewrite(miss, start)
            start = self.go_back(miss, following)
        return start

    def rewrite(self, path: Path, start: int, *, claim: bool = False) -> None:
        """Rewrite a path's steps from start on, and its conclusion; claim: as a success, whatever it is."""
        for index in range(start, len(path.operations)):
            style = _OPENING if not self.thoughts else _INSTEAD if _just_went_back(self.thoughts) else _NEXT
            table = path.tables[index + 1]
            thought = self.rng.choice(style).format(
                equation=path.operations[index].equation, left=dialect.spoken([term.value for term in table])
            )
            if path.final.value != self.target:
                self.failed[len(self.thoughts)] = path.operations[index].equation.partition(" =")[0]
            self._say(dialect.step(path.operations[index], table), thought)
            if self.rng.random() < 0.15:
                self.thoughts.append(f"{REFLECTION} {POSITIVE}")
        ends = _REACHED if claim or path.final.value == self.target else _MISSED
        thought = self.rng.choice(ends).format(
            value=path.final.value, target=self.target, expression=path.final.expression
        )
        self._say(dialect.conclusion(path.final, self.target), thought)

    def _say(self, step: str, thought: str) -> None:
        self.rewritten.append(self._asked(playing.rewrite_prompt(self.problem, self.thoughts, step), thought))
        self.thoughts.append(thought)

    def go_back(self, miss: Path, following: Path) -> int:
        """Go back from the end of miss to where following diverges; return the number of shared operations."""
        both = zip(miss.operations, following.operations, strict=True)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both))
        table = miss.tables[shared]
        left = dialect.spoken([term.value for term in table])
        if shared == 0:
            step, sentence = playing.BEGINNING, _RESTART.format(left=left)
        else:
            step = dialect.step(miss.operations[shared - 1], table)
            sentence = self.rng.choice(_BACK).format(left=left)
        self.thoughts.append(f"{REFLECTION} {NEGATIVE}")
        self.backs.append(self._asked(playing.backtrack_prompt(self.problem, self.thoughts, step), sentence))
        self.thoughts.append(sentence)
        return shared

    def _asked(self, prompt: str, said: str) -> Example:
        return Example(prompt, said, self.read_in(prompt))

    def read_in(self, prompt: str) -> tuple[tuple[int, int], ...]:
        """The parts of the prompt, which has all thoughts so far, that the loss includes."""
        if not self.thoughts:
            return ()
        start = at = prompt.index(playing.joined(self.thoughts))
        parts = []
        for index, thought in enumerate(self.thoughts):
            if index in self.failed and not self.mix.failed_choices:
                parts.append((start, at + thought.index(self.failed[index])))
                start = parts[-1][1] + len(self.failed[index])
            at += len(thought) + len(dialect.STEP_DELIMITER)
        return (*parts, (start, at - len(dialect.STEP_DELIMITER)))


def _just_went_back(thoughts: Sequence[str]) -> bool:
    last = thoughts[-1]
    return "Let's go back to" in last or "Let's restart" in last
