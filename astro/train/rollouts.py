"""The rollouts of GRPO: groups of completions, scored; groups that teach nothing are replaced by others.

TRL calls a Rollouts for every generation batch (its hook rollout_func). The prompts it passes are already repeated, one
for each completion of a group. The completions returned may belong to other prompts: the returned columns replace those
of the data set, and all rewards are computed here, so TRL only reads them.
"""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from astro.models.seeds import derive_seed
from astro.traces.backtracks import count_backtracks
from astro.train.recorder import Recorder
from astro.train.sampling import GroupSampler, Prompt, Rolled
from astro.train.scoring import Scorer, Solution, varies

_SCORED = "scored_"  # before a reward's name: the column that carries it to TRL


@dataclass(frozen=True, slots=True)
class Group:
    """The completions of one prompt, with their rewards by name and whether they are right.

    correct: None for a completion that could not be graded. mixed: whether the group has right and wrong completions
    (DAPO's dynamic sampling, arXiv 2503.14476, equation 11); if neither earns a reward, whether the totals differ.
    """

    prompt: Prompt
    rolled: tuple[Rolled, ...]
    rewards: Mapping[str, Sequence[float | None]]
    correct: Sequence[bool | None]
    mixed: bool

    def without_advantage(self) -> "Group":
        """The group with the mean of its rewards for every completion: what is logged stays, and none has an advantage.

        Otherwise TRL would push all-wrong groups toward the lengths that the other rewards prefer.
        """
        flat = {}
        for name, values in self.rewards.items():
            known = [value for value in values if value is not None]
            mean = sum(known) / len(known) if known else None
            flat[name] = [None if value is None else mean for value in values]
        return replace(self, rewards=flat)


class Rollouts:
    """TRL's rollout_func over the prompts of a data set.

    figures: of the last call, for the log: over the groups as first sampled, before any was replaced, so that they
    describe the policy and not the selection.
    """

    def __init__(
        self,
        prompts: Sequence[Prompt],
        sampler: GroupSampler,
        scorer: Scorer,
        recorder: Recorder,
        *,
        seed: int,
        resample: int,
        held_out: Sequence[Prompt] = (),
        curriculum: bool = False,
        mask_unfinished: bool = False,
    ) -> None:
        """A prompt may occur in prompts more than once.

        resample: how many times, at most, groups that are not mixed are replaced.
        held_out: prompts that the trainer evaluates on.
        curriculum: the prompts are sorted, and a prompt is replaced by one of its neighbours.
        mask_unfinished: exclude truncated completions from the loss.
        """
        self.texts = [prompt.text for prompt in prompts]
        self.held_out = [prompt.text for prompt in held_out]
        self._places = {prompt.text: place for place, prompt in enumerate(prompts)}
        self._prompts = {prompt.text: prompt for prompt in (*held_out, *prompts)}
        self._sampler, self._scorer, self._recorder = sampler, scorer, recorder
        self._seed, self._resample, self._curriculum = seed, resample, curriculum
        self._mask_unfinished = mask_unfinished
        self._calls: tuple[int, int] = (-1, 0)  # step, and generation within it
        self.figures: dict[str, float] = {}

    def __call__(self, prompts: Sequence[str], trainer: Any) -> dict[str, Any]:
        """Tokens and rewards of len(prompts) completions, group by group."""
        n = _group_size(trainer)
        whole = len(prompts) % n == 0 and all(
            len(set(prompts[start : start + n])) == 1 for start in range(0, len(prompts), n)
        )
        size = n if whole else 1  # a group may span processes, and then only TRL sees all of it
        asked = [self._prompts[text] for text in prompts[::size]]
        step = trainer.state.global_step
        self._calls = (step, self._calls[1] + 1 if self._calls[0] == step else 0)
        groups = self._roll(asked, size, trainer, 0)
        figures = _figures(groups)
        replaced = 0
        if whole and trainer.model.training and _alone(trainer):
            groups, replaced = self._replace(groups, size, trainer)
        self.figures = figures | {
            "groups_replaced": float(replaced),
            "groups_left": sum(not group.mixed for group in groups) / len(groups),
        }
        if whole and trainer.model.training:
            groups = [group if group.mixed else group.without_advantage() for group in groups]
        columns = _columns(groups)
        if self._mask_unfinished:  # TRL's name for tokens that are not learned
            columns["env_mask"] = [[int(one.finished)] * len(one.token_ids) for group in groups for one in group.rolled]
        return columns

    def reward_functions(self) -> list[Callable[..., list[float | None]]]:
        """One function for each reward, which reads the values computed with the rollouts; the first logs figures."""
        functions = []
        for index, name in enumerate(self._scorer.names):

            def read(
                prompts: Any,
                completions: Any,
                *,
                _column: str = _SCORED + name,
                _logs: bool = index == 0,
                log_metric: Callable[[str, float], None] | None = None,
                **columns: Any,
            ) -> list[float | None]:
                del prompts, completions
                if _logs and log_metric is not None:
                    for figure, value in self.figures.items():
                        log_metric(figure, value)
                scored: list[float | None] = columns[_column]
                return scored

            read.__name__ = str(name)
            functions.append(read)
        return functions

    def trainer_arguments(self) -> dict[str, Any]:
        """The arguments of trl.GRPOTrainer that these rollouts provide."""
        from datasets import Dataset  # noqa: PLC0415 - heavy

        return {
            "reward_funcs": self.reward_functions(),
            "train_dataset": Dataset.from_dict({"prompt": self.texts}),
            "eval_dataset": Dataset.from_dict({"prompt": self.held_out}) if self.held_out else None,
            "rollout_func": self,
        }

    def _replace(self, groups: list[Group], n: int, trainer: Any) -> tuple[list[Group], int]:
        """Replace groups that are not mixed, as long as rounds and prompts last."""
        taken = [self._places[group.prompt.text] for group in groups]
        spare = [self._prompts[text] for text, place in self._places.items() if place not in taken]
        random.Random(derive_seed(self._seed, "spare", *self._calls)).shuffle(spare)  # noqa: S311 - reproducible
        if self._curriculum:
            spare.sort(key=lambda prompt: abs(self._places[prompt.text] - sum(taken) / len(taken)))
        groups, replaced = list(groups), 0
        for round_number in range(1, self._resample + 1):
            flat = [index for index, group in enumerate(groups) if not group.mixed]
            drawn, spare = spare[: len(flat)], spare[len(flat) :]
            if not drawn:
                break
            for group in self._roll(drawn, n, trainer, round_number):
                if group.mixed:
                    groups[flat.pop(0)] = group
                    replaced += 1
        return groups, replaced

    def _roll(self, prompts: Sequence[Prompt], n: int, trainer: Any, round_number: int) -> list[Group]:
        begun = time.monotonic()
        noted = self._recorder.times["weights"]
        rolled = self._sampler.sample(prompts, n, trainer, (*self._calls, round_number))
        sampled = time.monotonic()
        self._recorder.note("generation", sampled - begun - (self._recorder.times["weights"] - noted))
        solutions = [
            Solution(prompt.problem, one.text, len(one.token_ids), one.finished, prompt.wanted)
            for prompt, group in zip(prompts, rolled, strict=True)
            for one in group
        ]
        scores = self._scorer.score(solutions)
        self._recorder.note("reward", time.monotonic() - sampled)
        groups = []
        for index, (prompt, group) in enumerate(zip(prompts, rolled, strict=True)):
            own = slice(index * n, (index + 1) * n)
            rewards = {str(name): values[own] for name, values in scores.rewards.items()}
            correct = scores.correct[own]
            judged = correct if self._scorer.judges_by_accuracy else scores.totals[own]
            groups.append(Group(prompt, tuple(group), rewards, correct, varies(judged)))
        self._count(groups)
        return groups

    def _count(self, groups: Sequence[Group]) -> None:
        counts = self._recorder.counts
        found = {
            "groups": len(groups),
            "groups_flat": sum(not group.mixed for group in groups),
            "generated_tokens": sum(len(one.token_ids) for group in groups for one in group.rolled),
            "ungraded": sum(right is None for group in groups for right in group.correct),
        }
        for name, count in found.items():
            counts[name] = counts.get(name, 0) + count


