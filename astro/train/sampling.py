"""What samples groups of completions from the policy: ASTRO's vLLM engine in this process, or TRL's own generation."""

import asyncio
import os
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from astro.models.completion import FinishReason, SampleParams
from astro.models.seeds import derive_seed
from astro.records.problem import Problem
from astro.train.recorder import Recorder
from astro.train.weights import WeightLoader, policy_weights


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
