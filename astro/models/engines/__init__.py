"""The engines that serve a language model. Each has a light module with its section and a module with its sampler.

To add one, write a module with its section and add the section to the union below. No other module checks for an engine
by kind.
"""

from typing import Annotated, get_args

from pydantic import AfterValidator

from astro.config import OneOf
from astro.models.engine import EngineSection
from astro.models.engines.openai import OpenAIConfig
from astro.models.engines.openai_chat import OpenAIChatConfig
from astro.models.engines.scripted import ScriptedConfig
from astro.models.engines.transformers import TransformersConfig
from astro.models.engines.vllm import VllmConfig

EngineConfig = Annotated[
    VllmConfig | TransformersConfig | ScriptedConfig | OpenAIConfig | OpenAIChatConfig, OneOf(default="vllm")
]

ENGINES: dict[str, type[EngineSection]] = {
    section.model_fields["kind"].default: section for section in get_args(get_args(EngineConfig)[0])
}


def _known(kind: str) -> str:
    if kind not in ENGINES:
        *others, last = map(repr, ENGINES)
        raise ValueError(f"Input should be {', '.join(others)} or {last}")
    return kind


EngineKind = Annotated[str, AfterValidator(_known)]

__all__ = [
    "ENGINES",
    "EngineConfig",
    "EngineKind",
    "OpenAIChatConfig",
    "OpenAIConfig",
    "ScriptedConfig",
    "TransformersConfig",
    "VllmConfig",
]
