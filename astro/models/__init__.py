"""The seam to the language model: what is asked, who answers, how prompts are built and where steps end.

completion                                      the records and the Sampler protocol
seeds, tokenizer -> token_text -> stops         seeds of requests; tokens as text; stop strings
stats, lockstep -> scripted                     a program in the place of a model
engine, precision -> vllm_engine, transformers_engine  the configuration and the real engines
prompting, steps                                prompts as token ids; completions cut into steps
"""

from astro.models.completion import Completion, FinishReason, Sampled, SampleParams, Sampler
from astro.models.engine import Engine, EngineConfig, EngineKind, open_sampler
from astro.models.engines.scripted import ScriptedSampler, TableSampler
from astro.models.prompting import AnswerStyle, PromptConfig, PromptFormat, PromptStyle, StepDelimiter
from astro.models.seeds import derive_seed
from astro.models.stats import EngineStats
from astro.models.steps import StepEnd, StepSplitter, step_end

__all__ = [
    "AnswerStyle",
    "Completion",
    "Engine",
    "EngineConfig",
    "EngineKind",
    "EngineStats",
    "FinishReason",
    "PromptConfig",
    "PromptFormat",
    "PromptStyle",
    "SampleParams",
    "Sampled",
    "Sampler",
    "ScriptedSampler",
    "StepDelimiter",
    "StepEnd",
    "StepSplitter",
    "TableSampler",
    "derive_seed",
    "open_sampler",
    "step_end",
]
