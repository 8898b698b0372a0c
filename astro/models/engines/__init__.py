"""The engines that serve a language model: a light module with the section of each, a module with its sampler.

Adding one: a module with its section, and its name in the union below. Nothing else asks for an engine by its kind.
"""

from typing import Annotated, get_args

from pydantic import AfterValidator

from astro.config import OneOf
from astro.models.engine import EngineSection
from astro.models.engines.scripted import ScriptedConfig
from astro.models.engines.transformers import TransformersConfig
from astro.models.engines.vllm import VllmConfig

EngineConfig = Annotated[VllmConfig | TransformersConfig | ScriptedConfig, OneOf(default="vllm")]

ENGINES: dict[str, type[EngineSection]] = {
    section.model_fields["kind"].default: section for section in get_args(get_args(EngineConfig)[0])
}


def _known(kind: str) -> str:
    if kind not in ENGINES:
        *others, last = map(repr, ENGINES)
        raise ValueError(f"Input should be {', '.join(others)} or {last}")
    return kind


EngineKind = Annotated[str, AfterValidator(_known)]

__all__ = ["ENGINES", "EngineConfig", "EngineKind", "ScriptedConfig", "TransformersConfig", "VllmConfig"]
