"""The lengths and sizes of the shipped configurations fit each other: arithmetic, without a model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from astro.run.settings import RunConfig, load_run
from astro.shipped import shipped_configs
from astro.traces import Rewriting

LONGEST_PROMPT = 1024  # tokens of a chat model's problem with instructions; the longest of MATH has about 800
REWRITE = 1024  # tokens of a rewrite's instructions, and of the step that it writes
CHAT = ("chat-8b", "chat-70b")


@dataclass(frozen=True)
class Weights:
    """Sizes from a model's config.json: parameters in billions, layers, key-value heads, their width."""

    billions: float
    layers: int
    heads: int
    width: int = 128

    @property
    def cache_bytes(self) -> int:
        """Bytes of the key-value cache for a token, in 16 bits."""
        return 2 * self.layers * self.heads * self.width * 2


QWEN_7B, LLAMA_8B, LLAMA_70B = Weights(7.62, 28, 4), Weights(8.03, 32, 8), Weights(70.6, 80, 8)
ACTIVATIONS = {80: 4e9, 24: 1.5e9}  # bytes on each card, for steps of 8,192 tokens


def cache_tokens(model: Weights, card: int, cards: int, share: float) -> float:
    """Tokens that the key-value cache holds on these cards of this many GB."""
    room = cards * (card * 1e9 * share - ACTIVATIONS[card]) - model.billions * 2e9
    return room / model.cache_bytes


def option(config: RunConfig, section: str, name: str) -> Any:
    """An option of a trainer, or None."""
    found = getattr(config, section)
    return None if found is None else found.trainer.get(name)


def prompt(length: int) -> int:
    """Tokens of a problem in a window; a small one is for short problems."""
    return min(LONGEST_PROMPT, length // 8)


def window(config: RunConfig) -> int | None:
    """The context window that the configuration sets."""
    return getattr(config.engine, "max_model_len", None)


@pytest.mark.parametrize("name", shipped_configs())
def test_prompts_and_what_follows_fit_the_context(name: str) -> None:
    """Rollouts, rewrites, evaluations and completions of RL are not cut by the window."""
    config = load_run(Path(name))
    if (length := window(config)) is None:
        pytest.skip("the window is the model's")
    room = length - prompt(length)
    assert config.search.max_rollout_tokens <= room
    assert config.traces.max_tokens + (0 if config.traces.rewrite is Rewriting.NONE else REWRITE) <= room
    if config.evaluation is not None:
        assert config.evaluation.max_tokens <= room
    if (completion := option(config, "grpo", "max_completion_length")) is not None:
        assert completion <= room


@pytest.mark.parametrize("name", CHAT)
def test_no_trace_is_cut_in_training(name: str) -> None:
    """A trace that loses its end teaches never to stop."""
    config = load_run(Path(name))
    assert LONGEST_PROMPT + config.traces.max_tokens <= option(config, "sft", "max_length")


@pytest.mark.parametrize("name", CHAT)
def test_reinforcement_learning_allows_the_length_that_is_measured(name: str) -> None:
    """The same limit on completions in RL and in the evaluation."""
    config = load_run(Path(name))
    assert config.evaluation is not None
    assert option(config, "grpo", "max_completion_length") == config.evaluation.max_tokens


@pytest.mark.parametrize(
    ("name", "model", "card", "cards", "sequences"),
    [
        ("chat-8b", QWEN_7B, 80, 1, None),  # as the file has it
        ("chat-8b", LLAMA_8B, 80, 1, 384),  # as its comments say
        ("chat-8b", QWEN_7B, 24, 1, 64),
        ("chat-70b", LLAMA_70B, 80, 8, None),
        ("chat-70b", LLAMA_70B, 80, 4, 256),
    ],
)
def test_sequences_of_half_the_limit_fit_the_cache(
    name: str, model: Weights, card: int, cards: int, sequences: int | None
) -> None:
    """A rollout needs its own tokens; its prompt is shared with its siblings. Few come near the limit."""
    config = load_run(Path(name))
    count = sequences or config.engine.max_num_seqs  # type: ignore[union-attr]
    share = config.engine.gpu_memory_utilization  # type: ignore[union-attr]
    assert count * config.search.max_rollout_tokens / 2 <= cache_tokens(model, card, cards, share)


def test_the_sizes_of_the_facts_are_reproduced() -> None:
    """788 and 1,832 tokens for each of 512 sequences beside Llama-3.1-8B and Qwen2.5-7B on 80 GB, within a tenth."""
    for model, expected in ((LLAMA_8B, 788), (QWEN_7B, 1832)):
        assert cache_tokens(model, 80, 1, 0.9) / 512 == pytest.approx(expected, rel=0.1)
