"""The rollouts of GRPO: groups of completions, scored; groups without variance are replaced by others.

TRL calls a Rollouts for every generation batch (its hook rollout_func). The prompts it passes are already repeated, one
for each completion of a group. The completions returned may belong to other prompts: the returned columns replace those
of the data set, and all rewards are computed here, so TRL only reads them.
"""

import asyncio
import os
import random
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from astro.models.completion import FinishReason, SampleParams
from astro.models.seeds import derive_seed
from astro.records.problem import Problem
from astro.traces.backtracks import count_backtracks
from astro.train.recorder import Recorder
from astro.train.scoring import Scorer, Solution, varies
from astro.train.weights import WeightLoader, policy_weights

_SCORED = "scored_"  # before a reward's name: the column that carries it to TRL


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt of the data set. text: for TRL; ids: for the model; wanted: the requested length in tokens."""

    problem: Problem
    text: str
    ids: tuple[int, ...]
    pass_rate: float | None = None
    wanted: int | None = None


@dataclass(frozen=True, slots=True)
class Rolled:
    """One completion. logprobs: of its tokens under the distribution they were sampled from, None if unknown."""

    text: str
    token_ids: tuple[int, ...]
    finished: bool
    logprobs: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The completions of one prompt, with their rewards by name, their totals and whether they are right."""

    prompt: Prompt
    rolled: tuple[Rolled, ...]
    rewards: Mapping[str, Sequence[float | None]]
    totals: Sequence[float | None]
    correct: Sequence[bool]


class GroupSampler(Protocol):
    """Samples groups from the policy as it is now."""

    def sample(self, prompts: Sequence[Prompt], n: int, trainer: Any, salt: tuple[int, ...]) -> list[list[Rolled]]:
        """N completions of each prompt; salt distinguishes calls."""
        ...


class EngineGroups:
    """Groups from ASTRO's vLLM engine in this process, which receives the policy's weights when they change."""

    def __init__(self, engine: Any, seed: int, recorder: Recorder, stop: tuple[str, ...] = ()) -> None:
        """engine: a VllmSampler. stop: strings that end a response. Raises SamplingError if it cannot take weights."""
        self._engine, self._seed, self._recorder, self._stop = engine, seed, recorder, stop
        self._loader = WeightLoader(engine.llm_engine)
        self._loaded: int | None = None

    def sample(self, prompts: Sequence[Prompt], n: int, trainer: Any, salt: tuple[int, ...]) -> list[list[Rolled]]:
        """See GroupSampler; the same seed, step and prompt give the same samples from the same weights."""
        args = trainer.args
        with _one_thread():
            begun = time.monotonic()
            if self._loaded != trainer.state.global_step:
                with policy_weights(trainer.accelerator.unwrap_model(trainer.model)) as weights:
                    self._loader.load(weights)
                self._loaded = trainer.state.global_step
            self._recorder.note("weights", time.monotonic() - begun)
            asked = [
                SampleParams(
                    n=n,
                    max_tokens=args.max_completion_length,
                    temperature=args.temperature,
                    top_p=args.top_p,
                    top_k=args.top_k or 0,
                    min_p=args.min_p or 0.0,
                    stop=self._stop,
                    seed=derive_seed(self._seed, "rollout", *salt, index, prompt.problem.id),
                )
                for index, prompt in enumerate(prompts)
            ]
            return asyncio.run(self._sample(prompts, asked))

    async def _sample(self, prompts: Sequence[Prompt], asked: Sequence[SampleParams]) -> list[list[Rolled]]:
        sampled = await asyncio.gather(
            *(self._engine.sample(prompt.ids, params) for prompt, params in zip(prompts, asked, strict=True))
        )
        return [
            [
                Rolled(one.text, one.token_ids, one.finish_reason is FinishReason.STOP, one.token_logprobs)
                for one in group.completions
            ]
            for group in sampled
        ]

    def close(self) -> None:
        """Stop the engine."""
        asyncio.run(self._engine.close())


