"""Options that pass through to TRL and peft. All names and types are checked before any model is loaded."""

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from astro.errors import ConfigError, MissingDependencyError
from astro.models.engines.precision import cpu_has_bfloat16
from astro.models.model_folder import without_pickles

# ASTRO sets these, so that stages find each other's files.
_OURS = {
    "output_dir": "ASTRO uses the arm's folder in the run",
    "resume_from_checkpoint": "ASTRO finds the last checkpoint",
    "reward_weights": "set grpo.rewards.weights, by name",
}


def read_options(given: Mapping[str, Any], taker: type, section: str, owner: str) -> dict[str, Any]:
    """The options for taker, a dataclass; text that spells a number or a boolean is converted.

    Raises ConfigError with one line for each unknown option, with the nearest name, and for each wrong type.
    """
    known, types, lines = [field.name for field in fields(taker) if field.init], get_type_hints(taker), list[str]()
    options = dict(given)
    for option, value in given.items():
        if option in _OURS:
            lines.append(f"{section}.{option}: cannot be set: {_OURS[option]}")
        elif option not in known:
            near = difflib.get_close_matches(option, known, n=1, cutoff=0.5)
            lines.append(
                f"{section}.{option}: {owner} has no such option" + (f"; did you mean {near[0]!r}?" if near else "")
            )
        else:
            try:
                read = TypeAdapter(types[option]).validate_python(value)
                if isinstance(value, str) and isinstance(read, int | float):
                    options[option] = read
            except ValidationError as error:
                messages = dict.fromkeys(one["msg"] for one in error.errors())
                lines.append(f"{section}.{option}: {value!r:.80} is not what {owner} takes: {'; or '.join(messages)}")
    if lines:
        raise ConfigError("\n".join(lines))
    return options


def trainer_arguments(kind: str, section: str, given: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a configuration class of TRL: our defaults, overridden by the configuration's.

    Raises ConfigError listing every unknown option and wrong type, MissingDependencyError without TRL.
    """
    trl = import_trl()
    arguments = {**ours, **read_options(given, getattr(trl, kind), section, f"trl.{kind}")}
    loading = arguments.get("model_init_kwargs") or {}
    if isinstance(loading, Mapping):  # of a model on the hub; the weights of a folder are checked before
        arguments["model_init_kwargs"] = {**without_pickles(), **loading}
    return arguments


def trainer_config(kind: str, section: str, arguments: Mapping[str, Any]) -> Any:
    """The configuration object of TRL. Raises ConfigError if TRL refuses the values."""
    with refusals(section, f"trl.{kind}"):
        return getattr(import_trl(), kind)(**arguments)


@contextmanager
def refusals(section: str, owner: str) -> Iterator[None]:
    """Turn an error of owner's constructor into a ConfigError that names the section."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{section}: {owner} refuses these options: {error}") from error


def evaluates(arguments: Mapping[str, Any]) -> bool:
    """Whether the trainer evaluates on the test split while it trains."""
    return str(arguments.get("eval_strategy", "no")) not in ("no", "False")


def lora_config(lora: Mapping[str, Any] | None, section: str) -> Any:
    """peft.LoraConfig for causal language models, or None. Raises ConfigError on unknown or impossible options."""
    if lora is None:
        return None
    try:
        from peft import LoraConfig  # noqa: PLC0415 - heavy
    except ImportError as error:
        raise MissingDependencyError("peft", "train", section) from error
    lora = read_options(lora, LoraConfig, section, "peft.LoraConfig")
    # All linear layers, as in the QLoRA paper (arXiv 2305.14314, section 4): fewer are worse than full fine-tuning.
    given = {"task_type": "CAUSAL_LM", "target_modules": "all-linear", **lora}
    with refusals(section, "peft.LoraConfig"):
        return LoraConfig(**given)


def machine_defaults(seed: int, folder: Path) -> dict[str, Any]:
    """The options that every trainer gets unless the configuration sets them."""
    import torch  # noqa: PLC0415 - heavy

    on_cpu = not torch.cuda.is_available()
    slow_bfloat16 = on_cpu and not cpu_has_bfloat16()
    return {
        **({"bf16": False} if slow_bfloat16 else {}),  # TRL trains in bfloat16 by default
        "output_dir": str(folder),
        "seed": seed % 2**32,  # numpy, which the trainers seed, accepts no larger seeds
        "use_cpu": on_cpu,
        "gradient_checkpointing": not on_cpu,  # saves memory on GPUs at the cost of time
        "dataloader_pin_memory": not on_cpu,
        "report_to": "tensorboard" if find_spec("tensorboard") else "none",
        "disable_tqdm": True,
    }


def import_trl() -> Any:
    """The package trl, without its notices. Raises MissingDependencyError."""
    import os  # noqa: PLC0415

    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    try:
        import trl  # noqa: PLC0415 - heavy
    except ImportError as error:
        raise MissingDependencyError("trl", "train", "training") from error
    return trl
