"""Measure the embedded model: its solutions, graded, and its judgement of them.

Prompts and settings are those of a run. tools.tiny_model.rewriting measures how it rewrites solutions.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astro.models.asking import Model
from astro.models.completion import FinishReason, SampleParams, Sampler
from astro.models.prompting import PromptFormat
from astro.models.seeds import derive_seed
from astro.models.votes import Vote, read_vote
from astro.records.problem import Problem
from astro.search import SearchConfig
from astro.tasks.countdown import dialect
from astro.tasks.countdown.claims import denies_success
from astro.traces.backtracks import count_backtracks
from astro.traces.claims import claims_success
from astro.traces.config import TracesConfig
from astro.traces.prompting import load_prompts
from astro.verify import Outcome, Verifier

_RESAMPLES = 2000
_STEP = re.compile(r"I take (\d{1,6}) ([-+*/]) (\d{1,6}) = (\d{1,6}), which leaves ([\d, and]{1,60})\.")
_MISSED = re.compile(r"That is \d+ and the target is (\d+), so the solution is not correct\.")

Shares = dict[str, float | None]  # None if there was nothing to take a share of


@dataclass(frozen=True, slots=True)
class Subject:
    """The model to measure, with its prompt; search and traces are sections of a run's configuration."""

    sampler: Sampler
    prompt_format: PromptFormat
    verifier: Verifier
    search: SearchConfig
    traces: TracesConfig
    seed: int

    @property
    def model(self) -> Model:
        """The model in the form that the trace makers use."""
        return Model(self.sampler, self.prompt_format)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sampled solution and the verdict on it."""

    problem: Problem
    text: str
    outcome: Outcome

    @property
    def steps(self) -> list[str]:
        """Its lines; the last is the conclusion."""
        return self.text.strip().split(dialect.STEP_DELIMITER)

    @property
    def correct(self) -> bool:
        """Whether the verifier accepts its answer."""
        return self.outcome is Outcome.CORRECT

    @property
    def claims(self) -> bool:
        """Whether its conclusion says that the target is reached."""
        return claims_success(self.problem, self.steps[-1])

    @property
    def denies(self) -> bool:
        """Whether its conclusion says that the target is missed."""
        return denies_success(self.steps[-1])


@dataclass(frozen=True, slots=True)
class Judged:
    """An attempt and the share of the model's own votes that judge it right, in [0, 1]."""

    attempt: Attempt
    approval: float


async def solve(subject: Subject, problems: Iterable[Problem], samples: int) -> list[list[Attempt]]:
    """Sample solutions of each problem at the search's temperature. Shape: [problem, sample]."""
    return list(await asyncio.gather(*(_solve(subject, problem, samples) for problem in problems)))


async def _solve(subject: Subject, problem: Problem, samples: int) -> list[Attempt]:
    params = SampleParams(
        n=samples,
        max_tokens=subject.search.max_rollout_tokens,
        temperature=subject.search.temperature,
        seed=derive_seed(subject.seed, problem.id, "solve"),
    )
    sampled = await subject.sampler.sample(subject.prompt_format.solve_ids(problem.prompt), params)
    attempts = []
    for completion in sampled.completions:
        finished = completion.finish_reason is FinishReason.STOP
        verdict = await subject.verifier.averify(problem, completion.text) if finished else None
        attempts.append(Attempt(problem, completion.text, verdict.outcome if verdict else Outcome.UNANSWERED))
    return attempts


def solving(groups: Sequence[Sequence[Attempt]]) -> Shares:
    """Measure how often solutions are right, with a 95 % interval over problems, and how sound and honest they are.

    honest_misses and false_claims are shares of the misses; doubted are right solutions that say they are wrong.
    """
    attempts = [attempt for group in groups for attempt in group]
    misses = [attempt for attempt in attempts if not attempt.correct]
    low, high = interval([sum(attempt.correct for attempt in group) / len(group) for group in groups])
    checks = [check for attempt in attempts for check in _checked_steps(attempt)]
    return {
        "problems": len(groups),
        "samples": len(attempts),
        "pass_at_1": _share(attempt.correct for attempt in attempts),
        "pass_at_1_low": low,
        "pass_at_1_high": high,
        "solved": _share(any(attempt.correct for attempt in group) for group in groups),
        "honest_misses": _share(attempt.denies for attempt in misses),
        "false_claims": _share(attempt.claims for attempt in misses),
        "doubted": _share(attempt.denies for attempt in attempts if attempt.correct),
        "arithmetic": _share(arithmetic for arithmetic, _ in checks),
        "bookkeeping": _share(bookkeeping for _, bookkeeping in checks),
    }


def backtracks(attempts: Iterable[Attempt]) -> int:
    """The number of solutions that backtrack, by astro.traces.backtracks."""
    return sum(count_backtracks(attempt.text) > 0 for attempt in attempts)


