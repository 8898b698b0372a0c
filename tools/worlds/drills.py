"""What the corpora of all families share: shares of drills, completions with parts that are not learned, copying."""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from astro.evaluation.settings import NUDGE
from tools.tiny_model.corpus import Example, Span
from tools.tiny_model.pretrain import Corpus, Phase, Recipe

NUMBERS = 100
"""The largest number of a room or a node; each has several tokens that must be learned to be one."""
_REPEATED = (8, 60)  # numbers of a sequence
_REMARK = (2, 25)  # words of a remark
_COPIES = 0.1  # the loss of a model that copies
WORDS = tuple(Path(__file__).with_name("words.txt").read_text(encoding="utf-8").split())
"""Words of remarks. They make a model read on after words that it does not know, as those of its traces will be."""

PHRASES = (
    "are",
    "we",
    "solving",
    "the",
    "problem",
    "correctly",
    "so",
    "far",
    "not",
    "if",
    "to",
    "where",
    "had",
    "choice",
)
"""Words of doubts and returns that mean neither by themselves."""

Draw = Callable[[random.Random], Example]


def examples(rng: random.Random, shares: Sequence[tuple[Draw, float]]) -> Iterator[Example]:
    """An endless stream of examples of several kinds, in these shares; none is of a problem of the test split."""
    draws, weights = zip(*shares, strict=True)
    while True:
        [drawn] = rng.choices(draws, weights)
        yield drawn(rng)


def said_twice(rng: random.Random, *, marks: Sequence[str]) -> Example:
    """A sequence of numbers of which none repeats, sometimes with marks between them, and the same again.

    With repeats, or with marks alone, the model does not learn to copy within millions of tokens.
    """
    between = [""] if rng.random() < 0.7 else ["", "", *marks, "."]
    numbers = rng.sample(range(1, NUMBERS + 1), rng.randint(*_REPEATED))
    text = "".join(f"{rng.choice(between)} {number}" for number in numbers)
    return Example(text, text)


def said_plainly(rng: random.Random, *, marks: Sequence[str]) -> Example:
    """A sequence with marks, and its numbers again with one or none: a number is the same whatever is before it."""
    numbers = rng.sample(range(1, NUMBERS + 1), rng.randint(*_REPEATED))
    again = rng.choice(("", "", marks[0]))
    asked = "".join(f"{rng.choice(['', *marks])} {number}" for number in numbers)
    return Example(asked, "".join(f"{again} {number}" for number in numbers))


def remark(rng: random.Random, words: Sequence[str] = WORDS) -> str:
    """A line of words that have nothing to do with the problem, without its end."""
    return f"{' '.join(rng.choices(words, k=rng.randint(*_REMARK)))}."


class Said:
    """A completion under construction."""

    def __init__(self) -> None:
        self.text = ""
        self.unlearned: list[Span] = []

    def add(self, text: str, *, learned: bool = True) -> None:
        """Append a text."""
        if not learned:
            self.unlearned.append((len(self.text), len(self.text) + len(text)))
        self.text += text

    def remark(self, rng: random.Random, rate: float) -> None:
        """A remark at this rate; it is not learned."""
        if rng.random() < rate:
            self.add(f"{remark(rng)}\n", learned=False)

    def words(self, rng: random.Random) -> None:
        """A remark, also of the words of doubts; learned but for its first word, so that no remark begins by itself."""
        first, space, rest = remark(rng, rng.choice((WORDS, PHRASES))).partition(" ")
        self.add(first, learned=False)
        self.add(f"{space}{rest}")
        self.add("\n", learned=False)

    def example(self, prompt: str) -> Example:
        """The whole, without an end of line at its end."""
        return Example(prompt, self.text.removesuffix("\n"), unlearned=tuple(self.unlearned))


def steady(corpus: Corpus, tokens: int, *, row: int = 1024, until: float | None = None) -> Phase:
    """A phase at a constant rate, in which skills appear. row, until: as in Phase."""
    return Phase(tokens, corpus, 0.015, 2e-3, row=row, batch=2, decays=False, until=until)


def falling(corpus: Corpus, tokens: int, *, row: int = 1024) -> Phase:
    """A phase whose rate falls to zero, in which skills become exact."""
    return Phase(tokens, corpus, 0.015, 2e-3, row=row, batch=2)


def recipe(copying: Corpus, reading: Corpus, walking: Sequence[Phase], marks: Sequence[str]) -> Recipe:
    """A model of 1.3 M parameters.

    copying: what it copies until it can, without which it hardly learns to read a problem. reading: short examples.
    walking: phases of longer ones. marks: what may stand before a number; the tokens of a number stay tied.
    """
    return Recipe(
        phases=(
            Phase(3_000_000, copying, 0.02, 3e-3, row=512, batch=2, decays=False, until=_COPIES),
            Phase(3_000_000, reading, 0.02, 3e-3, row=512, batch=2, decays=False),
            *walking,
        ),
        apart=True,
        exact=True,
        kin=[[f"{mark} {number}" for mark in ("", *marks)] for number in range(1, NUMBERS + 1)],
    )


def vocabulary(rng: random.Random, back: str, shares: Sequence[tuple[Draw, float]]) -> Iterator[Example]:
    """The texts of a tokenizer: a corpus in these shares, and the words of doubt and return, which it lacks.

    back: a sentence that goes back.
    """
    restart = "Let's restart our solution from the beginning."
    phrases = [*NUDGE.split("\n"), "Our solution seems to be correct so far.", back, restart]
    words = Example(" ".join(phrases), "\n".join([*phrases, " ".join(WORDS)]))
    return chain((words for _ in range(300)), examples(rng, shares))
