"""From search trees to training traces: linearize, rewrite, check, verify and filter."""

from astro.records.trace import Kind, Move, Origin, Trace, Visit
from astro.traces.config import Control, FinalReflection, Leave, Returns, Rewriting, TracesConfig
from astro.traces.filters import Refusal, Reject
from astro.traces.linearize import Plan, Unused, linearize
from astro.traces.make import TraceOutcome, make_traces
from astro.traces.prompting import PromptSet, load_prompts

__all__ = [
    "Control",
    "FinalReflection",
    "Kind",
    "Leave",
    "Move",
    "Origin",
    "Plan",
    "PromptSet",
    "Refusal",
    "Reject",
    "Returns",
    "Rewriting",
    "Trace",
    "TraceOutcome",
    "TracesConfig",
    "Unused",
    "Visit",
    "linearize",
    "load_prompts",
    "make_traces",
]
