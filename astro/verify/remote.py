"""What a pool worker runs for the Verifier: settle one problem, with JSON in and JSON out."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from astro.records.problem import Problem
from astro.verify.extraction import Extraction
from astro.verify.settings import VerifyConfig
from astro.verify.verdict import Outcome, Verdict

TASKS: Mapping[str, str] = {
    task: f"astro.verify.forms.{task}" for task in ("math", "countdown", "mcq", "qa", "code", "logic", "chem", "bio")
}


def settle_remotely(problem: list[Any], extraction: list[Any], config: str) -> list[Any]:
    """Call settle of the problem's task; the arguments are the fields of a Problem, an Extraction, a VerifyConfig."""
    subject, found = _unpack(problem, extraction)
    return _pack(import_module(TASKS[subject.task]).settle(subject, found, _settings(config)))


def settle_all_remotely(pairs: list[list[list[Any]]], config: str) -> list[list[Any]]:
    """Call settle of each problem's task, one after the other."""
    return [settle_remotely(problem, extraction, config) for problem, extraction in pairs]


def doubt_remotely(problem: list[Any], extraction: list[Any], config: str) -> bool | None:
    """Call second_opinion of the problem's task."""
    subject, found = _unpack(problem, extraction)
    opinion: bool | None = import_module(TASKS[subject.task]).second_opinion(subject, found, _settings(config))
    return opinion


@lru_cache(maxsize=8)
def _settings(config: str) -> VerifyConfig:
    return VerifyConfig.model_validate_json(config)


def verify_remotely(pairs: list[list[list[Any]]], config: str) -> list[list[Any] | None]:
    """Call verify of each problem's task; None where a worker has to settle it."""
    settings = _settings(config)
    packed = []
    for problem, extraction in pairs:
        subject, found = _unpack(problem, extraction)
        verdict = import_module(TASKS[subject.task]).verify(subject, found, settings)
        packed.append(None if verdict is None else _pack(verdict))
    return packed


def problem_fields(problem: Problem) -> list[Any]:
    """A problem as the functions here take it."""
    return [problem.id, problem.prompt, problem.answer, problem.task, problem.source, dict(problem.metadata)]


def extraction_fields(extraction: Extraction) -> list[Any]:
    """An extraction as the functions here take it."""
    return [extraction.answer, extraction.reason, list(extraction.parts)]


def _unpack(problem: list[Any], extraction: list[Any]) -> tuple[Problem, Extraction]:
    answer, reason, parts = extraction
    return Problem(*problem), Extraction(answer, reason, None, tuple(parts))


def _pack(verdict: Verdict) -> list[Any]:
    return [verdict.outcome.value, verdict.answer, verdict.reason, verdict.canonical]


def unpack_verdict(fields: list[Any]) -> Verdict:
    """The verdict that settle_remotely packed."""
    outcome, answer, reason, canonical = fields
    return Verdict(Outcome(outcome), answer, reason, canonical)


def warm_up() -> None:
    """Load every task's libraries once, before workers are forked; absent optional ones are left out."""
    for name in TASKS.values():
        warm = getattr(import_module(name), "warm", None)
        if warm is not None:
            warm()
