"""The prompts of GRPO, from the rows of a data set."""

import json
import random
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Any

from astro.errors import ConfigError, NothingToTrainError
from astro.models.prompting import PromptFormat, asking_for_length
from astro.models.seeds import derive_seed
from astro.records.problem import Problem
from astro.tasks import USUAL, check_gold
from astro.train.examples import check_evaluation, problems_of, read_split
from astro.train.grpo_settings import GrpoConfig
from astro.train.reward_settings import RewardName
from astro.train.sampling import Prompt
from astro.train.trainer import Training


def read_prompts(training: Training[GrpoConfig]) -> tuple[list[Prompt], list[Prompt], int]:
    """The prompts to train on, those to evaluate on, and the number of rows that the former were selected from.

    Raises ConfigError if the trainer is to evaluate and there are no prompts to evaluate on.
    """
    rows = read_split(training, "train")
    texts = problems_of(training.setup.run) if training.source.own else {}
    seed, prompt_format = training.setup.seed, training.prompt_format
    prompts = rl_prompts(rows, training.config, prompt_format, texts, seed)
    held_out = rl_prompts(read_split(training, "test"), training.config, prompt_format, texts, seed)
    check_evaluation(training, held_out)
    return prompts, held_out, len(rows)


def rl_prompts(
    rows: Sequence[Mapping[str, Any]],
    config: GrpoConfig,
    prompt_format: PromptFormat,
    texts: Mapping[str, Problem],
    seed: int,
) -> list[Prompt]:
    """The prompts whose pass rate may be within the band, without duplicates; easy first with the setting curriculum.

    texts: the run's problems by id; a row of another problem needs the problem's text in the column prompt, or as its
    last turn. Raises ConfigError listing every row that is not a problem or whose answer cannot be graded.
    """
    low, high = config.pass_rate
    prompts: dict[str, Prompt] = {}
    mistakes: list[str] = []
    for number, row in enumerate(rows, 1):
        rate = row.get("pass_rate")
        if _is_outside(row, low, high):
            continue
        try:
            problem = texts.get(row.get("id") or "") or _problem_of(row, prompt_format)
        except ValueError as error:
            mistakes.append(f"grpo.data, row {number}: {error}")
            continue
        text, wanted = problem.prompt, None
        if RewardName.LENGTH in config.rewards.weights:
            drawn = random.Random(derive_seed(seed, problem.id, "length"))  # noqa: S311 - reproducible draws
            wanted = drawn.randint(config.rewards.length.low, config.rewards.length.high)
            text = asking_for_length(text, wanted, config.rewards.length.instruction)
        prompts.setdefault(text, Prompt(problem, text, tuple(prompt_format.solve_ids(text)), rate, wanted))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    found = list(prompts.values())
    if config.curriculum:
        found.sort(key=lambda prompt: -(1.0 if prompt.pass_rate is None else prompt.pass_rate))
    return found


def repeated(prompts: Sequence[Prompt], rows: int, args: Any, config: GrpoConfig) -> list[Prompt]:
    """The prompts, repeated if one step needs more, so that a small trial works.

    rows: the number of rows they were selected from. Raises NothingToTrainError if there are no prompts.
    """
    if not prompts:
        raise NothingToTrainError(
            f"none of {rows} prompts has a pass rate in {list(config.pass_rate)}; search more problems, or widen "
            "grpo.pass_rate"
        )
    needed: int = max(args.generation_batch_size // args.num_generations, 1)
    return list(islice(cycle(prompts), max(needed, len(prompts))))


def _is_outside(row: Mapping[str, Any], low: float, high: float) -> bool:
    """Whether the whole interval of the row's pass rate is outside the band; without an interval, the rate itself."""
    rate = row.get("pass_rate")
    if rate is None:
        return False
    lowest, highest = (rate if row.get(end) is None else row[end] for end in ("pass_rate_low", "pass_rate_high"))
    return bool(highest < low or lowest > high)


def _problem_of(row: Mapping[str, Any], prompt_format: PromptFormat) -> Problem:
    """The problem that a row of rl describes; an instruction at its end is removed, since the prompt adds it.

    Raises ValueError if it describes none.
    """
    wrong = [name for name in ("id", "answer") if not isinstance(row.get(name), str)]
    wrong += [] if row.get("prompt") else ["prompt"]
    if wrong:
        there = ", ".join(f"{name} = {row.get(name)!r}" for name in wrong)
        raise ValueError(f"a row needs id and answer as text and a prompt; this one has {there}")
    prompt = row["prompt"] if isinstance(row["prompt"], str) else row["prompt"][-1]["content"]
    prompt = row.get("problem") or prompt.removesuffix(f"\n\n{prompt_format.instruction}")
    facts = row.get("metadata") or {}
    try:
        metadata = json.loads(facts) if isinstance(facts, str) else facts
    except ValueError as error:
        raise ValueError(f"the metadata of {row['id']} is not JSON: {error}") from error
    problem = Problem(row["id"], prompt, row["answer"], row.get("task") or USUAL.name, "", metadata)
    if (reason := check_gold(problem)) is not None:
        raise ValueError(f"{problem.id} cannot be graded: {reason}")
    return problem