def _figures(groups: Sequence[Group]) -> dict[str, float]:
    rolled = [one for group in groups for one in group.rolled]
    graded = [right for group in groups for right in group.correct if right is not None]
    return {
        "accuracy": sum(graded) / len(graded) if graded else math.nan,
        "ungraded": 1 - len(graded) / len(rolled),
        "completion_length": sum(len(one.token_ids) for one in rolled) / len(rolled),
        "backtracks": sum(count_backtracks(one.text) for one in rolled) / len(rolled),
        "finished": sum(one.finished for one in rolled) / len(rolled),
        "groups_flat": sum(not group.mixed for group in groups) / len(groups),
    }


def _columns(groups: Sequence[Group]) -> dict[str, Any]:
    """The return value for TRL, one element a completion."""
    rows = [(group, one) for group in groups for one in group.rolled]
    known = all(one.logprobs is not None for _, one in rows)
    columns: dict[str, Any] = {
        "prompt_ids": [list(group.prompt.ids) for group, _ in rows],
        "completion_ids": [list(one.token_ids) for _, one in rows],
        "logprobs": [list(one.logprobs or ()) for _, one in rows] if known else None,
        "id": [group.prompt.problem.id for group, _ in rows],
    }
    for name in groups[0].rewards:
        columns[_SCORED + name] = [reward for group in groups for reward in group.rewards[name]]
    return columns


def _group_size(trainer: Any) -> int:
    return int(trainer.num_generations if trainer.model.training else trainer.num_generations_eval)


def _alone(trainer: Any) -> bool:
    """Whether this process may sample more often than others: alone, or with a vLLM of its own."""
    args = trainer.args
    own = args.use_vllm and args.vllm_mode == "colocate" and args.vllm_tensor_parallel_size == 1
    own = own and not args.vllm_enable_sleep_mode  # waking up, TRL gathers the weights of all processes
    return trainer.accelerator.num_processes == 1 or bool(own)
