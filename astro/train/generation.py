"""What samples the completions of GRPO: ASTRO's vLLM engine in this process, or TRL's own generation."""

import os
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from astro.errors import ConfigError
from astro.models.engine import EngineSection, open_sampler
from astro.models.engines import VllmConfig
from astro.train.grpo_settings import GrpoConfig, RolloutsBy
from astro.train.sampling import EngineGroups, GroupSampler, TrlGroups
from astro.train.trainer import Training

# Options of TRL's own generation that ASTRO's engine lacks, with their neutral values.
_OF_TRANSFORMERS = {
    "generation_kwargs": {},
    "repetition_penalty": 1.0,
    "cache_implementation": None,
    "use_transformers_continuous_batching": False,
    "use_transformers_paged": False,
}


def open_groups(training: Training[GrpoConfig]) -> GroupSampler:
    """The sampler of one arm's training, which closes it when it ends."""
    stop = training.prompt_format.end_stop
    if rollouts_by(training.config, training.arguments) is not RolloutsBy.VLLM:
        return TrlGroups(stop)
    engine = open_sampler(rollout_engine(training.setup.engine, training.start.model))
    groups = EngineGroups(engine, training.setup.seed, training.recorder, stop)
    training.stack.callback(groups.close)
    return groups


def rollouts_by(config: GrpoConfig, arguments: Mapping[str, Any]) -> RolloutsBy:
    """What samples. Raises ConfigError if the configuration selects vllm and it cannot be used."""
    if config.rollouts is RolloutsBy.TRANSFORMERS or arguments.get("use_vllm"):
        return RolloutsBy.TRANSFORMERS
    problem = _why_not_vllm(arguments)
    if problem is None:
        return RolloutsBy.VLLM
    if config.rollouts is RolloutsBy.VLLM:
        raise ConfigError(f"grpo.rollouts is vllm, and {problem}; set grpo.rollouts=transformers")
    return RolloutsBy.TRANSFORMERS


def rollout_engine(engine: EngineSection, model: str) -> VllmConfig:
    """The engine of the rollouts: the run's, serving the checkpoint that is trained, in its own precision."""
    return engine.as_kind(VllmConfig).model_copy(update={"model": model, "dtype": "float32"})


def describe(sampler: GroupSampler, args: Any) -> str:
    """What samples, for the console."""
    if isinstance(sampler, EngineGroups):
        return "ASTRO's vLLM engine"
    return f"TRL's vLLM ({args.vllm_mode})" if args.use_vllm else "transformers"


def silence_version_warning(args: Any) -> None:
    """Hide TRL's warning about the version of its own vLLM if that is not used."""
    if not args.use_vllm:
        warnings.filterwarnings("ignore", message="TRL currently supports vLLM")


def _why_not_vllm(arguments: Mapping[str, Any]) -> str | None:
    import torch  # noqa: PLC0415 - heavy

    if find_spec("vllm") is None:
        return "vllm is not installed"
    if torch.cuda.is_available():
        return "on a GPU the engine beside the trainer is TRL's (grpo.trainer.use_vllm=true)"
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return "it serves only one process, and there are several"
    given = [name for name, unset in _OF_TRANSFORMERS.items() if arguments.get(name, unset) not in (unset, None)]
    if given:
        names = ", ".join(f"grpo.trainer.{name}" for name in given)
        return f"it lacks these options of transformers' generation: {names}"
    return None