class TrlGroups:
    """Groups from TRL's own generation: its vLLM (trainer.use_vllm) or model.generate.

    stop: strings that end a response; the text after one is cut off here, since model.generate has no stop strings.
    """

    def __init__(self, stop: tuple[str, ...] = ()) -> None:
        self._stop = stop

    def sample(self, prompts: Sequence[Prompt], n: int, trainer: Any, salt: tuple[int, ...]) -> list[list[Rolled]]:
        """See GroupSampler; TRL seeds it."""
        del salt
        repeated = [list(prompt.ids) for prompt in prompts for _ in range(n)]
        token_ids, logprobs = trainer._generate_single_turn(repeated, None, {}, n)  # noqa: SLF001 - TRL has no other
        tokenizer, ends = trainer.processing_class, set(trainer.eos_token_ids)
        texts = tokenizer.batch_decode(token_ids, skip_special_tokens=True)
        rolled = [
            self._ended(
                Rolled(
                    text,
                    tuple(ids),
                    bool(ids) and ids[-1] in ends,
                    None if logprobs is None else tuple(logprobs[index]),
                ),
                tokenizer,
            )
            for index, (text, ids) in enumerate(zip(texts, token_ids, strict=True))
        ]
        return [rolled[start : start + n] for start in range(0, len(rolled), n)]

    def _ended(self, rolled: Rolled, tokenizer: Any) -> Rolled:
        """The completion up to the token that completes the first stop string in it."""
        if not any(stop in rolled.text for stop in self._stop):
            return rolled

        def said(count: int) -> str:
            text: str = tokenizer.decode(rolled.token_ids[:count], skip_special_tokens=True)
            return text

        # A longer prefix contains every shorter one, so the first that contains a stop string can be bisected.
        count = bisect_left(
            range(len(rolled.token_ids)), True, key=lambda count: any(stop in said(count) for stop in self._stop)
        )
        logprobs = None if rolled.logprobs is None else rolled.logprobs[:count]
        return Rolled(said(count), rolled.token_ids[:count], True, logprobs)


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

        resample: how many times, at most, groups without variance are replaced.
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
            "groups_left": sum(not varies(group.totals) for group in groups) / len(groups),
        }
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
        """Replace groups whose rewards are all equal, as long as rounds and prompts last."""
        taken = [self._places[group.prompt.text] for group in groups]
        spare = [self._prompts[text] for text, place in self._places.items() if place not in taken]
        random.Random(derive_seed(self._seed, "spare", *self._calls)).shuffle(spare)  # noqa: S311 - reproducible
        if self._curriculum:
            spare.sort(key=lambda prompt: abs(self._places[prompt.text] - sum(taken) / len(taken)))
        groups, replaced = list(groups), 0
        for round_number in range(1, self._resample + 1):
            flat = [index for index, group in enumerate(groups) if not varies(group.totals)]
            drawn, spare = spare[: len(flat)], spare[len(flat) :]
            if not drawn:
                break
            for group in self._roll(drawn, n, trainer, round_number):
                if varies(group.totals):
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
            groups.append(Group(prompt, tuple(group), rewards, scores.totals[own], scores.correct[own]))
        self._count(groups)
        return groups

    def _count(self, groups: Sequence[Group]) -> None:
        counts = self._recorder.counts
        flat = sum(not varies(group.totals) for group in groups)
        tokens = sum(len(one.token_ids) for group in groups for one in group.rolled)
        for name, count in (("groups", len(groups)), ("groups_flat", flat), ("generated_tokens", tokens)):
            counts[name] = counts.get(name, 0) + count


def _figures(groups: Sequence[Group]) -> dict[str, float]:
    rolled = [one for group in groups for one in group.rolled]
    correct = [right for group in groups for right in group.correct]
    return {
        "accuracy": sum(correct) / len(correct),
        "completion_length": sum(len(one.token_ids) for one in rolled) / len(rolled),
        "backtracks": sum(count_backtracks(one.text) for one in rolled) / len(rolled),
        "finished": sum(one.finished for one in rolled) / len(rolled),
        "groups_flat": sum(not varies(group.totals) for group in groups) / len(groups),
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


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread for the engine, which binds none and would make them wait for one another; see astro.models."""
    import torch  # noqa: PLC0415 - heavy

    if "OMP_NUM_THREADS" in os.environ:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