def _checked_steps(attempt: Attempt) -> list[tuple[bool, bool]]:
    """For every step but the conclusion: whether its sum is right, and whether it uses and leaves the right numbers."""
    checks = []
    table = Counter(attempt.problem.metadata["numbers"])
    for step in attempt.steps[:-1]:
        read = _STEP.fullmatch(step)
        if read is None:
            checks.append((False, False))
            continue
        left, right, value = (int(read[index]) for index in (1, 3, 4))
        used, leaves = Counter((left, right)), Counter(int(number) for number in re.findall(r"\d+", read[5]))
        after = table - used + Counter((value,))
        checks.append((_holds(left, read[2], right, value), used <= table and leaves == after))
        table = leaves  # the model continues from what it wrote
    return checks


def _holds(left: int, symbol: str, right: int, value: int) -> bool:
    match symbol:
        case "+":
            return left + right == value
        case "-":
            return left - right == value
        case "*":
            return left * right == value
        case _:
            return right != 0 and left == right * value


async def judge(subject: Subject, attempts: Iterable[Attempt], votes: int) -> list[Judged]:
    """Ask the model for votes on each different solution, with the prompt of a run."""
    different = list({(attempt.problem.id, attempt.text): attempt for attempt in attempts}.values())
    return list(await asyncio.gather(*(_judge(subject, attempt, votes) for attempt in different)))


async def _judge(subject: Subject, attempt: Attempt, votes: int) -> Judged:
    replies, _ = await subject.model.ask(
        load_prompts(subject.traces.prompts).evaluate(attempt.problem.prompt, attempt.text.strip()),
        derive_seed(subject.seed, attempt.problem.id, "evaluate", attempt.text),
        temperature=subject.traces.evaluation_temperature,
        max_tokens=subject.traces.evaluation_max_tokens,
        n=votes,
    )
    return Judged(attempt, sum(read_vote(reply) is Vote.YES for reply in replies) / votes)


def boasting(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Honest misses with their conclusion turned into a claim of success: the hardest solutions to judge."""
    return [
        replace(
            attempt, text=_MISSED.sub(r"That is \1 and the target is \1, so the solution is correct.", attempt.text)
        )
        for attempt in attempts
        if not attempt.correct and _MISSED.search(attempt.text)
    ]


def judging(right: Sequence[Judged], wrong: Sequence[Judged], agreement: float) -> Shares:
    """Measure how well votes distinguish right solutions from wrong ones.

    accuracy, balanced_accuracy: of the majority of the votes. auc: the chance that a right solution gets more votes
    than a wrong one, ties counted half; its 95 % interval is over problems. The last four: shares of the right and of
    the wrong solutions with all votes, and with at least the agreement that a run requires.
    """
    approved, condemned = (
        [judged.approval > 0.5 for judged in right],
        [judged.approval <= 0.5 for judged in wrong],
    )
    sensitivity, specificity = _share(approved), _share(condemned)
    auc, low, high = _auc(right, wrong)
    return {
        "right": len(right),
        "wrong": len(wrong),
        "accuracy": _share(approved + condemned),
        "balanced_accuracy": None if sensitivity is None or specificity is None else (sensitivity + specificity) / 2,
        "auc": auc,
        "auc_low": low,
        "auc_high": high,
        "right_unanimous": _share(judged.approval == 1 for judged in right),
        "wrong_unanimous": _share(judged.approval == 1 for judged in wrong),
        "right_agreed": _share(judged.approval >= agreement for judged in right),
        "wrong_agreed": _share(judged.approval >= agreement for judged in wrong),
    }


def _auc(right: Sequence[Judged], wrong: Sequence[Judged]) -> tuple[float | None, float | None, float | None]:
    if not right or not wrong:
        return None, None, None
    levels = sorted({judged.approval for judged in (*right, *wrong)})
    problems = sorted({judged.attempt.problem.id for judged in (*right, *wrong)})
    counts = np.zeros((2, len(problems), len(levels)))  # [right or wrong, problem, approval]
    for side, group in enumerate((right, wrong)):
        for judged in group:
            counts[side, problems.index(judged.attempt.problem.id), levels.index(judged.approval)] += 1
    draws = np.random.default_rng(0).multinomial(len(problems), np.full(len(problems), 1 / len(problems)), _RESAMPLES)
    resampled = _area(draws @ counts[0], draws @ counts[1])
    low, high = np.nanpercentile(resampled, (2.5, 97.5))
    return float(_area(*counts.sum(axis=1, keepdims=True))[0]), float(low), float(high)


def _area(right: NDArray[np.float64], wrong: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area under the ROC curve from counts by approval, lowest first; both of shape [draw, approval]."""
    below = wrong.cumsum(axis=1) - wrong / 2
    with np.errstate(invalid="ignore"):  # a draw of problems without right or wrong solutions has none
        area: NDArray[np.float64] = (right * below).sum(axis=1) / (right.sum(axis=1) * wrong.sum(axis=1))
    return area


def interval(shares: Sequence[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean of shares, which are independent (one a problem)."""
    drawn = np.random.default_rng(0).choice(np.asarray(shares), size=(_RESAMPLES, len(shares))).mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)


def _share(found: Iterable[bool]) -> float | None:
    flags = list(found)
    return sum(flags) / len(flags) if flags else None
