"""make_traces on scripted models, as the tests of traces call it."""

import asyncio

from growing import PROBLEM

from astro.models.engines.scripted import ScriptedModel, ScriptedSampler
from astro.models.prompt_settings import PromptConfig, StepDelimiter
from astro.models.prompting import PromptFormat
from astro.records.problem import Problem
from astro.records.tree import Tree
from astro.traces import Origin, TraceOutcome, TracesConfig, make_traces
from astro.verify import Verifier

ORIGIN = Origin(model="scripted", config_hash="0123", seed=3, code_version="0.0.0")
TINY = TracesConfig(prompts="tiny/v1", separator="\n")


def run_make_traces(
    verifier: Verifier,
    tree: Tree,
    model: ScriptedModel,
    problem: Problem = PROBLEM,
    *,
    seed: int = 3,
    end_stop: tuple[str, ...] = (),
    **settings,
) -> TraceOutcome:
    """What becomes of a tree under a scripted model; settings are those that differ from TINY."""
    sampler = ScriptedSampler(model)
    prompt = PromptConfig(template="tiny", step=StepDelimiter.NEWLINE, end_stop=end_stop)
    prompt_format = PromptFormat(prompt, sampler.tokenizer)
    config = TINY.model_copy(update=settings)
    origin = Origin(ORIGIN.model, ORIGIN.config_hash, seed, ORIGIN.code_version)
    return asyncio.run(make_traces(tree, problem, sampler, prompt_format, verifier, config=config, origin=origin))
