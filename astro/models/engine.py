"""Which engine serves the language model, and opening it.

A further engine (a remote server, one engine a GPU) is a further EngineKind and a class with the methods of Engine.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field

from astro.config import Section, Seed
from astro.errors import ConfigError
from astro.models.completion import Sampler
from astro.models.engines.scripted import ScriptedModel, ScriptedSampler
from astro.models.stats import EngineStats
from astro.models.tokenizer import Tokenizer

_COUNTDOWN_PLAYER = "astro.tasks.countdown.player:CountdownPlayer"


class EngineKind(StrEnum):
    """The engines there are."""

    VLLM = "vllm"  # in process; continuous batching and prefix caching
    TRANSFORMERS = "transformers"  # where vLLM is not installed; slower, no prefix cache
    SCRIPTED = "scripted"  # a program in the place of a model, to try out and test everything around one


class EngineConfig(Section):
    """The language model and the engine that serves it.

    model: a folder, or a name on the Hugging Face hub; of the scripted engine MODULE:CLASS, a dataclass that is called
        with a prompt and a seed (a name without a colon means CountdownPlayer, which plays Countdown).
    dtype: weights and activations; auto takes the checkpoint's, which vLLM narrows to 16 bits where it is float32, and
        is float32 on a CPU without instructions for bfloat16, which is faster there (vllm only).
    tensor_parallel_size: GPUs that share the model (vllm only).
    max_model_len: context window in tokens; null takes the model's.
    max_num_seqs: completions that decode together; null takes 256 on CPUs and 512 on GPUs (32 for transformers).
    gpu_memory_utilization: share of each GPU's memory the engine may fill (vllm only).
    kv_cache_gib: size of the key-value cache; null takes what gpu_memory_utilization leaves, 1 GiB on CPUs (vllm only).
    seed: for requests without a seed of their own.
    options: passed through to vllm.EngineArgs, AutoModelForCausalLM.from_pretrained or the scripted class; wins over
        every other field.
    """

    kind: EngineKind = EngineKind.VLLM
    model: str = Field(min_length=1)
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    tensor_parallel_size: int = Field(default=1, ge=1)
    max_model_len: int | None = Field(default=None, ge=1)
    max_num_seqs: int | None = Field(default=None, ge=1)
    gpu_memory_utilization: float = Field(default=0.9, gt=0, le=1)
    kv_cache_gib: float | None = Field(default=None, gt=0)
    seed: Seed = 0
    options: dict[str, Any] = Field(default_factory=dict)


class Engine(Sampler, Protocol):
    """A sampler with what a run needs to know about it."""

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""

    def stats(self) -> EngineStats:
        """Totals since the engine was opened."""


def open_sampler(config: EngineConfig) -> Engine:
    """Load the model; takes seconds (a tiny model on a CPU) to minutes (70B).

    Raises MissingDependencyError where the engine's library is absent, ConfigError where the model cannot be found or
    the engine refuses its settings.
    """
    check_engine(config)
    if config.kind is EngineKind.SCRIPTED:
        return ScriptedSampler(_scripted_model(config))
    if config.kind is EngineKind.VLLM:
        from astro.models.engines.vllm_engine import VllmSampler  # noqa: PLC0415 - heavy

        return VllmSampler(config)
    from astro.models.engines.transformers_engine import TransformersSampler  # noqa: PLC0415 - heavy

    return TransformersSampler(config)


def check_engine(config: EngineConfig) -> None:
    """Raise ConfigError where the model cannot be there, or an option is none; loads no model.

    Options of vLLM are looked at where it is installed, which takes the seconds of importing it. Those of transformers
    depend on the model.
    """
    if config.kind is EngineKind.SCRIPTED:
        _scripted_model(config)
        return
    check_model(config.model)
    if config.kind is EngineKind.TRANSFORMERS and config.tensor_parallel_size > 1:
        raise ConfigError(
            f"engine.tensor_parallel_size is {config.tensor_parallel_size}, and the transformers engine uses one "
            "device; set engine.kind=vllm"
        )
    if config.kind is EngineKind.VLLM and config.options and find_spec("vllm"):
        from astro.models.engines.vllm_engine import import_vllm  # noqa: PLC0415 - heavy

        import_vllm(config)


def _scripted_model(config: EngineConfig) -> ScriptedModel:
    name = config.model if ":" in config.model else _COUNTDOWN_PLAYER
    module, _, class_name = name.partition(":")
    try:
        player: Any = getattr(import_module(module), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"engine.model: there is no class {class_name!r} in a module {module!r}: {error}") from error
    if not (isinstance(player, type) and is_dataclass(player) and hasattr(player, "__call__")):  # noqa: B004 - of its objects
        raise ConfigError(f"engine.model: {name} is not a dataclass that can be called with a prompt and a seed")
    check_options(config.options, [field.name for field in fields(player)], class_name)
    make: Callable[..., Any] = player
    try:
        model: ScriptedModel = make(**config.options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"engine.options.{error}") from error
    return model


def check_model(model: str, setting: str = "engine.model") -> None:
    """Raise ConfigError where model can only be a folder and is not one that holds a model."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ConfigError(f"{setting}: {model} has no config.json; give the folder that holds the model's files")
        return
    looks_like_hub_name = model.count("/") <= 1 and not model.startswith((".", "/", "~")) and not folder.exists()
    if not looks_like_hub_name or (model.count("/") == 1 and folder.parent.is_dir()):
        raise ConfigError(
            f"{setting}: there is no folder {model} (looked in {Path.cwd()}); give a folder that holds a model, "
            "or a Hugging Face name such as Qwen/Qwen2.5-7B-Instruct"
        )


def check_options(options: Iterable[str], known: Iterable[str], owner: str) -> None:
    """Raise ConfigError naming every option that owner does not have, with the nearest one it has."""
    known = list(known)
    lines = []
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1, cutoff=0.5)
            lines.append(
                f"engine.options.{option}: {owner} has no such argument"
                + (f"; did you mean {near[0]!r}?" if near else "")
            )
    if lines:
        raise ConfigError("\n".join(lines))
