"""The seam to the language model: requests, engines, prompts, and where steps end.

completion                                      the records and the Sampler protocol
seeds, tokenizer -> token_text -> stops         seeds of requests; tokens as text; stop strings
stats, lockstep -> scripted                     a program in place of a model
engine -> engines                               the engine protocol; a section and a sampler for each engine
prompting, steps                                prompts as token ids; completions cut into steps
"""

from astro.models.completion import Completion, FinishReason, Sampled, SampleParams, Sampler
from astro.models.engine import Engine, EngineSection, open_sampler
from astro.models.engines import EngineConfig, ScriptedConfig, TransformersConfig, VllmConfig
from astro.models.engines.scripted import ScriptedSampler, TableSampler
from astro.models.prompt_settings import AnswerStyle, PromptConfig, PromptStyle, StepDelimiter
from astro.models.prompting import PromptFormat
from astro.models.seeds import derive_seed
from astro.models.stats import EngineStats
from astro.models.steps import StepEnd, StepRule, StepSplitter, step_end

__all__ = [
    "AnswerStyle",
    "Completion",
    "Engine",
    "EngineConfig",
    "EngineSection",
    "EngineStats",
    "FinishReason",
    "PromptConfig",
    "PromptFormat",
    "PromptStyle",
    "SampleParams",
    "Sampled",
    "Sampler",
    "ScriptedConfig",
    "ScriptedSampler",
    "StepDelimiter",
    "StepEnd",
    "StepRule",
    "StepSplitter",
    "TableSampler",
    "TransformersConfig",
    "VllmConfig",
    "derive_seed",
    "open_sampler",
    "step_end",
]
