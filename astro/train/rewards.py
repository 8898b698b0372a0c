"""Reward functions for TRL's GRPOTrainer: f(prompts, completions, completion_ids, **columns) -> one float or None each.

Columns are those of the data set (answer, task, id, metadata), one element a completion. None means that the reward
does not apply to the example (another task, or an unusable gold answer); TRL leaves it out of the mean. The functions
are separate so that a run can weigh them (reward_weights) and each is logged under its own name. They use the default
settings of the verifier; functools.partial(correctness_reward, verifier=...) uses others. `astro grpo` uses the run's
settings and adds the rewards of astro.train.shaping.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from astro.records.problem import Problem
from astro.tasks import USUAL, make_verifier, task_named, task_of
from astro.verify import Outcome, Verifier, VerifyConfig

Completions = Sequence[str] | Sequence[Sequence[Mapping[str, Any]]]

_CONFIG = VerifyConfig()


def correctness_reward(
    prompts: Sequence[Any],
    completions: Completions,
    completion_ids: Sequence[Any] | None = None,
    *,
    verifier: Verifier | None = None,
    **columns: Any,
) -> list[float | None]:
    """1 for a verified answer, 0 for any other; None where the verifier could not grade (an unusable gold answer).

    An answer on which the verifier times out earns 0: the answer is at fault.
    """
    del completion_ids
    pairs = zip(_problems(prompts, columns), _texts(completions), strict=True)
    verdicts = (verifier or _usual_verifier()).verify_many(pairs)
    return [None if verdict.outcome is Outcome.ERROR else float(verdict.correct) for verdict in verdicts]


def format_reward(
    prompts: Sequence[Any],
    completions: Completions,
    completion_ids: Sequence[Any] | None = None,
    *,
    config: VerifyConfig = _CONFIG,
    **columns: Any,
) -> list[float | None]:
    """1 where the final answer is in the configured place (a program: in a closed code block), else 0."""
    del prompts, completion_ids
    texts = _texts(completions)
    tasks = columns.get("task") or [USUAL.name] * len(texts)
    rewards: list[float | None] = []
    for task, text in zip(tasks, texts, strict=True):
        found = task_named(task).marked_answer(text, config)
        rewards.append(float(found.answer is not None and not found.parts))
    return rewards


def token_f1_reward(
    prompts: Sequence[Any],
    completions: Completions,
    completion_ids: Sequence[Any] | None = None,
    *,
    config: VerifyConfig = _CONFIG,
    **columns: Any,
) -> list[float | None]:
    """Best token F1 of the final answer with an accepted one, in [0, 1]; for tasks with that credit (qa) only.

    An answer more than 1.5 times as long as the longest accepted one earns 0, so that lists of guesses do not pay off.
    """
    del completion_ids
    return _credits("token_f1", zip(_problems(prompts, columns), _texts(completions), strict=True), config)


def unit_tests_reward(
    prompts: Sequence[Any],
    completions: Completions,
    completion_ids: Sequence[Any] | None = None,
    *,
    config: VerifyConfig = _CONFIG,
    **columns: Any,
) -> list[float | None]:
    """Share of the unit tests that pass, in [0, 1]; for tasks with that credit (code) only."""
    del completion_ids
    return _credits("unit_tests", zip(_problems(prompts, columns), _texts(completions), strict=True), config)


def _credits(name: str, pairs: Iterable[tuple[Problem, str]], config: VerifyConfig) -> list[float | None]:
    """The partial credit of that name for each response; None if the task has none or the gold answer is unusable."""

    def credit(pair: tuple[Problem, str]) -> float | None:
        problem, text = pair
        earned = task_of(problem).credits.get(name)
        return None if earned is None else earned(problem, text, config)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:  # some of them only wait for sandboxes
        return list(threads.map(credit, pairs))


@cache
def _usual_verifier() -> Verifier:
    return make_verifier()


def _problems(prompts: Sequence[Any], columns: Mapping[str, Any]) -> list[Problem]:
    answers: Sequence[str] = columns["answer"]
    tasks = columns.get("task") or [USUAL.name] * len(prompts)
    names = columns.get("id") or [f"row {number}" for number in range(len(prompts))]
    facts = columns.get("metadata") or [{}] * len(prompts)
    rows = zip(names, prompts, answers, tasks, facts, strict=True)
    return [Problem(name, _text(prompt), answer, task, "", _facts(fact)) for name, prompt, answer, task, fact in rows]


def _facts(fact: Any) -> Mapping[str, Any]:
    """Metadata, which may be JSON text, as in Parquet."""
    loaded = json.loads(fact) if isinstance(fact, str) else fact
    return loaded if isinstance(loaded, Mapping) else {}


def _texts(completions: Completions) -> list[str]:
    return [_text(completion) for completion in completions]


def _text(message: Any) -> str:
    """The text of a prompt or completion: itself, or the content of the last message of a conversation."""
    return message if isinstance(message, str) else str(message[-1]["content"])
