"""Problems and a solver for simulated runs: lengths and pass rates as of a chat model on competition problems.

Every solution has steps that make it better or worse, and an answer at its end that is right with the probability that
the steps have left: the logistic function of the problem's ease plus the sum of its steps. So values in a tree differ
as they do with a model, and the savings of a search save what they would.

One byte stands for GRAIN tokens. A prompt names the problem's number, ease and number of steps; a step is a letter for
its worth, dots for its length, and a newline.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from random import Random
from statistics import NormalDist

GRAIN = 8  # tokens a byte
EASE, EASE_SPREAD = 1.2, 2.5  # of problems: a mean pass rate near 0.65, as 70B chat models have on MATH
WORTH = 0.8  # standard deviation of a step
STEPS = (4, 14)  # of a solution: least and most
STEP_TOKENS, STEP_SPREAD = 45, 0.5  # mean of a step, and the standard deviation of its logarithm
WRONG = 0.5  # share of the wrong solutions that give the most frequent wrong answer, and so on

_HEAD = re.compile(r"Problem (\d+): ease (\S+), (\d+) steps")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORTHS = {letter: NormalDist(0, WORTH).inv_cdf((place + 0.5) / 26) for place, letter in enumerate(_LETTERS)}


@dataclass(frozen=True)
class Solver:
    """A scripted model that continues a solution to its end."""

    def __call__(self, prompt: str, seed: int) -> str:
        """The rest of the solution."""
        head = _HEAD.search(prompt)
        if head is None:
            raise ValueError(f"no problem of this world: {prompt!r}")
        number, ease, steps = int(head[1]), float(head[2]), int(head[3])
        written = [line for line in prompt[head.end() :].split("\n") if line]
        rng = Random(seed)
        worth = ease + sum(_WORTHS.get(line[0], 0.0) for line in written)
        lines = []
        for _ in range(len(written), steps):
            letter = rng.choice(_LETTERS)
            worth += _WORTHS[letter]
            tokens = rng.lognormvariate(log(STEP_TOKENS) - STEP_SPREAD**2 / 2, STEP_SPREAD)
            lines.append(letter + "." * max(0, round(tokens / GRAIN) - 2) + "\n")
        answer = answer_of(number)
        if rng.random() >= 1 / (1 + exp(-worth)):
            answer += 1
            while rng.random() >= WRONG:
                answer += 1
        return "".join(lines) + rf"\boxed{{{answer}}}"


def answer_of(number: int) -> int:
    """The right answer of a problem."""
    return 10 + number % 80


def prompts(count: int, seed: int = 0) -> Iterator[tuple[int, str]]:
    """Problems of this world: number and prompt."""
    rng = Random(seed)
    for number in range(count):
        yield number, f"Problem {number}: ease {rng.gauss(EASE, EASE_SPREAD):.2f}, {rng.randint(*STEPS)} steps"


def write_source(path: Path, count: int) -> None:
    """A JSONL file of problems."""
    with path.open("w", encoding="utf-8") as file:
        for number, prompt in prompts(count):
            row = {"id": f"p{number}", "prompt": prompt, "answer": str(answer_of(number)), "task": "math"}
            file.write(json.dumps(row) + "\n")
